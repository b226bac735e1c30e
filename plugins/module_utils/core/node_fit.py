# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a specification fits the node it is for: its uplinks, and what others have made there."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import node_record
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import Problem
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_anatomy import network_devices, router_anatomy
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_have import Have, Link, addresses, of_kind
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_rules import Places, placed
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_spec import VXLAN_OVERHEAD, Network, NodeSpec

#: What the outer IPv6 header is longer than that of IPv4.
_IPV6_MORE = 20


def problems(have: Have, spec: NodeSpec, where: Places) -> list[Problem]:
    """Everything about the node that does not fit the specification; where: see node_rules.places()."""
    found: list[Problem] = []
    if spec.networks and not have.ipv6:
        text = (
            "the kernel of this node was started without IPv6 (ipv6.disable=1), which routers need: start it with IPv6"
        )
        found.append(Problem("networks", text))
    # In the order in which the plan asks for it, so that it is worked out once.
    wanted = node_record.owned(spec.sorted()).devices
    tunnels = of_kind("vxlan", have.links)
    asked = any(network.peers or network.local_address for network in spec.networks)
    own = addresses(have.links) if asked else frozenset()
    for path, network in placed("networks", spec.networks, where):
        found += _foreign(have, network, path, tunnels)
        found += _uplink(have, network, path, wanted)
        found += _own_addresses(own, network, path)
    for path, router in placed("routers", have.reached(spec.routers), where):
        anatomy = router_anatomy(router, spec)
        if anatomy.namespace in have.existing - have.record.owned.namespaces:
            text = "namespace %s is there and node_routers did not make it: choose another name, or remove it"
            found.append(Problem(path + ".name", text % anatomy.namespace))
        for tap in anatomy.taps:
            if tap.name in have.links and tap.name not in have.record.owned.devices:
                text = "device %s is there and node_routers did not make it: choose another name, or remove it"
                found.append(Problem(path + ".name", text % tap.name))
    return found


def _foreign(have: Have, network: Network, path: str, tunnels: Mapping[str, Link]) -> Iterator[Problem]:
    keys = {"bridge": ".name", "vxlan": ".vni", "vlan": ".vlan_id"}
    for device in network_devices(network):
        if device.kind and device.name in have.links and device.name not in have.record.owned.devices:
            text = "device %s is there and node_routers did not make it: choose another, or remove it"
            yield Problem(path + keys[device.kind], text % device.name)
    if network.kind != "vxlan":
        return
    own = network_devices(network)[1]
    for name, link in tunnels.items():
        same = all(link.device.fact(key) == own.fact(key) for key in ("id", "port"))
        if name != own.name and name not in have.record.owned.devices and same:
            yield Problem(
                path + ".vni", "%s already is that of device %s: choose another, or remove it" % (network.vni, name)
            )


def _uplink(have: Have, network: Network, path: str, wanted: frozenset[str]) -> Iterator[Problem]:
    at, name = path + ".uplink", network.uplink
    link = have.links.get(name)
    if link is None:
        names = [known for known, other in sorted(have.links.items()) if _can_be_uplink(known, other, have)]
        yield Problem(at, "there is no device %s on this node; there are: %s" % (name, ", ".join(names) or "none"))
        return
    if name == "lo" or name in wanted:
        yield Problem(at, "%s leads to no other node" % name)
        return
    if link.device.master and link.device.master not in have.record.owned.devices:
        yield Problem(at, "%s belongs to %s: use a device that is free" % (name, link.device.master))
    elif network.kind == "flat":
        yield from _flat(have, link, at)
    elif link.device.master:
        text = "%s is a port of bridge %s; remove that flat network first, in a call of its own"
        if link.device.master not in wanted:
            yield Problem(at, text % (name, link.device.master))
    most = (link.device.mtu or 0) - _overhead(network)
    if network.mtu > most:
        text = "%d is larger than %d, the MTU of uplink %s less %d bytes of headers: use %d or less"
        yield Problem(path + ".mtu", text % (network.mtu, most, name, _overhead(network), most))


def _flat(have: Have, link: Link, at: str) -> Iterator[Problem]:
    name = link.device.name
    if name == have.management:
        yield Problem(at, "%s is the management interface: a bridge would cut this node off; use another" % name)
        return
    addresses = [address for address in link.device.addresses if not address.startswith("fe80:")]
    if addresses:
        text = "%s has %s, which would stop working in a bridge: remove it, or use another device"
        yield Problem(at, text % (name, ", ".join(addresses)))


def _own_addresses(own: Container[str], network: Network, path: str) -> Iterator[Problem]:
    """A VXLAN sends nothing from an address that the node does not have, and every router is active then, on all nodes.
    What it floods to the node itself comes back to its bridge, which then takes hosts of its own for those of others.
    """
    if network.local_address and network.local_address not in own:
        text = "%s is not an address of this node: give one that it has, another on every node"
        yield Problem(path + ".local_address", text % network.local_address)
    for at, peer in enumerate(network.peers):
        if peer in own:
            text = "%s is this node's own address: leave it out, the others go here"
            yield Problem("%s.peers[%d]" % (path, at), text % peer)


def _overhead(network: Network) -> int:
    if network.kind != "vxlan":
        return 0
    return VXLAN_OVERHEAD + (_IPV6_MORE if ":" in (network.group or "".join(network.peers)) else 0)


def _can_be_uplink(name: str, link: Link, have: Have) -> bool:
    return name != "lo" and link.device.kind in ("", "bond", "veth", "vlan") and name not in have.record.owned.devices
