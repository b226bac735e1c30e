# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge to VXLAN devices: ``ip`` and ``bridge``, and the agent's configuration files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Callable

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.oslo_ini import Document, parse
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.vxlan_flooding import (
    ALL_HOSTS,
    FORGET,
    SET_GROUP,
    Change,
    Have,
    Want,
    devices_from,
    groups_from,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.files import MissingFile, read_text

#: Runs a command, with text on its standard input; returns exit status, standard output and standard error.
Run = Callable[..., "tuple[int, str, str]"]


class VxlanLinks:
    """VXLAN devices of the network namespace that this runs in."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def look(self, want: Want) -> Have:
        links = self._json("ip", "-j", "-d", "link", "show", "type", "vxlan")
        # A node without devices may have no configuration yet.
        documents = [_document(path) for path in want.config_files] if links else []
        table = self._json("bridge", "-j", "fdb", "show") if links else []
        return Have(devices_from(links, table), groups_from(documents))

    def do(self, verb: str, change: Change) -> None:
        """Carry out one of the verbs of plan_flooding."""
        if verb == FORGET:
            self._batch("bridge", _forget(change))
        elif verb == SET_GROUP:
            self._batch("ip", _set_group(change))
        else:
            self._batch("ip", _make_anew(change))
            self._batch("bridge", _flood_to_peers(change))

    def _json(self, *command: str) -> list[dict[str, Any]]:
        status, output, error = self._run(list(command))
        if status != 0:
            raise EdgeError("%s: %s" % (" ".join(command), error.strip()))
        # Where there is nothing ip prints nothing, or a list with an empty object for each thing left out.
        return [entry for entry in json.loads(output or "[]") if entry]

    def _batch(self, tool: str, lines: Sequence[str]) -> None:
        if not lines:
            return
        status, _unused, error = self._run([tool, "-batch", "-"], data="\n".join(lines) + "\n")
        if status != 0:
            raise EdgeError("%s -batch: %s" % (tool, error.strip()))


def _set_group(change: Change) -> list[str]:
    name = change.device.name
    lines = ["link set dev %s type vxlan group %s dev %s" % (name, change.group, change.device.uplink)]
    if change.group == ALL_HOSTS:
        return lines
    # Kernels before 6.14 join a group only when the device comes up.
    return ["link set dev %s down" % name, *lines, "link set dev %s up" % name]


def _make_anew(change: Change) -> list[str]:
    device = change.device
    add = "link add %s mtu %d type vxlan id %d group %s dev %s %s"
    lines = [
        "link del dev %s" % device.name,
        add % (device.name, device.mtu, device.vni, change.group, device.uplink, " ".join(device.options)),
        "link set dev %s addrgenmode none" % device.name,
    ]
    if device.master:
        lines.append("link set dev %s master %s" % (device.name, device.master))
    return [*lines, "link set dev %s up" % device.name]


def _flood_to_peers(change: Change) -> list[str]:
    # Peers that have not joined the group yet are still to be reached.
    entries = change.device.populated_after_the_group()
    return ["fdb append %s dev %s dst %s" % (entry.mac, change.device.name, entry.peer) for entry in entries]


def _forget(change: Change) -> list[str]:
    entries = change.device.populated_after_the_group()
    return ["fdb del %s dev %s dst %s self" % (entry.mac, change.device.name, entry.peer) for entry in entries]


def _document(path: str) -> Document:
    try:
        return parse(read_text(path), path)
    except MissingFile:
        return parse("", path)
