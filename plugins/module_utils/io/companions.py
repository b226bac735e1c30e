# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge to the daemons beside keepalived: what there is of each, their own tests, and their units."""

from __future__ import annotations

import os
from collections.abc import Sequence, Set

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.companion import Kind
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.companion_plan import Companions, Found, Key, Tests
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.conntrackd import CONNTRACKD
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_service import Write
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_companions import KINDS
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.plan import Step
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io import netfilter, netns
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.commands import file_of
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.keepalived import Units
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.own_files import read_own
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.systemd import UnitState


class CompanionDaemons:
    """Those of all routers of this node."""

    def __init__(self, units: Units) -> None:
        self._units = units

    def look(self, namespaces: Sequence[str], wanted: Set[Key]) -> Companions:
        """What there is of each that is wanted or has a file; of others there is nothing."""
        kinds = [kind for kind in KINDS if any(name == kind.name for name, _namespace in wanted)]
        pairs = [
            (kind, namespace)
            for kind in KINDS
            for namespace in namespaces
            if (kind.name, namespace) in wanted or os.path.exists(kind.configuration(namespace))
        ]
        states = self._units.look([kind.unit(namespace) for kind, namespace in pairs])
        shared = {path: read_own(path) for kind in KINDS for path in (kind.script, kind.template)}
        return Companions(
            {(kind.name, name): _found(kind, name, states[kind.unit(name)]) for kind, name in pairs},
            {path: file for path, file in shared.items() if file},
            {kind.name: reason for kind in kinds for reason in [_missing(kind)] if reason},
        )

    def apply(self, step: Step) -> None:
        """Carry out a step whose payload is Tests or Processes."""
        if isinstance(step.payload, Tests):
            complaints = [text for kind, write in step.payload.writes for text in [_complaint(kind, write)] if text]
            if complaints:
                raise EdgeError("a configuration is refused, and was not written: %s" % "; ".join(complaints))
        else:
            self._units.do(step.verb, step.payload.units)


def _found(kind: Kind, namespace: str, unit: UnitState) -> Found:
    here = bool(unit.main_pid) and _as_asked(unit.main_pid, kind, namespace)
    loaded = read_own(kind.loaded(namespace)) if here else None
    return Found(
        configuration=read_own(kind.configuration(namespace)),
        started=unit.started,
        stale=unit.stale,
        masked=unit.masked,
        running=here,
        strayed=bool(unit.main_pid) and not here,
        loaded=loaded.text if loaded else None,
    )


def _as_asked(pid: int, kind: Kind, namespace: str) -> bool:
    try:
        with open("/proc/%d/cmdline" % pid, encoding="utf-8", errors="replace") as file:
            with_file = kind.configuration(namespace) in file.read()
        return with_file and os.path.samefile("/proc/%d/ns/net" % pid, "/run/netns/" + namespace)
    except OSError:
        return False


def _missing(kind: Kind) -> str | None:
    """What the node lacks for a kind of daemon."""
    if not os.access(kind.program, os.X_OK):
        return "package %s, which is not installed" % kind.name
    if kind is CONNTRACKD and not netfilter.tracks_connections():
        return "kernel module nf_conntrack_netlink, which cannot be loaded"
    return None


def _complaint(kind: Kind, write: Write) -> str:
    """What a daemon says against a configuration that no file holds yet, in the router's namespace."""
    with file_of(write.text) as descriptor:
        path = "/proc/self/fd/%d" % descriptor
        command = [kind.program, *kind.test, path]
        status, output, error = netns.run_in(write.namespace, command, pass_fds=[descriptor])
    text = (error.strip() or output.strip()).replace(path, write.path)
    return "%s: %s" % (kind.name, text or "exit status %d" % status) if status else ""
