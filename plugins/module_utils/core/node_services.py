# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keepalived processes of a node's routers among the steps of a plan; what each needs is in keepalived_service."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import node_addresses, node_boot
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_service import (
    NOTHING,
    STARTS,
    restart,
    shown,
    test,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_unit import Service, unit_name
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_anatomy import RouterAnatomy
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_changes import Changes
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_commands import ConfigTest
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_have import Have
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.plan import Step
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.radvd import RADVD


def service(anatomy: RouterAnatomy) -> Service:
    """The keepalived of a router; it is named after the namespace, as its unit and its files are."""
    everywhere = [companion.unit for companion in anatomy.companions if companion.kind.everywhere]
    return Service(
        anatomy.namespace,
        anatomy.configuration,
        anatomy.namespace,
        after=(node_boot.UNIT, *everywhere),
        followers=tuple(companion.kind.script for companion in anatomy.companions),
    )


def again(have: Have, steps: Sequence[Step], names: Sequence[str]) -> list[Step]:
    """keepalived goes on with the number of the HA interface that it had, and hears and says nothing more (2.2.7)."""
    told = _told(steps)
    running = [unit_name(name) for name in names if have.services.get(name, NOTHING).process]
    units = [unit for unit in running if unit not in told]
    return [Step("reload", " ".join(units), tuple(units))] if units else []


def put_back(have: Have, steps: Sequence[Step], routers: Sequence[RouterAnatomy]) -> list[Step]:
    """An active router without an address gives the role up, and has all of them when it is active again. Put back by
    this run, the address could be on two nodes, for another may become active meanwhile.
    """
    found, told = [], _told(steps)
    for one in routers:
        unit, inside = unit_name(one.namespace), have.namespaces.get(one.namespace)
        if inside is None or unit in told:
            continue
        gone = node_addresses.missing(one, inside, have.services.get(one.namespace, NOTHING), have.at)
        if gone:
            found.append(restart(unit, "it is active without %s, and does not put that back" % ", ".join(gone)))
    return found


def _told(steps: Sequence[Step]) -> set[str]:
    """The units whose keepalived reads its configuration again, or starts."""
    return {unit for step in steps if step.verb in ("reload", *STARTS) for unit in step.payload or ()}


def tests(steps: Sequence[Step], missing: Sequence[RouterAnatomy]) -> tuple[dict[str, ConfigTest], list[Step]]:
    """keepalived's tests of routers that are to be made, by namespace, to be done there; and the steps without them."""
    names = {anatomy.namespace for anatomy in missing}
    writes = [write for step in steps if step.verb == "test" for write in step.payload]
    others = [write for write in writes if write.namespace not in names]
    left = [test(others) if step.verb == "test" else step for step in steps if step.verb != "test" or others]
    return {write.namespace: ConfigTest(write) for write in writes if write.namespace in names}, left


def add_services(
    changes: Changes, have: Have, services: list[Service], steps: list[Step], unit_changes: bool, enables: bool
) -> None:
    # Enabling some that it knows makes systemd read all units.
    read = enables or any(step.payload is None or step.verb == "enable" for step in steps)
    if unit_changes and not read:
        changes.steps.append(Step("reload", "systemd's units"))
    if enables:
        changes.steps.append(Step("enable", node_boot.UNIT, (node_boot.UNIT,)))
        changes.before[node_boot.UNIT], changes.after[node_boot.UNIT] = "disabled", "enabled"
    changes.steps += steps
    for wanted in services:
        if steps and any(wanted.name in step.object for step in steps):
            found = have.services.get(wanted.name, NOTHING)
            key = "keepalived of " + wanted.name
            changes.before[key], changes.after[key] = shown(found, wanted, have.capabilities)


def active(have: Have, steps: list[Step]) -> list[str]:
    """The routers whose keepalived is the active one, and is not started anew by the steps."""
    anew = {unit for step in steps if step.verb in STARTS for unit in step.payload}
    return [
        name
        for name, found in have.services.items()
        if unit_name(name) not in anew
        and (found.state == "master" or (found.state is None and _advertises(have, name)))
    ]


def _advertises(have: Have, name: str) -> bool:
    """What follows a state that is written down nowhere any more is left as it is."""
    radvd = have.companions.found.get((RADVD.name, name))
    return bool(have.services[name].process and radvd and radvd.running)
