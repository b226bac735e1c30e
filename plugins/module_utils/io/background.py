# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes that outlive the task that starts them, each job in a folder of its own below /run.

The folder holds ``job.json``: what was asked for, and the processes with their start times, so that a process number
that is used again is never taken for ours. It is there before the processes are.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError

DIRECTORY = "/run/linuxbridge-vrrp-jobs"

#: Starts the processes of a job in the job's folder and returns their numbers.
Launch = Callable[[str], "list[int]"]


class Jobs:
    """The jobs of one kind on this host."""

    def __init__(self, kind: str, directory: str = DIRECTORY) -> None:
        self._base = os.path.join(directory, kind)

    def folder(self, name: str) -> str:
        return os.path.join(self._base, name)

    def asked(self, name: str) -> dict[str, Any] | None:
        """What the job was started with; None when there is no such job."""
        job = self._job(name)
        return None if job is None else dict(job["asked"])

    def running(self, name: str) -> bool:
        job = self._job(name)
        return job is not None and any(_alive(pid, begun) for pid, begun in job["processes"])

    def start(self, name: str, asked: dict[str, Any], launch: Launch) -> None:
        folder = self.folder(name)
        try:
            os.makedirs(folder, mode=0o700)
        except OSError as error:
            raise EdgeError("%s: %s; become root?" % (folder, error.strerror)) from error
        write_json(os.path.join(folder, "job.json"), {"asked": asked, "processes": []})
        processes = [(pid, _begun(pid)) for pid in launch(folder)]
        write_json(os.path.join(folder, "job.json"), {"asked": asked, "processes": processes})

    def stop(self, name: str, timeout: float = 5.0) -> None:
        """Ask the processes to end and wait until they have; kill them after timeout seconds."""
        job = self._job(name)
        processes = [] if job is None else job["processes"]
        for number, deadline in ((signal.SIGTERM, time.monotonic() + timeout), (signal.SIGKILL, time.monotonic() + 60)):
            for pid, begun in processes:
                if _alive(pid, begun):
                    _kill(pid, number)
            while any(_alive(pid, begun) for pid, begun in processes):
                if time.monotonic() > deadline:
                    break
                time.sleep(0.02)

    def remove(self, name: str) -> None:
        shutil.rmtree(self.folder(name), ignore_errors=True)

    def _job(self, name: str) -> dict[str, Any] | None:
        path = os.path.join(self.folder(name), "job.json")
        job = read_json(path)
        if job is None and os.path.isdir(self.folder(name)):
            return {"asked": {}, "processes": []}  # killed before the file was there
        return job


def fork(work: Callable[[str], None], keep: Sequence[int] = ()) -> Launch:
    """A Launch that runs ``work(folder)`` in a process of its own, with these file descriptors of the task's.

    Whatever it imports must be imported before: the module's files are gone when the task has ended. work starts with
    SIGTERM blocked, and takes it with ``on_stop``.
    """

    def launch(folder: str) -> list[int]:
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        pid = os.fork()
        if pid == 0:
            _detached(work, folder, keep)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
        return [pid]

    return launch


def on_stop(call: Callable[[], None]) -> None:
    """In a process that ``fork`` made: call this when the job is stopped, or has been already."""
    signal.signal(signal.SIGTERM, lambda _number, _frame: call())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])


def execute(commands: Sequence[Sequence[str]], seconds: float, environment: dict[str, str]) -> Launch:
    """A Launch that runs commands for at most this time; the output of the first goes to the file ``0``, and so on."""

    def launch(folder: str) -> list[int]:
        pids = []
        for number, command in enumerate(commands):
            with open(os.path.join(folder, str(number)), "wb") as output:
                # run_command has no time limit, and cannot pass descriptors on or leave a process behind.
                process = subprocess.Popen(  # pylint: disable=ansible-bad-function
                    ["timeout", "--kill-after=2", "%g" % seconds, *command],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    cwd="/",
                    env=dict(os.environ, **environment),
                    start_new_session=True,
                )
            pids.append(process.pid)
        return pids

    return launch


def write_json(path: str, value: Any) -> None:
    """Replace a file at once."""
    descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(path))
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(value, file)
    os.replace(temporary, path)


def read_json(path: str) -> Any:
    """None when there is no such file."""
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise EdgeError("%s: %s" % (path, error)) from error


def _detached(work: Callable[[str], None], folder: str, keep: Sequence[int]) -> None:
    """Leave the task behind: session, folder, and the files that whoever started it waits for."""
    status = 1
    try:
        os.setsid()
        os.chdir("/")
        null = os.open(os.devnull, os.O_RDWR)
        output = os.open(os.path.join(folder, "output"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for descriptor, source in ((0, null), (1, output), (2, output)):
            os.dup2(source, descriptor)
        for descriptor in {int(entry) for entry in os.listdir("/proc/self/fd")} - {0, 1, 2, *keep}:
            _close(descriptor)
        work(folder)
        status = 0
    except BaseException:  # nothing above may run in this process
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(status)


def _close(descriptor: int) -> None:
    with contextlib.suppress(OSError):  # one of them belonged to the listing itself
        os.close(descriptor)


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the state on; None when there is no such process, or only its remains."""
    try:
        with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if not fields or fields[0] in "ZX" else fields


def _begun(pid: int) -> int:
    fields = _stat(pid)
    return 0 if fields is None else int(fields[19])


def _alive(pid: int, begun: int) -> bool:
    fields = _stat(pid)
    return fields is not None and int(fields[19]) == begun


def _kill(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        if number == signal.SIGKILL:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
