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
    """Options of node_routers by host. hosts: in order, with ``networks`` and ``routers`` (None: not set), and perhaps
    ``number``, ``ha_cidr`` and ``site``.

    Raises SpecError with everything that hosts disagree about or have twice.
    """
    problems = list(_unset(hosts)) or list(_misshapen(hosts)) or list(_unusable(hosts))
    if problems:
        raise SpecError(problems)
    numbers = _numbers(hosts)
    problems = [*_numbers_of_hosts(numbers), *_room(ha_cidr), *_given_differently(hosts)]
    problems += _other_settings(hosts, {"ha_cidr": ha_cidr, "site": site})
    if problems:
        raise SpecError(problems)
    vrids = _virtual_router_ids([router for host in hosts.values() for router in host["routers"]])
    addresses = netaddr.IPNetwork(ha_cidr)
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


def _misshapen(hosts: Mapping[str, Host]) -> Iterator[Problem]:
    """Values that cannot be looked into. The role's own specification checks those of the hosts of a run only."""
    for host, variables in hosts.items():
        number = variables.get("number")
        if number is not None and not str(number).isdigit():
            yield Problem(host + ".node_routers_number", "%s is out of range: 1 to %d" % (number, HOSTS))
        lists = {"node_routers_" + key: variables[key] for key in ("networks", "routers")}
        for at, router in enumerate(variables["routers"] if _is_list(variables["routers"]) else ()):
            path = "node_routers_routers[%d]." % at
            lists.update({path + key: router.get(key) or [] for key in ("interfaces", "floating_ips")})
            if not isinstance(router.get("external_gateway") or {}, Mapping):
                yield Problem("%s.%sexternal_gateway" % (host, path), "is no dictionary")
        for path in [path for path, value in lists.items() if not _is_list(value)]:
            yield Problem("%s.%s" % (host, path), "is no list of dictionaries")


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, Mapping) for item in value)


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
    return {
        name: at if host.get("number") is None else int(host["number"])
        for at, (name, host) in enumerate(hosts.items(), 1)
    }


def _room(cidr: str) -> Iterator[Problem]:
    if not _parsed(netaddr.IPNetwork, cidr) or netaddr.IPNetwork(cidr).version != 4:
        yield Problem("node_routers_ha_cidr", "%s is no IPv4 network, such as 169.254.192.0/18" % cidr)
    elif netaddr.IPNetwork(cidr).size < VRIDS * HOSTS + 2:
        text = "%s is too small: %d VRIDs with %d hosts each need a /18"
        yield Problem("node_routers_ha_cidr", text % (cidr, VRIDS, HOSTS))


def _numbers_of_hosts(numbers: Mapping[str, int]) -> Iterator[Problem]:
    seen: dict[int, str] = {}
    for host, number in numbers.items():
        if not 1 <= number <= HOSTS:
            yield Problem(host + ".node_routers_number", "%d is out of range: 1 to %d" % (number, HOSTS))
        if seen.setdefault(number, host) != host:
            text = "%d is already that of %s: give every host a number of its own"
            yield Problem(host + ".node_routers_number", text % (number, seen[number]))


def _other_settings(hosts: Mapping[str, Host], settings: Mapping[str, str]) -> Iterator[Problem]:
    """What addresses and numbers follow from, where a host has another one than that for which this is worked out."""
    for host, variables in hosts.items():
        for key, value in settings.items():
            if variables.get(key) not in (None, value):
                text = "is %r, and %r for another host: all need the same, for what is derived follows from it"
                yield Problem("%s.node_routers_%s" % (host, key), text % (variables[key], value))


def _given_differently(hosts: Mapping[str, Host]) -> Iterator[Problem]:
    """VRIDs of one router that hosts give differently, of which only one could be had."""
    first: dict[tuple[str, str], tuple[str, int]] = {}
    for host, path, router in _each(hosts):
        if router.get("virtual_router_id"):
            vrid = int(router["virtual_router_id"])
            other, known = first.setdefault(_key(router), (host, vrid))
            if vrid != known:
                text = "%d differs from that of %s, %d: a router is the same on every host"
                yield Problem(path + ".virtual_router_id", text % (vrid, other, known))


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
    """What two routers of a network have, and HA addresses and priorities that two hosts have."""
    seen: dict[tuple[str, str, Any], str] = {}
    for host, path, router in _each(found):
        own = "router %s on host %s" % (router["name"], host)
        of_host = [
            ("ha_address", "ha_address", router["ha_network"], netaddr.IPNetwork(router["ha_address"]).ip),
            # Backups of one priority take over together, see priority().
            ("priority", "priority", router["name"], int(router["priority"])),
        ]
        values = [(*value, own) for value in of_host]
        values += [(*value, "router %s on network %s" % (router["name"], value[2])) for value in _of_one(router)]
        for kind, key, where, value, owner in values:
            known = seen.setdefault((kind, where, value), owner)
            if known != owner:
                yield Problem("%s.%s" % (path, key), "%s is already that of %s: choose another" % (value, known))
            elif kind == "virtual_router_id" and not value:
                yield Problem("%s.%s" % (path, key), "all %d of network %s are taken" % (VRIDS, where))


def _of_one(router: Router) -> Iterator[tuple[str, str, str, Any]]:
    """What only one router of a network can have: kind, where it stands in the router, network, value."""
    yield "virtual_router_id", "virtual_router_id", router["ha_network"], router["virtual_router_id"]
    for key, leg in _legs(router):
        yield "MAC address", key + ".mac_address", leg["network"], netaddr.EUI(leg["mac_address"])
        for at, address in enumerate(leg.get("addresses") or []):
            yield "address", "%s.addresses[%d]" % (key, at), leg["network"], _host_of(address)
    gateway, key = router.get("external_gateway") or {}, "floating_ip_address"
    for at, pair in enumerate((router.get("floating_ips") or []) if gateway else []):
        yield "address", "floating_ips[%d].%s" % (at, key), gateway["network"], _host_of(pair.get(key))


def _host_of(address: Any) -> str:
    """Without its prefix length and in one spelling; what is no address is the module's to judge."""
    text = str(address).partition("/")[0]
    return str(netaddr.IPAddress(text)) if _parsed(netaddr.IPAddress, text) else text
