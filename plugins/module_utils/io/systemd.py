# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge to systemd: many units in one call. Enabling works without a running systemd, as when an image is built."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Callable

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_service import ENABLE_AND_START
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.commands import run, start

#: The calls of systemctl, side by side, that a verb is where it is not one of its own name. Enabling makes systemd read
#: all units anew, which takes 2 ms for each and more; done without asking systemd it does not. With --no-reload systemd
#: would not either, but that of Debian 13 (257) then tells of every unit that it is to be read again.
_CALLS = {ENABLE_AND_START: (("--root=/", "enable"), ("start",))}
_PROPERTIES = "Id,LoadState,ActiveState,MainPID,UnitFileState,NeedDaemonReload"


@dataclass(frozen=True)
class UnitState:
    """main_pid is 0 when nothing runs; known: systemd has read the unit; stale: the files on disk are newer than that.

    started: systemd keeps it running, or tries to. masked: it is not to be started at all.
    """

    main_pid: int = 0
    enabled: bool = False
    known: bool = False
    stale: bool = False
    started: bool = False
    masked: bool = False


class Systemd:
    """systemd of the node that this runs on."""

    @property
    def running(self) -> bool:
        """Whether systemd manages this node at all (sd_booted(3))."""
        return os.path.isdir("/run/systemd/system")

    def look(self, units: Sequence[str]) -> dict[str, UnitState]:
        """The state of each unit, whether it exists or not."""
        return self.ask(units)()

    def ask(self, units: Sequence[str]) -> Callable[[], dict[str, UnitState]]:
        """The same beside what the caller does next: the function that is returned waits for the answer."""
        if not units:
            return dict
        if not self.running:
            return lambda: {unit: UnitState(enabled=_enabled(unit)) for unit in units}
        finish = start(["systemctl", "show", "--property=" + _PROPERTIES, "--", *units])
        return lambda: _states(units, finish()[1])

    def reload_units(self) -> None:
        """Read the unit files again; nothing to do where systemd does not run, for it reads them when it starts."""
        if self.running:
            run(["systemctl", "daemon-reload"])

    def do(self, verb: str, units: Sequence[str]) -> None:
        """start, stop, restart, reload, enable, disable, unmask, or enable and start (units that are new) the units.

        Raises EdgeError with where to look.
        """
        if verb not in ("enable", "disable") and not self.running:
            raise EdgeError("systemd does not run on this node, so %s cannot %s" % (" ".join(units), verb))
        calls = [["systemctl", *words, "--", *units] for words in _CALLS.get(verb, ((verb,),))]
        begun = [start(call, check=False) for call in calls]
        for status, output, error in [finish() for finish in begun]:
            if status:
                text = (error or output).strip()
                raise EdgeError("systemctl %s %s: %s" % (verb, " ".join(units), text or "exit status %d" % status))


def _states(units: Sequence[str], output: str) -> dict[str, UnitState]:
    blocks = [dict(line.split("=", 1) for line in block.splitlines()) for block in output.strip().split("\n\n")]
    states = {block["Id"]: _state(block) for block in blocks}
    return {unit: states.get(unit, UnitState()) for unit in units}


def _state(block: dict[str, str]) -> UnitState:
    return UnitState(
        main_pid=int(block.get("MainPID") or 0),
        enabled=block.get("UnitFileState") == "enabled",
        known=block.get("LoadState") != "not-found",
        stale=block.get("NeedDaemonReload") == "yes",
        started=block.get("ActiveState") not in ("inactive", "failed"),
        masked=block.get("LoadState") == "masked",
    )


def _enabled(unit: str) -> bool:
    return run(["systemctl", "is-enabled", "--", unit], check=False)[1].strip() == "enabled"
