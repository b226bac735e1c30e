# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which names, interfaces and commands keepalived.conf, file names and units can all hold."""

from __future__ import annotations

import re
from collections.abc import Iterator

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z")
_INTERFACE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\Z")
_COMMAND = re.compile(r"/[ -~]*\Z")
_COMMAND_BREAKERS = re.compile(r"[\"'\\#!{}$`~]")


def name_problem(name: str, kind: str = "name", longest: int | None = None) -> str | None:
    """Why a name cannot stand in file names, units and keepalived.conf; None when it can."""
    if not _NAME.match(name):
        return "%r is not a %s: use ASCII letters, digits, . _ and -, starting with a letter or digit" % (name, kind)
    if longest is not None and len(name) > longest:
        return "%r has %d characters; a %s has at most %d" % (name, len(name), kind, longest)
    return None


def interface_problems(key: str, name: str) -> Iterator[tuple[str, str]]:
    if not _INTERFACE.match(name):
        yield key, "%r is not the name of an interface: use ASCII letters, digits, . _ and -" % name
    elif len(name) > 15:
        yield key, "%r has %d characters; Linux allows 15" % (name, len(name))


def command_problems(key: str, command: str) -> Iterator[tuple[str, str]]:
    if not _COMMAND.match(command):
        yield key, "%r is not a command: give an absolute path, in printable ASCII" % command
    elif _COMMAND_BREAKERS.search(command):
        yield key, "%r has a character that keepalived.conf cannot hold (quotes \\ # ! { } $ ` ~)" % command
