# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time changes a node, and a run that was killed counts until the last command that it began has ended.

Commands inherit the lock (flock(2) belongs to the open file, not to the process), so what a killed run left running is
waited for, and not seen half done.
"""

from __future__ import annotations

import fcntl
import os
import time

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.files import reported

#: Seconds to wait for another run; a command of a killed one ends much sooner.
TIMEOUT = 60.0


class NodeLock:
    """A lock on a directory. One that is not there locks nothing, unless it is made: nobody can have begun anything."""

    def __init__(self, directory: str, timeout: float = TIMEOUT) -> None:
        self._directory = directory
        self._timeout = timeout
        self._descriptor: int | None = None

    @property
    def inherited(self) -> tuple[int, ...]:
        """What a command has to inherit so that it is waited for."""
        return () if self._descriptor is None else (self._descriptor,)

    def take(self, make: bool = False) -> None:
        """Take the lock unless this run has it, and keep it until the process ends. make: the directory, if need be."""
        if self._descriptor is not None:
            return
        if make:
            with reported(self._directory, "made"):
                os.makedirs(self._directory, mode=0o755, exist_ok=True)
        try:
            descriptor = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            return
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(descriptor)
                    message = "another run is at work on this node; after %g s it has not ended"
                    raise EdgeError(message % self._timeout) from None
                time.sleep(0.05)
            else:
                self._descriptor = descriptor
                return
