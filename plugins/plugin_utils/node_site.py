# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the inventory of a site to the call of node_routers for each of its hosts.

Numbers that nobody gave follow from names and from the order in the inventory, so every host comes to the same: VRIDs
from the routers' names, HA addresses from the VRID and the host's number, MAC addresses from router and network,
priorities from the host's number.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

try:
    import netaddr
except ImportError:
    netaddr = None  # type: ignore[assignment]

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import node_names
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import Problem, SpecError

#: Addresses of the HA network that each VRID has, one a host.
HOSTS = 64
VRIDS = 254
#: The highest priority that is derived: keepalived says that it stops before it takes its addresses away, and a backup
#: then waits for (256 - priority) / 256 s only (RFC 3768, 6.1, Skew_Time); in version 3, of the advertisement interval.
HIGHEST_PRIORITY = 128
#: The highest priority that there is, for the owner of the addresses (RFC 5798, 5.2.4).
_HIGHEST_GIVEN = 255
#: What makes a network one with the same on another host; another MTU would show after a failover only.
_SHARED = ("kind", "vni", "vlan_id", "group", "port", "mtu")
#: What a router has on one host and not on another.
_OWN = ("ha_address", "priority")

Host = Mapping[str, Any]
Router = dict[str, Any]


def calls(hosts: Mapping[str, Host], ha_cidr: str, site: str = "") -> dict[str, dict[str, Any]]:
    """Options of node_routers by host. hosts: ``networks``, ``routers`` (None: not set), perhaps ``number``; in order.

    Raises SpecError with everything that hosts disagree about or have twice.
    """
    numbers = _numbers(hosts)
    problems = list(_unset(hosts)) or list(_unusable(hosts))
    if problems:
        raise SpecError(problems)
    vrids = _virtual_router_ids([router for host in hosts.values() for router in host["routers"]])
    addresses = netaddr.IPNetwork(ha_cidr)
    problems = list(_room(addresses, numbers, ha_cidr))
    if problems:
        raise SpecError(problems)
    found = {
        name: {
            "networks": list(host["networks"]),
            "routers": [_router(router, vrids, addresses, numbers[name], site) for router in host["routers"]],
        }
        for name, host in hosts.items()
    }
    problems = [*_networks(found), *_disagreements(found), *_twice(found)]
    if problems:
        raise SpecError(problems)
    return found


def _unset(hosts: Mapping[str, Host]) -> Iterator[Problem]:
    """To have no routers must be said: it removes those that are there."""
    for host, variables in hosts.items():
        for key in ("networks", "routers"):
            if variables[key] is None:
                text = "is not set in the inventory, for the host or a group; to have none, set it to []"
                yield Problem("%s.node_routers_%s" % (host, key), text)


def _unusable(hosts: Mapping[str, Host]) -> Iterator[Problem]:
    """What nothing can be derived from or compared with; the module judges the rest."""
    for _host, path, router in _each(hosts):
        for key in ("name", "ha_network"):
            if not isinstance(router.get(key), str):
                yield Problem("%s.%s" % (path, key), "is missing; every router needs it")
        for key, highest in (("virtual_router_id", VRIDS), ("priority", _HIGHEST_GIVEN)):
            value = router.get(key)
            if value is not None and not (str(value).isdigit() and 1 <= int(value) <= highest):
                yield Problem("%s.%s" % (path, key), "%s is out of range: 1 to %d" % (value, highest))
        if router.get("ha_address") is not None and not _parsed(netaddr.IPNetwork, router["ha_address"]):
            text = "%s is no address with a prefix length, such as 169.254.192.1/18"
            yield Problem(path + ".ha_address", text % router["ha_address"])
        for key, leg in _legs(router):
            if not isinstance(leg.get("network"), str):
                yield Problem("%s.%s.network" % (path, key), "is missing")
            if leg.get("mac_address") and not _parsed(netaddr.EUI, leg["mac_address"]):
                text = "%s is no MAC address, such as fa:16:3e:00:00:01"
                yield Problem("%s.%s.mac_address" % (path, key), text % leg["mac_address"])


def _parsed(kind: type[Any], text: Any) -> bool:
    try:
        return bool(str(kind(str(text))))
    except (netaddr.AddrFormatError, ValueError):
        return False


def _legs(router: Mapping[str, Any]) -> Iterator[tuple[str, Router]]:
    for at, leg in enumerate(router.get("interfaces") or []):
        yield "interfaces[%d]" % at, leg
    if router.get("external_gateway"):
        yield "external_gateway", router["external_gateway"]


def _numbers(hosts: Mapping[str, Host]) -> dict[str, int]:
    """A host's own number, or else its place in the inventory, from 1."""
    return {name: int(host.get("number") or at) for at, (name, host) in enumerate(hosts.items(), 1)}


def _room(addresses: netaddr.IPNetwork, numbers: Mapping[str, int], cidr: str) -> Iterator[Problem]:
    if addresses.size < VRIDS * HOSTS + 2:
        text = "%s is too small: %d VRIDs with %d hosts each need a /18"
        yield Problem("node_routers_ha_cidr", text % (cidr, VRIDS, HOSTS))
    seen: dict[int, str] = {}
    for host, number in numbers.items():
        if not 1 <= number <= HOSTS:
            yield Problem(host + ".node_routers_number", "%d is out of range: 1 to %d" % (number, HOSTS))
        if seen.setdefault(number, host) != host:
            text = "%d is already that of %s: give every host a number of its own"
            yield Problem(host + ".node_routers_number", text % (number, seen[number]))


def _virtual_router_ids(routers: Sequence[Router]) -> dict[tuple[str, str], int]:
    """VRIDs by HA network and router. Those given come first; the others keep theirs when routers are added at the end.

    A router that had to give way to another one moves when that one is removed, or comes after it.
    """
    found = {_key(router): int(router["virtual_router_id"]) for router in routers if router.get("virtual_router_id")}
    for router in routers:
        if _key(router) not in found:
            taken = {vrid for (network, _name), vrid in found.items() if network == router["ha_network"]}
            start = int.from_bytes(hashlib.sha256(router["name"].encode()).digest()[:4], "big")
            free = [(start + step) % VRIDS + 1 for step in range(VRIDS)]
            found[_key(router)] = next((vrid for vrid in free if vrid not in taken), 0)
    return found


def _key(router: Router) -> tuple[str, str]:
    return router["ha_network"], router["name"]


def priority(number: int) -> int:
    """A host's own priority, the highest for the first, and for the first few hosts far apart.

    Backups of the same priority wait equally long for a lost master, and then are active together until one has heard
    the other. The number's bits in reverse (van der Corput's sequence) halve the largest distance with every host.
    """
    place = int(f"{number - 1:06b}"[::-1], 2)
    return HIGHEST_PRIORITY - HIGHEST_PRIORITY // HOSTS * place


def _router(
    given: Router, vrids: Mapping[tuple[str, str], int], addresses: netaddr.IPNetwork, number: int, site: str
) -> Router:
    router = copy.deepcopy(dict(given))
    vrid = router["virtual_router_id"] = vrids[_key(given)]
    if not router.get("ha_address"):
        host = addresses[(vrid - 1) * HOSTS + number]
        router["ha_address"] = "%s/%d" % (host, addresses.prefixlen)
    router["priority"] = router.get("priority") or priority(number)
    for _path, leg in _legs(router):
        leg["mac_address"] = leg.get("mac_address") or node_names.mac_address(router["name"], leg["network"], site)
    return router


def _each(found: Mapping[str, Any]) -> Iterator[tuple[str, str, Router]]:
    for host, call in found.items():
        for at, router in enumerate(call["routers"]):
            yield host, "%s.node_routers_routers[%d]" % (host, at), router


def _networks(found: Mapping[str, Any]) -> Iterator[Problem]:
    """Networks of one name are one network, or both nodes become active; uplink and own address are the node's."""
    first: dict[str, tuple[str, Any]] = {}
    for host, call in found.items():
        for at, network in enumerate(call["networks"]):
            other, known = first.setdefault(str(network.get("name")), (host, network))
            for key in _SHARED:
                if network.get(key) != known.get(key):
                    text = "%s differs from that of %s, %s: a network is the same on every host"
                    path = "%s.node_routers_networks[%d].%s" % (host, at, key)
                    yield Problem(path, text % (network.get(key), other, known.get(key)))


def _disagreements(found: Mapping[str, Any]) -> Iterator[Problem]:
    first: dict[str, tuple[str, Router]] = {}
    for host, path, router in _each(found):
        other, known = first.setdefault(router["name"], (host, router))
        for key in sorted((set(router) | set(known)) - set(_OWN)):
            if router.get(key) != known.get(key):
                text = "differs from that of %s: a router is the same on every host"
                yield Problem("%s.%s" % (path, key), text % other)


def _twice(found: Mapping[str, Any]) -> Iterator[Problem]:
    """VRIDs and MAC addresses that two routers have, and HA addresses that two hosts have."""
    seen: dict[tuple[str, str, Any], str] = {}
    for host, path, router in _each(found):
        network = router["ha_network"]
        values = [("virtual_router_id", network, router["virtual_router_id"], router["name"])]
        address = netaddr.IPNetwork(router["ha_address"]).ip
        values.append(("ha_address", network, address, "%s on %s" % (router["name"], host)))
        for key, leg in _legs(router):
            values.append((key + ".mac_address", leg["network"], netaddr.EUI(leg["mac_address"]), router["name"]))
        for key, where, value, owner in values:
            kind = key.rpartition(".")[2]
            known = seen.setdefault((kind, where, value), owner)
            if known != owner:
                text = "%s is already that of router %s on network %s: choose another"
                yield Problem("%s.%s" % (path, key), text % (value, known, where))
            elif kind == "virtual_router_id" and not value:
                yield Problem("%s.%s" % (path, key), "all %d of network %s are taken" % (VRIDS, where))
