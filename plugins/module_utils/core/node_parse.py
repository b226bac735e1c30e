# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the options of node_routers to a NodeSpec: spelling and single values. What values mean together: node_rules."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import node_names
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import Problem, SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_model import Authentication, interface_of
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_words import (
    interface_problems,
    name_problem,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_spec import (
    ADVERT_INTERVAL,
    IPV6_MTU,
    PRIORITY,
    VXLAN_OVERHEAD,
    VXLAN_PORT,
    FloatingIp,
    Gateway,
    Interface,
    Network,
    NodeSpec,
    Route,
    Router,
)

Params = dict[str, Any]

#: Which options a kind of network needs, and which it can have besides name, kind, uplink and mtu.
_NEEDS = {"vxlan": ("vni",), "flat": (), "vlan": ("vlan_id",)}
_MAY = {"vxlan": ("vni", "group", "peers", "local_address", "port"), "flat": (), "vlan": ("vlan_id",)}
_OWN = ("vni", "group", "peers", "local_address", "port", "vlan_id")

_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}\Z")


def parse(params: Params) -> NodeSpec:
    """Options to a specification. Raises SpecError with every value that is wrong by itself."""
    parser = Parser()
    spec = NodeSpec(
        tuple(parser.network(item, "networks[%d]" % at) for at, item in enumerate(params.get("networks") or [])),
        tuple(parser.router(item, "routers[%d]" % at) for at, item in enumerate(params.get("routers") or [])),
    )
    if parser.problems:
        raise SpecError(parser.problems)
    return spec


def parse_names(params: Params) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of networks and of routers, for state absent. Raises SpecError for a name that none can have."""
    parser = Parser()
    networks = [parser.network_name(item, "networks[%d]" % at) for at, item in enumerate(params.get("networks") or [])]
    routers = [parser.router_name(item, "routers[%d]" % at) for at, item in enumerate(params.get("routers") or [])]
    if parser.problems:
        raise SpecError(parser.problems)
    return tuple(networks), tuple(routers)


class Parser:
    """Turns options into values and collects what is wrong with them; a wrong value becomes an empty one."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def network(self, item: Params, path: str) -> Network:
        name, kind = self.network_name(item, path), item.get("kind") or ""
        if kind not in _NEEDS:
            self._problem(path + ".kind", "%r is not a kind of network: %s" % (kind, ", ".join(sorted(_NEEDS))))
            return Network(name, "flat", "", 1500)
        for key in _OWN:
            if item.get(key) and key not in _MAY[kind]:
                self._problem("%s.%s" % (path, key), "has no meaning for a %s network; leave it out" % kind)
        for key in _NEEDS[kind]:
            if item.get(key) is None:
                self._problem("%s.%s" % (path, key), "is missing; a %s network needs it" % kind)
        mtu = item.get("mtu") or (1500 - VXLAN_OVERHEAD if kind == "vxlan" else 1500)
        self._between(mtu, IPV6_MTU, 65535, path + ".mtu")
        uplink = self._device(item.get("uplink"), path + ".uplink")
        if kind == "flat":
            return Network(name, kind, uplink, mtu)
        if kind == "vlan":
            return Network(
                name, kind, uplink, mtu, vlan_id=self._between(item.get("vlan_id"), 1, 4094, path + ".vlan_id")
            )
        return self._vxlan(item, path, Network(name, kind, uplink, mtu))

    def _vxlan(self, item: Params, path: str, base: Network) -> Network:
        peers = [self._host(peer, "%s.peers[%d]" % (path, at)) for at, peer in enumerate(item.get("peers") or [])]
        group = item.get("group")
        if bool(group) == bool(peers):
            self._problem(path, "give either group, for a multicast underlay, or peers, the other nodes' addresses")
        if group:
            group = self._host(group, path + ".group")
            if group and not ipaddress.ip_address(group).is_multicast:
                self._problem(path + ".group", "%s is not a multicast address; the other nodes go into peers" % group)
        for at, peer in enumerate(peers):
            if peer in peers[:at]:
                self._problem("%s.peers[%d]" % (path, at), "%s is named twice" % peer)
            elif peer and ipaddress.ip_address(peer).is_multicast:
                self._problem("%s.peers[%d]" % (path, at), "%s is a multicast address; it goes into group" % peer)
        local = item.get("local_address")
        local = self._host(local, path + ".local_address") if local else None
        if local and ipaddress.ip_address(local).is_multicast:
            self._problem(path + ".local_address", "%s is a multicast address; give one that the node has" % local)
        self._one_family(list(filter(None, [group, *peers])), local, path)
        return Network(
            base.name,
            base.kind,
            base.uplink,
            base.mtu,
            vni=self._between(item.get("vni"), 1, 2**24 - 1, path + ".vni"),
            group=group or None,
            peers=tuple(filter(None, peers)),
            local_address=local,
            port=self._between(item.get("port") or VXLAN_PORT, 1, 65535, path + ".port"),
        )

    def _one_family(self, others: list[str], local: str | None, path: str) -> None:
        """The kernel's VXLAN devices have one family, and take IPv4 where only peers of IPv6 would tell (vxlan.c)."""
        versions = {ipaddress.ip_address(address).version for address in others}
        if len(versions) > 1:
            self._problem(path + ".peers", "IPv4 and IPv6 addresses are mixed: a VXLAN device has one family")
        elif local and versions - {ipaddress.ip_address(local).version}:
            text = "%s is not of the family of the group or the peers: a VXLAN device has one"
            self._problem(path + ".local_address", text % local)
        elif versions == {6} and not local and not ipaddress.ip_address(others[0]).is_multicast:
            self._problem(path + ".local_address", "is missing; peers with IPv6 addresses need it")

    def router(self, item: Params, path: str) -> Router:
        name = self.router_name(item, path)
        for key in ("virtual_router_id", "ha_network", "ha_address"):
            if item.get(key) in (None, ""):
                self._problem("%s.%s" % (path, key), "is missing; every router needs it")
        legs = [
            self._interface(leg, name, "%s.interfaces[%d]" % (path, at))
            for at, leg in enumerate(item.get("interfaces") or [])
        ]
        vrid = item.get("virtual_router_id")
        interval = item.get("advert_interval")
        priority = item.get("priority")
        return Router(
            name=name,
            virtual_router_id=1 if vrid is None else vrid,
            ha_network=item.get("ha_network") or "",
            ha_address=self._cidr(item.get("ha_address"), path + ".ha_address") if item.get("ha_address") else "",
            interfaces=tuple(legs),
            external_gateway=self._gateway(item.get("external_gateway"), name, path + ".external_gateway"),
            floating_ips=self._floating_ips(item.get("floating_ips") or [], path),
            routes=self._routes(item.get("routes") or [], path),
            priority=PRIORITY if priority is None else priority,
            advert_interval=ADVERT_INTERVAL if interval is None else float(interval),
            preempt=bool(item.get("preempt")),
            version=item.get("version") or (2 if interval is None or float(interval).is_integer() else 3),
            authentication=self._authentication(item.get("authentication")),
            connection_tracking=bool(item.get("connection_tracking")),
        )

    def network_name(self, item: Params, path: str) -> str:
        return self._name(item, path, "network", node_names.NETWORK_NAME_LENGTH)

    def router_name(self, item: Params, path: str) -> str:
        return self._name(item, path, "router", node_names.ROUTER_NAME_LENGTH)

    def _interface(self, item: Params, router: str, path: str) -> Interface:
        network, servers = item.get("network") or "", item.get("dns_nameservers") or []
        return Interface(
            network,
            self._cidrs(item, path),
            self._mac(item, router, network, path),
            ipv6_ra_mode=item.get("ipv6_ra_mode") or None,
            dns_nameservers=tuple(
                self._host(server, "%s.dns_nameservers[%d]" % (path, at), 6) for at, server in enumerate(servers)
            ),
        )

    def _gateway(self, item: Params | None, router: str, path: str) -> Gateway | None:
        if not item:
            return None
        network = item.get("network") or ""
        hops = [self._host(hop, "%s.nexthops[%d]" % (path, at)) for at, hop in enumerate(item.get("nexthops") or [])]
        return Gateway(
            network,
            self._cidrs(item, path),
            self._mac(item, router, network, path),
            nexthops=tuple(filter(None, hops)),
            on_link=bool(item.get("on_link")),
            enable_snat=item.get("enable_snat") is not False,
        )

    def _floating_ips(self, items: list[Params], path: str) -> tuple[FloatingIp, ...]:
        found = []
        for at, item in enumerate(items):
            where = "%s.floating_ips[%d]." % (path, at)
            outer = self._host(item.get("floating_ip_address"), where + "floating_ip_address", 4)
            inner = self._host(item.get("fixed_ip_address"), where + "fixed_ip_address", 4)
            if outer and inner:
                found.append(FloatingIp(outer, inner))
        return tuple(found)

    def _routes(self, items: list[Params], path: str) -> tuple[Route, ...]:
        found = []
        for at, item in enumerate(items):
            where = "%s.routes[%d]." % (path, at)
            destination = str(item.get("destination"))
            hop = self._host(item.get("nexthop"), where + "nexthop")
            try:
                network = ipaddress.ip_network(destination)
            except ValueError:
                wrong = "%r is not a network such as 198.51.100.0/24, without host bits" % destination
                self._problem(where + "destination", wrong)
                continue
            if hop and ipaddress.ip_address(hop).version != network.version:
                self._problem(where + "nexthop", "%s is not of the family of %s" % (hop, network))
            elif hop:
                found.append(Route(str(network), hop))
        return tuple(found)

    def _authentication(self, item: Params | None) -> Authentication | None:
        return Authentication(item.get("password") or "", item.get("type") or "PASS") if item else None

    def _cidrs(self, item: Params, path: str) -> tuple[str, ...]:
        values = item.get("addresses") or []
        if not values:
            self._problem(path + ".addresses", "is empty; give at least one address such as 198.51.100.1/24")
        found = [self._cidr(value, "%s.addresses[%d]" % (path, at)) for at, value in enumerate(values)]
        for at, value in enumerate(found):
            if value and value in found[:at]:
                self._problem("%s.addresses[%d]" % (path, at), "%s is named twice" % value)
        return tuple(filter(None, found))

    def _cidr(self, value: Any, path: str) -> str:
        text = str(value)
        try:
            parsed = interface_of(text)
        except ValueError:
            self._problem(path, "%r is not an address with a prefix length, such as 198.51.100.1/24" % text)
            return ""
        wrong = _not_a_host(parsed) if "/" in text else "%r has no prefix length, such as %s/24" % (text, text)
        if wrong:
            self._problem(path, wrong)
            return ""
        return str(parsed)

    def _host(self, value: Any, path: str, family: int | None = None) -> str:
        try:
            parsed = ipaddress.ip_address(str(value))
        except ValueError:
            self._problem(path, "%r is not an address such as 198.51.100.1" % (value,))
            return ""
        if "%" in str(parsed) or parsed.is_unspecified:
            self._problem(path, "%s is not an address that a node has" % parsed)
            return ""
        if family and parsed.version != family:
            self._problem(path, "%s is not an IPv%d address" % (parsed, family))
            return ""
        return str(parsed)

    def _mac(self, item: Params, router: str, network: str, path: str) -> str:
        value = item.get("mac_address")
        if not value:
            return node_names.mac_address(router, network)
        text = str(value).lower()
        if not _MAC.match(text) or int(text[:2], 16) & 1 or text == "00:00:00:00:00:00":
            self._problem(path + ".mac_address", "%r is not a unicast MAC address such as fa:16:3e:00:00:01" % value)
        return text

    def _device(self, value: Any, path: str) -> str:
        text = str(value or "")
        wrong = [message for _key, message in interface_problems("", text)]
        for message in wrong or ([] if "@" not in text else ["%r has an @, which Linux only prints" % text]):
            self._problem(path, message)
        return text

    def _name(self, item: Params, path: str, kind: str, longest: int) -> str:
        name = str(item.get("name") or "")
        wrong = name_problem(name, kind, longest)
        if wrong:
            self._problem(path + ".name", wrong)
        return name

    def _between(self, value: int | None, least: int, most: int, path: str) -> int:
        if value is not None and not least <= value <= most:
            self._problem(path, "%d is out of range: %d to %d" % (value, least, most))
        return least if value is None else value

    def _problem(self, path: str, message: str) -> None:
        self.problems.append(Problem(path, message))


def _not_a_host(address: Any) -> str | None:
    """Why an address with a prefix length cannot be a router's; None when it can."""
    network, longest = address.network, address.max_prefixlen
    if address.is_multicast or address.is_unspecified or address.is_loopback or network.prefixlen == 0:
        return "%s is not the address of a host" % address
    if address.version == 6 and address.is_link_local:
        return "%s is link-local; a router has one by itself, made from its MAC address" % address
    if network.prefixlen < longest - 1 and address.ip == network.network_address:
        return "%s is the address of its network, not of a host in it; use %s" % (address, network[1])
    if address.version == 4 and network.prefixlen < longest - 1 and address.ip == network.broadcast_address:
        return "%s is the broadcast address of its network, not of a host in it" % address
    return None
