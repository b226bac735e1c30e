# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keepalived says of itself, kept below /run: loading its libraries takes it longer than all else that is read."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from functools import partial
from typing import Callable

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_model import Capabilities
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_unit import Layout
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.commands import Result, start
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.own_files import read_own, write_own

_MODE = 0o644


class Version:
    """The version and the build of the program that is installed."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        #: What it said, after a line about the program that said it.
        self._told: str | None = None
        self._kept = True

    def ask(self) -> Callable[[], Capabilities]:
        """Beside what the caller does next: the function that is returned waits for the answer.

        It raises EdgeError when the program tells no version.
        """
        if self._told is None:
            program = self._program()
            kept = self._kept_text()
            if not kept.startswith(program):
                return partial(self._answer, program, start([self._layout.keepalived, "--version"]))
            self._told = kept
        return partial(self._capabilities, self._told)

    def _kept_text(self) -> str:
        with suppress(EdgeError):
            kept = read_own(self._layout.version)
            return kept.text if kept and kept.mode == _MODE else ""
        return ""

    def _answer(self, program: str, finish: Callable[[], Result]) -> Capabilities:
        told = program + "".join(finish()[1:])
        found = self._capabilities(told)
        self._told, self._kept = told, False
        return found

    def keep(self) -> None:
        """Write down what this run was told, for the next; that asks again where it cannot be written."""
        if self._told is not None and not self._kept:
            self._kept = True
            with suppress(EdgeError):
                write_own(self._layout.version, self._told, _MODE)

    def _program(self) -> str:
        """The line changes when the program is replaced or written to."""
        found = os.stat(self._layout.keepalived)
        return "%d %d %d %d\n" % (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)

    def _capabilities(self, told: str) -> Capabilities:
        found = re.search(r"Keepalived v(\d+(?:\.\d+)*)", told)
        if not found:
            raise EdgeError("%s does not tell its version" % self._layout.keepalived)
        version = tuple(int(part) for part in found.group(1).split("."))
        return Capabilities.of_version(version, told.split())
