# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the values of a specification cannot mean together: networks, routers among each other, VRRP's own limits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Callable

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import node_names
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import Problem
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_rules import instance_problems
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_anatomy import configuration, network_devices
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_rules_router import router_problems
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_spec import (
    Network,
    NodeSpec,
    Router,
)

Places = Mapping[tuple[str, str], str]
Networks = Sequence[tuple[str, Network]]
Routers = Sequence[tuple[str, Router]]
#: Key, network and value of what only one router of a network can have.
Values = Iterator[tuple[str, str, str]]

#: One primary address a router in 169.254.0.0/24.
MAX_ROUTERS = 254

#: Values of an instance that are a router's own; the rest follows from values that router_problems checks.
_OWN = ("virtual_router_id", "priority", "advert_interval", "version", "preempt", "authentication")


def places(spec: NodeSpec) -> dict[tuple[str, str], str]:
    """Where each network and router stands in what the user gave, by kind and name."""
    found = {("networks", item.name): "networks[%d]" % at for at, item in reversed([*enumerate(spec.networks)])}
    found.update({("routers", item.name): "routers[%d]" % at for at, item in reversed([*enumerate(spec.routers)])})
    return found


def placed(kind: str, items: Iterable[Any], where: Places) -> list[tuple[str, Any]]:
    """Items with their paths; what an earlier call gave is named, as in ``routers[edge1]``."""
    return [(where.get((kind, item.name), "%s[%s]" % (kind, item.name)), item) for item in items]


def named_twice(spec: NodeSpec) -> list[Problem]:
    """Names that are given twice; said first, for paths and an earlier specification are matched by name."""
    networks = [("networks[%d]" % at, item) for at, item in enumerate(spec.networks)]
    routers = [("routers[%d]" % at, item) for at, item in enumerate(spec.routers)]
    found = [*_twice(networks, lambda network: network.name, "name", "is the name of two networks")]
    return [*found, *_twice(routers, lambda router: router.name, "name", "is the name of two routers")]


def problems(spec: NodeSpec, where: Places, reached: Callable[[Sequence[Router]], Iterable[Router]]) -> list[Problem]:
    """Everything that is wrong with a parsed specification, each with the path of the value; where: see places().

    reached: picks the routers that are looked at one by one; others have been before.
    """
    networks, routers = placed("networks", spec.networks, where), placed("routers", spec.routers, where)
    found = [*_networks(networks)]
    for path, router in placed("routers", reached(spec.routers), where):
        own = [*_vrrp(router, path), *_membership(router, spec, path)]
        found += own or router_problems(router, path)
    return [*found, *_among_routers(routers, spec)]


def _networks(networks: Networks) -> Iterator[Problem]:
    by_device: dict[str, str] = {}
    flat = {network.uplink: network.name for _path, network in reversed(networks) if network.kind == "flat"}
    for path, network in networks:
        device = network_devices(network)[1].name
        if len(device) > node_names.DEVICE_NAME_LENGTH:
            text = "makes the device %s of %d characters; Linux allows %d: rename the uplink"
            yield Problem(path + ".uplink", text % (device, len(device), node_names.DEVICE_NAME_LENGTH))
        if device in by_device:
            wrong = "is already that of network %s: choose another" % by_device[device]
            yield Problem("%s.%s" % (path, {"vxlan": "vni", "vlan": "vlan_id", "flat": "uplink"}[network.kind]), wrong)
        elif network.kind == "vxlan" and flat.get(network.uplink):
            text = "%s is a port of the bridge of flat network %s: a VXLAN needs an uplink with an address"
            yield Problem(path + ".uplink", text % (network.uplink, flat[network.uplink]))
        by_device.setdefault(device, network.name)


@cache
def _vrrp(router: Router, path: str) -> tuple[Problem, ...]:
    return tuple(_vrrp_problems(router, path))


def _vrrp_problems(router: Router, path: str) -> Iterator[Problem]:
    if router.virtual_router_id == 255:
        text = "255 is out of range: 1 to 254, for the primary address is 169.254.0.<virtual_router_id>/24"
        yield Problem(path + ".virtual_router_id", text)
    if router.priority == 255:
        text = "255 is out of range: 1 to 254, for 255 means a node that owns the addresses (RFC 5798, 5.2.4)"
        yield Problem(path + ".priority", text)
    given = router.authentication
    if given and not given.password:
        router = replace(router, authentication=replace(given, password="kept"))
    instance = configuration(router, ()).instances[0]
    for problem in instance_problems(instance, path):
        if problem.path[len(path) + 1 :].startswith(_OWN):
            yield problem


def _membership(router: Router, spec: NodeSpec, path: str) -> Iterator[Problem]:
    known = {network.name: network for network in spec.networks}
    places = [(path + ".ha_network", router.ha_network)]
    places += [("%s.interfaces[%d].network" % (path, at), leg.network) for at, leg in enumerate(router.interfaces)]
    if router.external_gateway:
        places.append((path + ".external_gateway.network", router.external_gateway.network))
    seen: set[str] = set()
    for where, name in places:
        if name not in known:
            wrong = "there is no network %r; add it to networks, or use one of: %s"
            yield Problem(where, wrong % (name, ", ".join(sorted(known)) or "none"))
        elif name in seen:
            yield Problem(where, "%s is used twice in this router; give one interface all its addresses" % name)
        seen.add(name)


def _among_routers(routers: Routers, spec: NodeSpec) -> Iterator[Problem]:
    text = "is already used on this HA network: choose another of 1 to 254"
    yield from _twice(routers, lambda one: (one.ha_network, one.virtual_router_id), "virtual_router_id", text)
    text = "is already another router's on this HA network"
    yield from _twice(routers, lambda one: (one.ha_network, one.ha_address.split("/")[0]), "ha_address", text)
    for network in sorted({router.ha_network for router in spec.routers}):
        count = sum(router.ha_network == network for router in spec.routers)
        if count > MAX_ROUTERS:
            text = "%d routers are on HA network %s, which has room for %d: add another HA network"
            yield Problem("routers", text % (count, network, MAX_ROUTERS))
    yield from _wired(routers, spec)
    yield from _shared("MAC address", routers, _macs)
    yield from _shared("address", routers, _hosts)


def _wired(routers: Routers, spec: NodeSpec) -> Iterator[Problem]:
    """A flat or VLAN HA network shows its uplink's carrier only while the bridge has no other port."""
    wired = {network.name for network in spec.networks if network.kind != "vxlan"}
    wired &= {router.ha_network for router in spec.routers}
    if not wired:
        return
    for path, router in routers:
        for name in router.networks[1:]:
            if name in wired:
                text = "%s is a %s HA network, which carries nothing else, so that its carrier is the uplink's"
                yield Problem(path, text % (name, spec.network(name).kind))


def _shared(
    what: str, routers: Routers, values: Callable[[Router], Iterator[tuple[str, str, str]]]
) -> Iterator[Problem]:
    seen: dict[tuple[str, str], str] = {}
    for path, router in routers:
        for key, network, value in values(router):
            first = seen.setdefault((network, value), router.name)
            if first != router.name:
                text = "%s %s is already that of router %s on network %s"
                yield Problem("%s.%s" % (path, key), text % (what, value, first, network))


def _macs(router: Router) -> Values:
    for at, leg in enumerate(router.interfaces):
        yield "interfaces[%d].mac_address" % at, leg.network, leg.mac_address
    if router.external_gateway:
        yield "external_gateway.mac_address", router.external_gateway.network, router.external_gateway.mac_address


def _hosts(router: Router) -> Values:
    for at, leg in enumerate(router.interfaces):
        for number, address in enumerate(leg.addresses):
            yield "interfaces[%d].addresses[%d]" % (at, number), leg.network, address.split("/")[0]
    gateway = router.external_gateway
    if gateway:
        for number, address in enumerate(gateway.addresses):
            yield "external_gateway.addresses[%d]" % number, gateway.network, address.split("/")[0]
        for number, pair in enumerate(router.floating_ips):
            yield "floating_ips[%d].floating_ip_address" % number, gateway.network, pair.floating_ip_address


def _twice(items: Sequence[tuple[str, Any]], key: Callable[[Any], Any], name: str, text: str) -> Iterator[Problem]:
    seen = set()
    for path, item in items:
        value = key(item)
        if value in seen:
            yield Problem("%s.%s" % (path, name), "%s %s" % (getattr(item, name), text))
        seen.add(value)
