# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes from a node: routers, devices, and what leads out of a bridge that stays."""

from __future__ import annotations

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import (
    companion_plan,
    node_differences,
    node_names,
    node_record,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_service import plan_removal
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_anatomy import RouterAnatomy, network_devices
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_changes import Changes
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_commands import (
    Batch,
    remove_links,
    remove_together,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_companions import KINDS
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_have import Have
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_spec import NodeSpec

#: Devices of a router that this module makes; others in its namespace are the operator's.
_OURS = ("ha-", "qr-", "qg-", node_names.CARRIER_PREFIX)


def remove_routers(changes: Changes, have: Have, namespaces: list[str]) -> None:
    """Their daemons first; foreign devices that stand in a namespace come out of it, or go with it."""
    changes.steps += plan_removal(namespaces, have.services)
    changes.merge(companion_plan.plan_removal(KINDS, namespaces, have.companions))
    for name in namespaces:
        inside = have.namespaces.get(name)
        if name not in have.existing:
            continue
        ours = [link for link in inside.links if link.startswith(_OURS)] if inside else []
        commands = ((remove_together(ours, name),) if ours else ()) + (Batch(("netns del " + name,)),)
        changes.add("remove", "router " + name, sorted(ours), None, commands)


def take_out(changes: Changes, have: Have, want: NodeSpec) -> None:
    """What leads out of a bridge that stays and no longer belongs there, before anything else is put into it: two
    wires in one bridge, which knows no spanning tree, make a loop.
    """
    ports = {port.name: port.master for network in want.networks for _bridge, port in [network_devices(network)]}
    own = have.record.owned
    gone = own.devices - node_record.owned(want).devices
    for name in sorted(gone | own.uplinks | (set(ports) & own.devices)):
        link = have.links.get(name)
        if link is None:
            continue
        # Ends of routers that go have gone with them.
        joined = link.device.kind == "veth" and name not in own.uplinks
        if link.device.master in set(ports.values()) - {ports.get(name)} and not joined:
            line = "link set %s nomaster" % name
            changes.add("set", "master of device " + name, link.device.master, "none", (Batch((line,)),))


def remove_leftovers(changes: Changes, have: Have, anatomy: RouterAnatomy) -> None:
    """Devices of a router that stays."""
    namespace = have.namespaces.get(anatomy.namespace)
    wanted = {device.name for device in anatomy.devices}
    for name, link in sorted(namespace.links.items()) if namespace else ():
        if name.startswith(_OURS) and name not in wanted:
            what = "device %s of %s" % (name, anatomy.namespace)
            was = node_differences.make(link.device)
            changes.add("remove", what, was, None, (remove_links([name], anatomy.namespace),))


def remove_devices(changes: Changes, have: Have, names: frozenset[str]) -> None:
    """What no network uses any more, and ends of veth pairs whose other end was not removed before."""
    inner = [link for namespace in have.namespaces.values() for link in namespace.links.values()]
    joined = {link.below for link in inner if link.device.kind == "veth" and link.device.name.startswith(_OURS)}
    for name in sorted(names):
        link = have.links.get(name)
        if link and (link.device.kind != "veth" or link.index not in joined):
            changes.add("remove", "device " + name, node_differences.make(link.device), None, (remove_links([name]),))
