# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge of node_routers: what is on this node, read with few processes, and how a step of a plan is carried out."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import groupby
from typing import Callable

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import (
    node_have,
    node_names,
    node_nat,
    node_reach,
    node_record,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.companion_plan import Processes, Tests
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_service import File
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_unit import unit_name
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_anatomy import SYSCTLS
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_boot import PATHS, Paths
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_commands import (
    Batch,
    Command,
    ConfigTest,
    Nat,
    PutFile,
    Sysctls,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_companions import keys_of
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_have import Have, Namespace, Record
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_target import Want
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_touched import touched
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.plan import Step
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.rtnetlink import Devices
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io import ip_batch, netns, nftables, rtnetlink
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.commands import installed, side_by_side
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.companions import CompanionDaemons
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.keepalived import Keepalived
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.node_lock import NodeLock
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.own_files import read_own, write_own
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.systemd import Systemd, UnitState

_MINE = (Batch, Sysctls, Nat, PutFile, ConfigTest)


class Node:
    """The node that this runs on."""

    def __init__(self, paths: Paths = PATHS) -> None:
        self._paths = paths
        self._units = Systemd()
        self._keepalived = Keepalived(self._units)
        self._companions = CompanionDaemons(self._units)
        self._lock = NodeLock(os.path.dirname(paths.record))
        self._kernel: rtnetlink.Kernel | None = None
        #: The file of the record as this run has seen it.
        self._recorded: File | None = None
        #: What was seen in a namespace in which no step has changed anything since.
        self._seen: dict[str, Namespace] | None = None
        #: See Have.
        self._reach: frozenset[str] | None = frozenset()

    def lock(self) -> None:
        """Wait for other runs, and for what a killed one has begun."""
        self._lock.take()

    def look(self, want: Want) -> Have:
        """All that a plan for the call needs to know."""
        # Others tell this while the kernel is asked for the rest.
        capabilities = self._keepalived.ask_capabilities()
        asked = self._units.ask(list(map(unit_name, node_reach.named(want))))
        record = self._record()
        kernel = self._kernel = self._kernel or rtnetlink.Kernel()
        outside = node_have.Links(Devices(kernel))
        tunnels = node_have.of_kind("vxlan", outside)
        flooding = kernel.flooding({link.index: name for name, link in tunnels.items()})
        # Its own changes do not narrow what a run looks at.
        if self._reach is not None:
            found = node_reach.reach(record, outside, flooding, want)
            self._reach = None if found is None else self._reach | found
        routers = [*want.spec.routers, *record.spec.routers]
        every = {*(node_names.namespace(router.name) for router in routers), *record.owned.namespaces}
        reached = every if self._reach is None else self._reach
        names = sorted(reached)
        companions = {key for router in routers for key in keys_of(router) if key[1] in reached}
        namespaces = self._namespaces(list(filter(netns.is_namespace, names)), outside)
        units = node_have.Later(partial(self._unit_states, asked, [*map(unit_name, names)]))
        return Have(
            record=record,
            links=outside,
            namespaces=namespaces,
            existing=frozenset(_listed(netns.DIRECTORY)),
            flooding=flooding,
            files={path: file for path in self._paths.files(names) for file in [read_own(path)] if file},
            scripts=frozenset(os.path.join(self._paths.routers, name) for name in _listed(self._paths.routers)),
            services=node_have.Later(lambda: self._keepalived.found({name: name for name in names}, units)),
            recorder=self._keepalived.recorder(),
            # Asking systemd takes milliseconds more.
            enabled=os.path.islink(self._paths.enabled),
            management=_management(outside.devices),
            capabilities=capabilities(),
            keepalived=self._keepalived.installed,
            nftables=installed("nft"),
            ipv6=os.path.exists("/proc/net/if_inet6"),
            companions=self._companions.look(names, companions),
            reach=self._reach,
            at=time.time(),
        )

    def apply(self, step: Step) -> None:
        """Carry out a step of node_plan.plan()."""
        self._begin()
        if self._seen:
            for name in touched(step, frozenset(self._seen)):
                self._seen.pop(name, None)
        if step.verb == "need":
            raise EdgeError("install it first; nothing was changed")
        if isinstance(step.payload, tuple) and step.payload and isinstance(step.payload[0], _MINE):
            self._perform_all(step.payload)
        elif isinstance(step.payload, (Tests, Processes)):
            self._companions.apply(step)
        else:
            self._keepalived.apply(step)

    def _begin(self) -> None:
        """On a node where nothing was made there was nothing to lock when it was looked at."""
        if not self._lock.inherited:
            self._lock.take(make=True)
            if read_own(self._paths.record) != self._recorded:
                raise EdgeError("another run was at work on this node meanwhile; run again")

    def _perform_all(self, commands: Sequence[Command]) -> None:
        """Carry out the commands in order, except that those of several namespaces are carried out side by side."""
        for outside, group in groupby(commands, lambda command: _namespace_of(command) is None):
            if outside:
                self._perform_each(group)
                continue
            together: dict[str, list[Command]] = {}
            for command in group:
                together.setdefault(_namespace_of(command) or "", []).append(command)
            side_by_side(lambda item: netns.inside(item[0], partial(self._perform_each, item[1])), together.items())

    def _perform_each(self, commands: Iterable[Command]) -> None:
        """The kernel takes its time over NAT, and what comes after it does not wait for it."""
        with ExitStack() as begun:
            for command in commands:
                if isinstance(command, Nat):
                    begun.callback(nftables.start_loading(command.text, self._lock.inherited))
                else:
                    self._perform(command)

    def _perform(self, command: Batch | PutFile | Sysctls | ConfigTest) -> None:
        if isinstance(command, PutFile):
            write_own(command.path, command.text, command.mode)
        elif isinstance(command, Batch):
            ip_batch.batch(command.tool, command.lines, self._lock.inherited)
        elif isinstance(command, ConfigTest):
            self._keepalived.test((command.write,))
        else:
            for key, value in command.values:
                _set_sysctl(key, value)

    def _unit_states(self, asked: Callable[[], dict[str, UnitState]], units: Sequence[str]) -> dict[str, UnitState]:
        """Those that were asked for already, and the others."""
        told = asked()
        return {**told, **self._units.look([unit for unit in units if unit not in told])}

    def _namespaces(self, names: list[str], outside: node_have.Links) -> dict[str, Namespace]:
        known = self._seen or {}
        found = netns.inside_each([name for name in names if name not in known], partial(_look_inside, outside))
        if self._seen is None:
            self._seen = dict(found)
        return {name: found.get(name) or known[name] for name in names}

    def _record(self) -> Record:
        file = self._recorded = read_own(self._paths.record)
        return node_record.read(file.text, self._paths.record) if file else Record()


def _look_inside(outside: node_have.Links) -> Namespace:
    return Namespace(
        node_have.Links(rtnetlink.devices(), outside),
        {key: _sysctl(key) for key, _value in SYSCTLS},
        node_nat.canonical(nftables.listed(node_nat.FAMILY, node_nat.TABLE)),
    )


def _namespace_of(command: Command) -> str | None:
    return None if isinstance(command, PutFile) else command.namespace


def _sysctl(key: str) -> str | None:
    try:
        with open("/proc/sys/" + key, "rb", buffering=0) as file:
            return file.read().decode().strip()
    except OSError:
        return None


def _set_sysctl(key: str, value: str) -> None:
    try:
        with open("/proc/sys/" + key, "w", encoding="utf-8") as file:
            file.write(value)
    except OSError as error:
        raise EdgeError("sysctl %s cannot be set to %s: %s" % (key, value, error.strerror)) from None


def _listed(directory: str) -> list[str]:
    return os.listdir(directory) if os.path.isdir(directory) else []


def _management(devices: Devices) -> str | None:
    """The device that this session came in by, or that leads everywhere."""
    words = os.environ.get("SSH_CONNECTION", "").split()
    came_in = devices.addresses().get(words[2]) if len(words) == 4 else None
    if came_in is not None:
        return devices.name(came_in)
    try:
        with open("/proc/net/route", encoding="ascii") as file:
            routes = [line.split() for line in file.readlines()[1:]]
    except OSError:
        return None
    return next((route[0] for route in routes if route[1] == route[7] == "00000000"), None)
