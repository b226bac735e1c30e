# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands of the node: run with a time limit, in the C locale, with errors that name the command."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import IO, Callable, TypeVar

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError

TIMEOUT = 120
#: Who became root with su may not have these in PATH, where nft and bridge are.
ADMINISTRATION = ":/usr/sbin:/sbin"


#: Commands that are waited for at a time.
_WORKERS = 4
Given = TypeVar("Given")
Found = TypeVar("Found")

#: Exit status, standard output and standard error.
Result = tuple[int, str, str]


def installed(program: str) -> bool:
    return shutil.which(program, path=_path()) is not None


def _path() -> str:
    return os.environ.get("PATH", os.defpath) + ADMINISTRATION


def run(command: Sequence[str], check: bool = True, pass_fds: Sequence[int] = ()) -> Result:
    """What the command said; another exit status than 0 is an EdgeError unless check is False."""
    return start(command, check, pass_fds)()


def start(command: Sequence[str], check: bool = True, pass_fds: Sequence[int] = ()) -> Callable[[], Result]:
    """Run it beside what the caller does next: the function that is returned waits for its end and gives its result."""
    output, error = _memory(), _memory()
    try:
        # run_command has no time limit, and cannot pass descriptors on or leave a process behind.
        process = subprocess.Popen(  # pylint: disable=ansible-bad-function,consider-using-with
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=error,
            env={**os.environ, "LC_ALL": "C", "PATH": _path()},
            pass_fds=pass_fds,
        )
    except FileNotFoundError:
        raise EdgeError("%s is not installed on this node" % command[0]) from None

    def finish() -> Result:
        if not _ends(process):
            process.kill()
            process.wait()
            raise EdgeError("%s did not end within %d s" % (" ".join(command[:3]), TIMEOUT))
        result = process.wait(), _read(output), _read(error)
        if check and result[0]:
            message = result[2].strip() or result[1].strip() or "exit status %d" % result[0]
            raise EdgeError("%s: %s" % (" ".join(command), message))
        return result

    return finish


def _memory() -> IO[str]:
    """A file in memory for what a command says: nobody has to read it while the command runs, as with a pipe."""
    return open(os.memfd_create("linuxbridge-vrrp"), "r+", encoding="utf-8", errors="surrogateescape")


def _read(file: IO[str]) -> str:
    with file:
        file.seek(0)
        return file.read()


def _ends(process: subprocess.Popen[bytes]) -> bool:
    """Whether it does in time. subprocess looks again and again, and sleeps a millisecond and more before each look."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except OSError:
        # The kernel is older than 5.3.
        with suppress(subprocess.TimeoutExpired):
            process.wait(TIMEOUT)
        return process.returncode is not None
    try:
        end = select.poll()
        end.register(descriptor, select.POLLIN)
        return bool(end.poll(TIMEOUT * 1000))
    finally:
        os.close(descriptor)


def side_by_side(work: Callable[[Given], Found], items: Iterable[Given]) -> list[Found]:
    """What work gives of each item, in their order, done by some threads; the first exception comes through.

    All are done before. One item needs no thread of its own.
    """
    given = list(items)
    if len(given) == 1:
        return [work(given[0])]
    with ThreadPoolExecutor(max_workers=_WORKERS) as workers:
        done = [workers.submit(work, item) for item in given]
    return [one.result() for one in done]


@contextmanager
def file_of(text: str) -> Iterator[int]:
    """The descriptor of a file in memory, to be passed on to a command that is to read /proc/self/fd/N."""
    descriptor = os.memfd_create("linuxbridge-vrrp")
    try:
        # keepalived passes over a file that is executable, and says that all is well.
        os.fchmod(descriptor, 0o600)
        with open(os.dup(descriptor), "w", encoding="utf-8") as file:
            file.write(text)
        yield descriptor
    finally:
        os.close(descriptor)
