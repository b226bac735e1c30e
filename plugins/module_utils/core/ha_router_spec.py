# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user wants of a Neutron router: parsed and checked as far as words alone can be.

None means untouched, an empty tuple means make empty.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import Problem, SpecError


@dataclass(frozen=True)
class Route:
    """destination: a network in CIDR form; nexthop: an address on a network of the router."""

    destination: str
    nexthop: str


@dataclass(frozen=True)
class WantInterface:
    """Either port, or subnet with or without an address; names or IDs as the user wrote them."""

    path: str
    subnet: str | None = None
    port: str | None = None
    address: str | None = None


@dataclass(frozen=True)
class WantAddress:
    """An address of the gateway: by address, by subnet (Neutron chooses), or both."""

    path: str
    subnet: str | None = None
    address: str | None = None


@dataclass(frozen=True)
class WantGateway:
    """network None: no gateway."""

    network: str | None = None
    addresses: tuple[WantAddress, ...] | None = None
    enable_snat: bool | None = None


@dataclass(frozen=True)
class Want:
    """timeout is in seconds."""

    name: str
    present: bool = True
    ha: bool | None = None
    admin_state_up: bool | None = None
    project: str | None = None
    description: str | None = None
    interfaces: tuple[WantInterface, ...] | None = None
    external_gateway: WantGateway | None = None
    routes: tuple[Route, ...] | None = None
    availability_zone_hints: tuple[str, ...] | None = None
    allow_interruption: bool = False
    wait: bool = True
    timeout: int = 180


def parse(params: dict[str, Any]) -> Want:
    """Options of the module to a Want; raises SpecError with every problem found."""
    problems: list[Problem] = []
    name = (params["name"] or "").strip()
    if not name:
        problems.append(Problem("name", "is empty; give the router's name, or the ID of one that exists"))
    timeout = params.get("timeout", 180)
    if timeout < 1:
        problems.append(Problem("timeout", "%s is not a number of seconds from 1 on" % timeout))
    hints = params.get("availability_zone_hints")
    want = Want(
        name=name,
        present=params.get("state", "present") == "present",
        ha=params.get("ha"),
        admin_state_up=params.get("admin_state_up"),
        project=params.get("project"),
        description=params.get("description"),
        interfaces=_interfaces(params.get("interfaces"), problems),
        external_gateway=_gateway(params.get("external_gateway"), problems),
        routes=_routes(params.get("routes"), problems),
        availability_zone_hints=None if hints is None else tuple(sorted(hints)),
        allow_interruption=params.get("allow_interruption", False),
        wait=params.get("wait", True),
        timeout=timeout,
    )
    if problems:
        raise SpecError(problems)
    return want


def _interfaces(items: list[Any] | None, problems: list[Problem]) -> tuple[WantInterface, ...] | None:
    if items is None:
        return None
    wanted = []
    for number, item in enumerate(items):
        path = "interfaces[%d]" % number
        subnet, port, address = item.get("subnet"), item.get("port"), item.get("address")
        if bool(subnet) == bool(port):
            problems.append(Problem(path, "give either subnet or port, by name or ID"))
        elif port and address is not None:
            problems.append(Problem(path + ".address", "%s: a port brings its own addresses; leave this out" % address))
        address = _address(address, path + ".address", problems)
        wanted.append(WantInterface(path, subnet or None, port or None, address))
    return tuple(wanted)


def _gateway(item: dict[str, Any] | None, problems: list[Problem]) -> WantGateway | None:
    if item is None:
        return None
    network, addresses, enable_snat = item.get("network"), item.get("addresses"), item.get("enable_snat")
    if not network:
        if addresses or enable_snat is not None:
            problems.append(Problem("external_gateway.network", "is missing; an empty external_gateway removes it"))
        return WantGateway()
    if addresses is None:
        return WantGateway(network, None, enable_snat)
    if not addresses:
        problems.append(
            Problem("external_gateway.addresses", "a gateway has an address; leave this out to let Neutron choose")
        )
    wanted = []
    for number, entry in enumerate(addresses):
        path = "external_gateway.addresses[%d]" % number
        entry = {"address": entry} if isinstance(entry, str) else entry
        if not isinstance(entry, dict) or not entry or set(entry) - {"address", "subnet"}:
            problems.append(Problem(path, "%r is neither an address nor a dictionary of address and subnet" % (entry,)))
            continue
        address = _address(entry.get("address"), path + ".address", problems)
        wanted.append(WantAddress(path, entry.get("subnet") or None, address))
    return WantGateway(network, tuple(wanted), enable_snat)


def _routes(items: list[Any] | None, problems: list[Problem]) -> tuple[Route, ...] | None:
    if items is None:
        return None
    routes = set()
    for number, item in enumerate(items):
        path = "routes[%d]" % number
        destination, nexthop = str(item["destination"]), _address(item["nexthop"], path + ".nexthop", problems)
        try:
            network = ipaddress.ip_network(destination, strict=False)
        except ValueError:
            problems.append(
                Problem(path + ".destination", '"%s" is not a network such as 198.51.100.0/24' % destination)
            )
            continue
        if ipaddress.ip_interface(destination).ip != network.network_address:
            problems.append(Problem(path + ".destination", '"%s" has host bits set; %s?' % (destination, network)))
        elif nexthop and ipaddress.ip_address(nexthop).version != network.version:
            problems.append(Problem(path + ".nexthop", "%s is not of the family of %s" % (nexthop, network)))
        elif nexthop:
            routes.add(Route(str(network), nexthop))
    return sort_routes(routes)


def sort_routes(routes: Any) -> tuple[Route, ...]:
    return tuple(sorted(routes, key=lambda route: (route.destination, route.nexthop)))


def _address(value: Any, path: str, problems: list[Problem]) -> str | None:
    if value is None:
        return None
    try:
        return str(ipaddress.ip_address(str(value)))
    except ValueError:
        problems.append(Problem(path, '"%s" is not an address' % value))
        return None


def argument_spec() -> dict[str, Any]:
    """Options of ha_router, without those for logging in."""
    interface = {"subnet": {"type": "str"}, "address": {"type": "str"}, "port": {"type": "str"}}
    gateway = {
        "network": {"type": "str"},
        "addresses": {"type": "list", "elements": "raw"},
        "enable_snat": {"type": "bool"},
    }
    route = {"destination": {"type": "str", "required": True}, "nexthop": {"type": "str", "required": True}}
    return {
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "ha": {"type": "bool"},
        "allow_interruption": {"type": "bool", "default": False},
        "admin_state_up": {"type": "bool"},
        "description": {"type": "str"},
        "project": {"type": "str"},
        "interfaces": {"type": "list", "elements": "dict", "options": interface},
        "external_gateway": {"type": "dict", "options": gateway},
        "routes": {"type": "list", "elements": "dict", "options": route},
        "availability_zone_hints": {"type": "list", "elements": "str"},
        "wait": {"type": "bool", "default": True},
        "timeout": {"type": "int", "default": 180},
    }
