# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands and files that keepalived would drop, of which its own test says nothing: only its log does, later."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_model import Configuration
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_render import INSTANCE_SCRIPTS


def dropped(config: Configuration) -> list[str]:
    """What is wrong with each, and what to do about it."""
    found = [(option, script_problem(command.split()[0])) for option, command in _commands(config)]
    for file in config.files:
        directory = os.path.dirname(file.file)
        missing = "" if os.path.isdir(directory) else "%s is not a directory; make it first" % directory
        found.append(("track_files %s" % file.name, missing))
    return ["%s: %s" % (option, wrong) for option, wrong in found if wrong]


def _commands(config: Configuration) -> Iterator[tuple[str, str]]:
    for instance in config.instances:
        for option in INSTANCE_SCRIPTS:
            if getattr(instance, option):
                yield option, getattr(instance, option)
    for script in config.scripts:
        yield "track_scripts %s" % script.name, script.script


def script_problem(path: str) -> str:
    """Why keepalived does not run a program as root with script security on; "" when it does (lib/notify.c)."""
    real = os.path.realpath(path)
    if not os.path.exists(real):
        return "%s does not exist; install it first" % path
    mode = os.stat(real).st_mode
    if not stat.S_ISREG(mode) or not mode & 0o111:
        return "%s is not an executable file" % path
    for part in (Path(real), *Path(real).parents):
        if _writable_by_others(part.stat()):
            return "%s is not run as root while others can write to %s: give it to root, mode 0755" % (path, part)
    return ""


def _writable_by_others(found: os.stat_result) -> bool:
    """By anyone but root; in a directory with the sticky bit nobody can replace what is root's."""
    group_can = bool(found.st_mode & stat.S_IWGRP) and found.st_gid != 0
    sticky = stat.S_ISDIR(found.st_mode) and bool(found.st_mode & stat.S_ISVTX)
    return found.st_uid != 0 or (not sticky and (group_can or bool(found.st_mode & stat.S_IWOTH)))
