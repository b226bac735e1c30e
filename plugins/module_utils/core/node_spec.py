# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user says about a node's networks and routers, in the user's words and in one spelling.

Addresses are texts with a prefix length, as ``ipaddress`` writes them; intervals are seconds; MTUs are bytes.
parse() keeps the user's order, so that a problem names the value where it stands; ordered() sorts what has no order,
and two specifications that mean the same are then equal.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_model import Authentication, interface_of

#: Neutron's, and the kernel's own default.
VXLAN_PORT = 8472
#: Outer Ethernet, IPv4, UDP and VXLAN headers.
VXLAN_OVERHEAD = 50
#: A device with a smaller MTU, in bytes, has no IPv6.
IPV6_MTU = 1280
#: Neutron's HA_DEFAULT_PRIORITY and ha_vrrp_advert_int.
PRIORITY = 50
ADVERT_INTERVAL = 2.0


@dataclass(frozen=True)
class Network:
    """A bridge and how it leaves the node. kind is ``vxlan``, ``flat`` or ``vlan``.

    A vxlan floods to a multicast group or to a list of peers (RFC 7348, 4.2), never both.
    """

    name: str
    kind: str
    uplink: str
    mtu: int
    vni: int | None = None
    group: str | None = None
    peers: tuple[str, ...] = ()
    local_address: str | None = None
    port: int | None = None
    vlan_id: int | None = None


@dataclass(frozen=True)
class Interface:
    """A router's leg in a network, with the same MAC address on every node.

    ipv6_ra_mode: what router advertisements say, see radvd.MODES; None: there are none. dns_nameservers: IPv6
    addresses in them, in the order of preference.
    """

    network: str
    addresses: tuple[str, ...]
    mac_address: str
    ipv6_ra_mode: str | None = None
    dns_nameservers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Gateway:
    """The leg to the outside. on_link: next hops may lie outside the addresses' subnets."""

    network: str
    addresses: tuple[str, ...]
    mac_address: str
    nexthops: tuple[str, ...] = ()
    on_link: bool = False
    enable_snat: bool = True


@dataclass(frozen=True)
class FloatingIp:
    """1:1 NAT of an outer to an inner IPv4 address."""

    floating_ip_address: str
    fixed_ip_address: str


@dataclass(frozen=True)
class Route:
    destination: str
    nexthop: str


@dataclass(frozen=True)
class Router:
    """One HA router; ha_address is this node's own, all else is the same on every node.

    An empty password in authentication is the one that the node has already. connection_tracking: whether established
    connections survive a failover.
    """

    name: str
    virtual_router_id: int
    ha_network: str
    ha_address: str
    interfaces: tuple[Interface, ...] = ()
    external_gateway: Gateway | None = None
    floating_ips: tuple[FloatingIp, ...] = ()
    routes: tuple[Route, ...] = ()
    priority: int = PRIORITY
    advert_interval: float = ADVERT_INTERVAL
    preempt: bool = False
    version: int = 2
    authentication: Authentication | None = None
    connection_tracking: bool = False

    def __hash__(self) -> int:
        """These tell the routers of a node apart; that of all values of hundreds of them would take milliseconds."""
        return hash((self.name, self.virtual_router_id, self.ha_address))

    @property
    def networks(self) -> tuple[str, ...]:
        """Names of the networks that it touches, the HA network first."""
        names = [self.ha_network, *(interface.network for interface in self.interfaces)]
        return tuple([*names, self.external_gateway.network] if self.external_gateway else names)

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses of interfaces and gateway, with prefix lengths."""
        legs: list[Interface | Gateway] = [*self.interfaces]
        if self.external_gateway:
            legs.append(self.external_gateway)
        return tuple(address for leg in legs for address in leg.addresses)


@dataclass(frozen=True)
class NodeSpec:
    """All that a node is to have."""

    networks: tuple[Network, ...] = ()
    routers: tuple[Router, ...] = ()

    def ordered(self) -> NodeSpec:
        networks = tuple(replace(network, peers=sort_addresses(network.peers)) for network in self.networks)
        return NodeSpec(networks, tuple(map(_ordered, self.routers))).sorted()

    def sorted(self) -> NodeSpec:
        """The same, of networks and routers each of which is in order."""
        return NodeSpec(by_name(self.networks), by_name(self.routers))

    def network(self, name: str) -> Network:
        """Raises KeyError for a network that is not there."""
        for network in self.networks:
            if network.name == name:
                return network
        raise KeyError(name)

    def with_(self, other: NodeSpec) -> NodeSpec:
        """This, with the networks and routers of other added or in place of those of the same name."""
        return NodeSpec(_merge(self.networks, other.networks), _merge(self.routers, other.routers))

    def without(self, networks: Iterable[str], routers: Iterable[str]) -> NodeSpec:
        gone, off = set(networks), set(routers)
        return NodeSpec(
            tuple(network for network in self.networks if network.name not in gone),
            tuple(router for router in self.routers if router.name not in off),
        )


Named = TypeVar("Named", Network, Router)
Part = TypeVar("Part")


def by_name(items: Iterable[Named]) -> tuple[Named, ...]:
    return tuple(sorted(items, key=lambda item: item.name))


def _merge(old: tuple[Named, ...], new: tuple[Named, ...]) -> tuple[Named, ...]:
    merged = {item.name: item for item in old}
    merged.update({item.name: item for item in new})
    return tuple(merged.values())


def to_text(spec: NodeSpec) -> str:
    """The specification as the module's options, in JSON with a line for each network and router; parse() of them gives
    the same specification."""
    return _TEXT % (",\n".join(map(_line, spec.networks)), ",\n".join(map(_line, spec.routers)))


def from_text(text: str) -> NodeSpec:
    """What to_text() was given. Nothing is checked, which takes a tenth of the time of parse()."""
    networks, routers = text[len(_BEFORE) : -len(_AFTER)].split(_BETWEEN)
    return NodeSpec(_items(Network, networks), _items(Router, routers))


#: What stands around the lines of to_text(). JSON has no line break within a value.
_BEFORE, _BETWEEN, _AFTER = '{"networks": [\n', '\n], "routers": [\n', "\n]}"
_TEXT = "%s%%s%s%%s%s" % (_BEFORE, _BETWEEN, _AFTER)
#: What a run has read or written: most of it is read or written again, and that of hundreds of routers takes long.
_lines: dict[Network | Router, str] = {}
_known: dict[str, Any] = {}


def _line(item: Network | Router) -> str:
    if item not in _lines:
        _lines[item] = json.dumps(item, sort_keys=True, default=_words)
    return _lines[item]


def _items(kind: type[Named], text: str) -> tuple[Named, ...]:
    lines = text.split(",\n") if text else []
    new = [line for line in lines if line not in _known]
    for line, words in zip(new, json.loads("[%s]" % ",".join(new))):
        item = _known[line] = _value(kind, words)
        _lines[item] = line
    return tuple([_known[line] for line in lines])


def to_words(spec: NodeSpec) -> dict[str, list[dict[str, Any]]]:
    """The options, decoded."""
    words: dict[str, list[dict[str, Any]]] = json.loads(to_text(spec))
    return words


def without_passwords(spec: NodeSpec) -> dict[str, list[dict[str, Any]]]:
    """The same as it may be shown; given back to the module, it keeps the passwords that the node has."""
    words = to_words(spec)
    for router in words["routers"]:
        router.get("authentication", {}).pop("password", None)
    return words


def _words(part: object) -> dict[str, Any]:
    """Without what is unset. (dataclasses.asdict copies each value, and takes four times as long.)"""
    return {key: value for key, value in vars(part).items() if value is not None and value != ()}


#: What is nested in a router, by the name of its field.
_PARTS: dict[str, type[Any]] = {
    "interfaces": Interface,
    "external_gateway": Gateway,
    "floating_ips": FloatingIp,
    "routes": Route,
    "authentication": Authentication,
}


def _value(kind: type[Part], words: Mapping[str, Any]) -> Part:
    """The other way round."""
    values = dict(words)
    for key, value in words.items():
        part = _PARTS.get(key)
        if isinstance(value, list):
            values[key] = tuple(_value(part, item) for item in value) if part else tuple(value)
        elif part:
            values[key] = _value(part, value)
    return kind(**values)


def _ordered(router: Router) -> Router:
    legs = [replace(leg, addresses=sort_addresses(leg.addresses)) for leg in router.interfaces]
    gateway = router.external_gateway
    if gateway:
        gateway = replace(gateway, addresses=_gateway_first(gateway), nexthops=sort_addresses(gateway.nexthops))
    return replace(
        router,
        interfaces=tuple(sorted(legs, key=lambda leg: leg.network)),
        external_gateway=gateway,
        floating_ips=tuple(sorted(router.floating_ips, key=lambda pair: address_order(pair.floating_ip_address))),
        routes=tuple(sorted(router.routes, key=lambda route: (address_order(route.destination), route.nexthop))),
    )


def _gateway_first(gateway: Gateway) -> tuple[str, ...]:
    """Its addresses in order, but that of source NAT, the first of IPv4, before the others."""
    first = [address for address in gateway.addresses if ":" not in address][: int(gateway.enable_snat)]
    return (*first, *sort_addresses(address for address in gateway.addresses if address not in first))


def sort_addresses(addresses: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(addresses, key=address_order))


def address_order(address: str) -> tuple[int, int, int]:
    """Sort key: IPv4 before IPv6, then by number."""
    parsed = interface_of(address)
    return (parsed.version, int(parsed.ip), parsed.network.prefixlen)
