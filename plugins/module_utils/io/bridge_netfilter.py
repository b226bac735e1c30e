# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge to br_netfilter: its two files, /proc/sys and modprobe."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.bridge_netfilter import (
    FILES,
    MODULE,
    SETTINGS,
    Have,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.plan import Step
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.files import MissingFile, read_text, write_atomically

#: Runs a command; returns exit status, standard output and standard error.
Run = Callable[[Sequence[str]], "tuple[int, str, str]"]


class BridgeNetfilter:
    """root is where the files lie; the settings are those of the network namespace that this runs in."""

    def __init__(self, run: Run, root: str = "") -> None:
        self._run = run
        self._root = root

    def look(self) -> Have:
        settings = {name: _text_or_none(_proc(name)) for name in SETTINGS}
        return Have(
            {path: _text_or_none(self._root + path) for path in FILES},
            {name: None if value is None else value.strip() for name, value in settings.items()},
        )

    def do(self, step: Step) -> None:
        """Carry out a step of plan_netfilter."""
        if step.verb == "write":
            path = self._root + step.object
            os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
            write_atomically(path, step.payload, mode=0o644)
        elif step.verb == "load":
            status, output, error = self._run(["modprobe", MODULE])
            if status != 0:
                message = (error or output).strip()
                raise EdgeError("modprobe %s: %s; the node's kernel must have it" % (MODULE, message))
        else:
            try:
                with open(_proc(step.payload), "w", encoding="ascii") as file:
                    file.write("1\n")
            except OSError as error:
                raise EdgeError("%s cannot be set: %s" % (step.payload, error.strerror)) from error


def _proc(name: str) -> str:
    return "/proc/sys/" + name.replace(".", "/")


def _text_or_none(path: str) -> str | None:
    try:
        return read_text(path)
    except MissingFile:
        return None
