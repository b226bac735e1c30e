# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the addresses of one router cannot mean together: subnets, next hops, floating IPs, routes."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import node_names
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import Problem
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_model import interface_of
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_spec import Gateway, Interface, Router
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.radvd import AUTONOMOUS, MODES

#: (path, subnet, address) of every address of a router; networks of one leg may not overlap those of another.
Place = tuple[str, Any, Any, str]


@cache
def router_problems(router: Router, path: str) -> tuple[Problem, ...]:
    """What is wrong within a router; path is where it stands."""
    return tuple(_problems(router, path))


def _problems(router: Router, path: str) -> Iterator[Problem]:
    places = list(_places(router, path))
    yield from _overlaps(router, path, places)
    for at, leg in enumerate(router.interfaces):
        yield from _advertisements(leg, "%s.interfaces[%d]." % (path, at))
    if router.external_gateway:
        yield from _gateway(router.external_gateway, path + ".external_gateway.")
    yield from _floating_ips(router, path, places)
    yield from _routes(router, path, places)


def _places(router: Router, path: str) -> Iterator[Place]:
    legs = [("%s.interfaces[%d]" % (path, at), leg.network, leg.addresses) for at, leg in enumerate(router.interfaces)]
    gateway = router.external_gateway
    if gateway:
        legs.append((path + ".external_gateway", gateway.network, gateway.addresses))
    for where, network, addresses in legs:
        for at, address in enumerate(addresses):
            parsed = interface_of(address)
            yield "%s.addresses[%d]" % (where, at), parsed.network, parsed.ip, network


def _no_hosts(address: Any, subnets: Iterable[Any] = ()) -> bool:
    """Whether no host can have it; subnets: those whose network and broadcast addresses are meant, too."""
    return (
        address.is_multicast
        or address.is_unspecified
        or address.is_loopback
        or any(
            subnet.version == address.version == 4
            and subnet.prefixlen < 31
            and address in (subnet.network_address, subnet.broadcast_address)
            for subnet in subnets
        )
    )


def _overlaps(router: Router, path: str, places: list[Place]) -> Iterator[Problem]:
    ha = interface_of(router.ha_address)
    primary = interface_of(node_names.primary_address(router.virtual_router_id)).network
    if ha.version != 4:
        yield Problem(path + ".ha_address", "%s is not IPv4, in which the routers of a network talk VRRP" % ha)
    elif ha.network.overlaps(primary):
        text = "%s overlaps %s, in which every router has its primary address: use another, such as 169.254.192.0/18"
        yield Problem(path + ".ha_address", text % (ha.network, primary))
    for at, (where, subnet, _ip, network) in enumerate(places):
        for other, taken in (("the HA network's", ha.network), ("the primary addresses'", primary)):
            if subnet.version == taken.version and subnet.overlaps(taken):
                yield Problem(where, "%s overlaps %s subnet %s" % (subnet, other, taken))
        for first, earlier, _other_ip, other_network in places[:at]:
            same = network == other_network and subnet == earlier
            if subnet.version == earlier.version and subnet.overlaps(earlier) and not same:
                text = "%s overlaps %s of %s; the subnets of a router are disjoint"
                yield Problem(where, text % (subnet, earlier, first))


def _advertisements(leg: Interface, path: str) -> Iterator[Problem]:
    mode = leg.ipv6_ra_mode
    six = [(at, interface_of(value)) for at, value in enumerate(leg.addresses) if ":" in value]
    if mode is None:
        if leg.dns_nameservers:
            yield Problem(path + "dns_nameservers", "are told in router advertisements: set ipv6_ra_mode")
        return
    if mode not in MODES:
        yield Problem(path + "ipv6_ra_mode", "%r is not a mode: %s" % (mode, ", ".join(sorted(MODES))))
    elif not six:
        yield Problem(path + "ipv6_ra_mode", "%s needs an IPv6 address in addresses" % mode)
    for at, address in six if mode in AUTONOMOUS else ():
        if address.network.prefixlen != 64:
            text = "%s: hosts make addresses of their own (%s) only in a /64 (RFC 4291, 2.5.1); use one, or %s"
            yield Problem("%saddresses[%d]" % (path, at), text % (address, mode, "dhcpv6-stateful"))
    for at, server in enumerate(leg.dns_nameservers):
        parsed = ipaddress.ip_address(server) if server else None
        if parsed and _no_hosts(parsed):
            yield Problem("%sdns_nameservers[%d]" % (path, at), "%s is not the address of a host" % parsed)
        elif server in leg.dns_nameservers[:at]:
            yield Problem("%sdns_nameservers[%d]" % (path, at), "%s is named twice" % server)


def _gateway(gateway: Gateway, path: str) -> Iterator[Problem]:
    own = [interface_of(address) for address in gateway.addresses]
    families = [ipaddress.ip_address(hop).version for hop in gateway.nexthops]
    for at, value in enumerate(gateway.nexthops):
        hop, where = ipaddress.ip_address(value), "%snexthops[%d]" % (path, at)
        if hop.version in families[:at]:
            yield Problem(
                where, "%s is a second IPv%d next hop; a router has one default route a family" % (hop, hop.version)
            )
        if hop in [address.ip for address in own]:
            yield Problem(where, "%s is the router's own address" % hop)
        elif hop.version not in [address.version for address in own]:
            yield Problem(where, "%s has no use: the gateway has no IPv%d address" % (hop, hop.version))
        elif _no_hosts(hop, [address.network for address in own]):
            yield Problem(where, "%s is not the address of a host" % hop)
        elif not (gateway.on_link or hop.is_link_local or any(hop in address.network for address in own)):
            subnets = ", ".join(str(address.network) for address in own if address.version == hop.version)
            text = "%s is outside %s: correct it, or set on_link: true if it is reached directly"
            yield Problem(where, text % (hop, subnets))


def _floating_ips(router: Router, path: str, places: list[Place]) -> Iterator[Problem]:
    own = {ip for _where, _subnet, ip, _network in places}
    subnets = [subnet for _where, subnet, _ip, _network in places]
    inside = [subnet for where, subnet, _ip, _network in places if ".interfaces[" in where]
    inside += [ipaddress.ip_network(route.destination) for route in router.routes]
    hops = router.external_gateway.nexthops if router.external_gateway else ()
    outer_seen, inner_seen = set(), set()
    for at, pair in enumerate(router.floating_ips):
        where = "%s.floating_ips[%d]." % (path, at)
        outer, inner = ipaddress.ip_address(pair.floating_ip_address), ipaddress.ip_address(pair.fixed_ip_address)
        if router.external_gateway is None:
            yield Problem(where + "floating_ip_address", "%s needs an external_gateway" % outer)
        if outer in own or str(outer) in hops or _no_hosts(outer, subnets):
            yield Problem(where + "floating_ip_address", "%s cannot be one: it is in use, or no host's" % outer)
        if inner in own or not any(inner in subnet for subnet in inside if subnet.version == 4):
            text = "%s is not that of a host behind an interface or a route of this router"
            yield Problem(where + "fixed_ip_address", text % inner)
        elif _no_hosts(inner, subnets):
            yield Problem(where + "fixed_ip_address", "%s is not the address of a host" % inner)
        if outer in outer_seen:
            yield Problem(where + "floating_ip_address", "%s is named twice" % outer)
        if inner in inner_seen:
            yield Problem(where + "fixed_ip_address", "%s already has a floating IP" % inner)
        outer_seen.add(outer)
        inner_seen.add(inner)


def _routes(router: Router, path: str, places: list[Place]) -> Iterator[Problem]:
    hops = router.external_gateway.nexthops if router.external_gateway else ()
    defaults = {ipaddress.ip_address(hop).version for hop in hops}
    seen = set()
    for at, route in enumerate(router.routes):
        destination, hop = ipaddress.ip_network(route.destination), ipaddress.ip_address(route.nexthop)
        where = "%s.routes[%d]." % (path, at)
        if destination in seen or (destination.prefixlen == 0 and destination.version in defaults):
            yield Problem(where + "destination", "%s already has a route" % destination)
        outside = [subnet for where_, subnet, _ip, _network in places if ".external_gateway." in where_]
        if destination.prefixlen == 0 and any(hop in subnet for subnet in outside if subnet.version == hop.version):
            yield Problem(where + "destination", "%s goes to external_gateway.nexthops" % destination)
        if any(destination == subnet for _where, subnet, _ip, _network in places):
            yield Problem(where + "destination", "%s is a subnet of the router itself" % destination)
        if any(hop == ip for _where, _subnet, ip, _network in places):
            yield Problem(where + "nexthop", "%s is the router's own address" % hop)
        elif not any(hop in subnet for _where, subnet, _ip, _network in places if subnet.version == hop.version):
            yield Problem(where + "nexthop", "%s lies in none of the router's subnets" % hop)
        elif _no_hosts(hop, [subnet for _where, subnet, _ip, _network in places]):
            yield Problem(where + "nexthop", "%s is not the address of a host" % hop)
        seen.add(destination)
