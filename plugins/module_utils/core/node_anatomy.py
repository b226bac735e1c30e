# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a specification is on a node: devices, namespaces, keepalived's configuration, NAT. The words are Neutron's.

Isolation is the kernel's work. A VXLAN device keeps its carrier when its uplink goes, so a router's namespace has
a macvlan device on each such uplink, which carries no traffic and loses its carrier with it, and keepalived tracks it.
On a flat or VLAN HA network the ``ha-`` device itself is a macvlan on the bridge, whose only port is the uplink.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Container, Iterator
from dataclasses import dataclass
from functools import cache

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import node_names
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.companion import Companion
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_model import (
    Configuration,
    GlobalDefinitions,
    Tracked,
    VirtualAddress,
    VirtualRoute,
    VrrpInstance,
    interface_of,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_companions import companions_of
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_spec import Network, NodeSpec, Router

#: Neutron's (ha_router.py): a second round of gratuitous ARP a minute after a failover, in seconds.
GARP_MASTER_DELAY = 60

#: In every router's namespace.
SYSCTLS = (
    ("net/ipv4/ip_forward", "1"),
    ("net/ipv4/ip_nonlocal_bind", "1"),
    ("net/ipv4/conf/all/arp_announce", "2"),
    ("net/ipv4/conf/all/arp_ignore", "1"),
    # An HA address that takes the place of another one is added before that goes.
    ("net/ipv4/conf/all/promote_secondaries", "1"),
    ("net/ipv6/conf/all/forwarding", "1"),
    # A device whose IPv6 comes back, as with an MTU that was below 1280, has no address before keepalived gives it one.
    ("net/ipv6/conf/default/addr_gen_mode", "1"),
)
#: Of every device there (%s), and what in SYSCTLS sets it on all of them.
DEVICE_SYSCTLS = (
    ("net/ipv4/conf/%s/forwarding", "1", "net/ipv4/ip_forward"),
    ("net/ipv6/conf/%s/disable_ipv6", "0", None),
    ("net/ipv6/conf/%s/forwarding", "1", "net/ipv6/conf/all/forwarding"),
)
#: As Neutron's agent makes bridges: nothing is held back, and no port waits before it forwards.
_BRIDGE = (("mcast_snooping", "0"), ("stp_state", "0"))

#: Interface numbers of carrier devices. The kernel reports a lost carrier at once only of a device whose number
#: differs from that of the device below it (link_watch.c, linkwatch_urgent_event), and uplinks have small ones.
CARRIER_INDEX = 1000000


@dataclass(frozen=True)
class Device:
    """A network device. What is None is anything.

    kind: as in ``ip link``; "" is a device that is there already, of which only master and up are ours.
    lower: the device of the node below a vxlan, vlan or macvlan. facts: what cannot be changed in place.
    """

    name: str
    kind: str
    mtu: int | None = None
    master: str | None = None
    mac_address: str | None = None
    lower: str | None = None
    facts: tuple[tuple[str, str], ...] = ()
    addresses: tuple[str, ...] = ()
    index: int | None = None
    peers: tuple[str, ...] = ()

    def fact(self, key: str) -> str | None:
        return dict(self.facts).get(key)


@dataclass(frozen=True)
class Leg:
    """A router's end in a network; tap is the other end of the veth pair, None for a macvlan."""

    role: str
    network: str
    device: Device
    tap: Device | None


@dataclass(frozen=True)
class RouterAnatomy:
    """One router on this node."""

    router: Router
    namespace: str
    legs: tuple[Leg, ...]
    carriers: tuple[Device, ...]
    configuration: Configuration
    companions: tuple[Companion, ...] = ()

    @property
    def devices(self) -> tuple[Device, ...]:
        """What is in the namespace beside the loopback."""
        return (*(leg.device for leg in self.legs), *self.carriers)

    @property
    def taps(self) -> tuple[Device, ...]:
        return tuple(leg.tap for leg in self.legs if leg.tap)


def network_devices(network: Network) -> tuple[Device, ...]:
    """A network's bridge and what connects it to the other nodes, the bridge first."""
    bridge = node_names.bridge(network.name)
    base = Device(bridge, "bridge", network.mtu, facts=_BRIDGE)
    if network.kind == "flat":
        return base, Device(network.uplink, "", master=bridge)
    if network.kind == "vlan" and network.vlan_id is not None:
        name = node_names.vlan(network.uplink, network.vlan_id)
        return base, Device(
            name, "vlan", network.mtu, bridge, lower=network.uplink, facts=(("id", str(network.vlan_id)),)
        )
    if network.vni is None:
        raise ValueError("network %s has neither a VLAN nor a VXLAN number" % network.name)
    facts = [("id", str(network.vni)), ("port", str(network.port))]
    facts += [(key, value) for key, value in (("group", network.group), ("local", network.local_address)) if value]
    name = node_names.vxlan(network.vni)
    return base, Device(
        name, "vxlan", network.mtu, bridge, lower=network.uplink, facts=tuple(facts), peers=network.peers
    )


def router_anatomy(router: Router, spec: NodeSpec) -> RouterAnatomy:
    """Raises KeyError for a network that the specification does not have."""
    return _anatomy(router, NodeSpec(tuple(spec.network(name) for name in router.networks)))


@cache
def _anatomy(router: Router, spec: NodeSpec) -> RouterAnatomy:
    """spec: of the router's own networks."""
    legs = [_leg(router, "ha", spec.network(router.ha_network), addresses=(router.ha_address,))]
    legs += [_leg(router, "qr", spec.network(leg.network), leg.mac_address) for leg in router.interfaces]
    if router.external_gateway:
        gateway = router.external_gateway
        legs.append(_leg(router, "qg", spec.network(gateway.network), gateway.mac_address))
    uplinks = sorted({spec.network(name).uplink for name in router.networks if spec.network(name).kind == "vxlan"})
    carriers = tuple(
        Device(
            node_names.carrier(uplink),
            "macvlan",
            lower=uplink,
            facts=(("mode", "private"),),
            # By the uplink's name, so that one that comes does not take the number of one that goes after it.
            index=CARRIER_INDEX + node_names.number(uplink),
        )
        for uplink in uplinks
    )
    return RouterAnatomy(
        router,
        node_names.namespace(router.name),
        tuple(legs),
        carriers,
        configuration(router, tuple(d.name for d in carriers)),
        companions_of(router, spec),
    )


def tap_names(router: Router, wires: Container[str]) -> Iterator[str]:
    """The names of RouterAnatomy.taps, without the rest of it. wires: names of the networks that are no VXLAN."""
    roles = [] if router.ha_network in wires else [("ha", router.ha_network)]
    roles += [("qr", leg.network) for leg in router.interfaces]
    roles += [("qg", router.external_gateway.network)] if router.external_gateway else []
    for role, network in roles:
        yield node_names.tap(router.name, role, network)


def _leg(router: Router, role: str, network: Network, mac: str | None = None, addresses: tuple[str, ...] = ()) -> Leg:
    name, bridge = node_names.device(role, network.name), node_names.bridge(network.name)
    if role == "ha" and network.kind != "vxlan":
        facts = (("mode", "bridge"),)
        return Leg(role, network.name, Device(name, "macvlan", network.mtu, None, mac, bridge, facts, addresses), None)
    tap = Device(node_names.tap(router.name, role, network.name), "veth", network.mtu, bridge)
    return Leg(role, network.name, Device(name, "veth", network.mtu, None, mac, addresses=addresses), tap)


@cache
def configuration(router: Router, carriers: tuple[str, ...]) -> Configuration:
    """keepalived.conf: one instance named as Neutron names it."""
    ha = node_names.device("ha", router.ha_network)
    instance = VrrpInstance(
        name="VR_%d" % router.virtual_router_id,
        interface=ha,
        virtual_router_id=router.virtual_router_id,
        priority=router.priority,
        advert_interval=router.advert_interval,
        preempt=router.preempt,
        version=router.version,
        authentication=router.authentication,
        track_interfaces=tuple(Tracked(name) for name in carriers),
        garp_master_delay=GARP_MASTER_DELAY,
        virtual_addresses=(VirtualAddress(node_names.primary_address(router.virtual_router_id), ha),),
        virtual_addresses_excluded=_virtual_addresses(router),
        virtual_routes=_virtual_routes(router),
    )
    return Configuration((instance,), global_definitions=GlobalDefinitions(router_id=router.name))


def _virtual_addresses(router: Router) -> tuple[VirtualAddress, ...]:
    found = []
    for leg in router.interfaces:
        device = node_names.device("qr", leg.network)
        found += [
            VirtualAddress(address, device) for address in (*leg.addresses, node_names.link_local(leg.mac_address))
        ]
    gateway = router.external_gateway
    if gateway:
        device = node_names.device("qg", gateway.network)
        own = (*gateway.addresses, node_names.link_local(gateway.mac_address))
        floating = [pair.floating_ip_address + "/32" for pair in router.floating_ips]
        found += [VirtualAddress(address, device) for address in (*own, *floating)]
    return tuple(found)


def _virtual_routes(router: Router) -> tuple[VirtualRoute, ...]:
    routes = []
    gateway = router.external_gateway
    if gateway:
        device = node_names.device("qg", gateway.network)
        for hop in gateway.nexthops:
            default = "::/0" if ":" in hop else "0.0.0.0/0"
            routes.append(VirtualRoute(default, hop, device, on_link=gateway.on_link))
    for route in router.routes:
        routes.append(VirtualRoute(route.destination, route.nexthop, route_device(router, route.nexthop)))
    return tuple(routes)


def route_device(router: Router, nexthop: str) -> str | None:
    """The device in whose subnet a next hop lies; None when it lies in none."""
    hop = ipaddress.ip_address(nexthop)
    legs = [("qr", leg.network, leg.addresses) for leg in router.interfaces]
    if router.external_gateway:
        legs.append(("qg", router.external_gateway.network, router.external_gateway.addresses))
    for role, network, addresses in legs:
        if any(hop in interface_of(address).network for address in addresses):
            return node_names.device(role, network)
    return None
