# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands of the node: run with a time limit, in the C locale, with errors that name the command."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Callable

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError

TIMEOUT = 120
#: Who became root with su may not have these in PATH, where nft and bridge are.
ADMINISTRATION = ":/usr/sbin:/sbin"


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
    try:
        # run_command has no time limit, and cannot pass descriptors on or leave a process behind.
        process = subprocess.Popen(  # pylint: disable=ansible-bad-function,consider-using-with
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="surrogateescape",
            env={**os.environ, "LC_ALL": "C", "PATH": _path()},
            pass_fds=pass_fds,
        )
    except FileNotFoundError:
        raise EdgeError("%s is not installed on this node" % command[0]) from None

    def finish() -> Result:
        try:
            output, error = process.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise EdgeError("%s did not end within %d s" % (" ".join(command[:3]), TIMEOUT)) from None
        if check and process.returncode:
            message = error.strip() or output.strip() or "exit status %d" % process.returncode
            raise EdgeError("%s: %s" % (" ".join(command), message))
        return process.returncode, output, error

    return finish


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
