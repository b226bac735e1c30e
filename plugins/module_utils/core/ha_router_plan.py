# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to do about a Neutron router, in an order that Neutron accepts and that interrupts least."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.ha_router_check import check
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.ha_router_spec import Route, Want
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.ha_router_state import (
    Gateway,
    Have,
    Interface,
    Router,
    Target,
    TargetAddress,
    TargetGateway,
    TargetInterface,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.ha_router_view import view, view_after
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.plan import Plan, Step


@dataclass(frozen=True)
class CreateRouter:
    body: Mapping[str, Any]


@dataclass(frozen=True)
class UpdateRouter:
    body: Mapping[str, Any]


@dataclass(frozen=True)
class SwitchHa:
    """Down unless it is, wait for its agents, change, and up unless the router is to stay down."""

    ha: bool
    take_down: bool
    bring_up: bool


@dataclass(frozen=True)
class ForgetInterruption:
    pass


@dataclass(frozen=True)
class AddInterface:
    """By subnet_id with address None (the subnet's gateway address), by subnet_id and address, or by port_id."""

    network_id: str
    subnet_id: str
    address: str | None
    port_id: str | None


@dataclass(frozen=True)
class RemoveInterface:
    """By port_id, or, for one of several subnets of a port, by subnet_id."""

    subnet_id: str | None
    port_id: str | None


@dataclass(frozen=True)
class DeleteRouter:
    pass


def make_plan(have: Have, want: Want) -> Plan:
    """Steps to get from have to want; raises SpecError when it cannot be done as asked."""
    router = have.router
    if not want.present:
        if router is None:
            return Plan()
        check(have, want, (), router.interfaces)
        return Plan(_removal(router, have), view(router, have), {}, subject="router %s" % router.name)
    add = interfaces_to_add(router, have.target)
    remove = interfaces_to_remove(router, have.target)
    check(have, want, add, remove)
    if router is None:
        steps = [Step("create", "router %s" % want.name, CreateRouter(_creation(want, have.target)))]
        routes_now: tuple[Route, ...] = ()
    else:
        steps = _state(router, want)
        routes_now, steps = _drop_routes(router, want, steps)
        steps += _remove_interfaces(router, remove, have)
        steps += _gateway(router, have)
    name = router.name if router else want.name
    steps += [_add_interface(item, name, have) for item in add]
    if want.routes is not None and want.routes != routes_now:
        steps.append(Step("set routes of", "router %s" % name, _routes_body(want.routes)))
    before = view(router, have) if router else {}
    after = view_after(have, want, add, remove) if steps else before
    return Plan(tuple(steps), before, after, subject="router %s" % name)


def interfaces_to_add(router: Router | None, target: Target) -> tuple[TargetInterface, ...]:
    there = router.interfaces if router else ()
    return tuple(item for item in target.interfaces or () if not any(item.covers(interface) for interface in there))


def interfaces_to_remove(router: Router | None, target: Target) -> tuple[Interface, ...]:
    if router is None or target.interfaces is None:
        return ()
    return tuple(item for item in router.interfaces if not any(wanted.covers(item) for wanted in target.interfaces))


def gateway_differs(gateway: Gateway | None, wanted: TargetGateway) -> bool:
    if gateway is None or wanted.network_id is None:
        return (gateway is None) != (wanted.network_id is None)
    if gateway.network_id != wanted.network_id or wanted.enable_snat not in (None, gateway.enable_snat):
        return True
    return wanted.addresses is not None and not _addresses_match(gateway.addresses, wanted.addresses)


def _addresses_match(there: Sequence[tuple[str, str]], wanted: Sequence[TargetAddress]) -> bool:
    """Whether each wanted address is a different one of those there, and none is left over."""
    left = list(there)
    for item in sorted(wanted, key=lambda item: item.address is None):
        fits = [pair for pair in left if item.subnet_id in (None, pair[0]) and item.address in (None, pair[1])]
        if not fits:
            return False
        left.remove(fits[0])
    return not left


def _creation(want: Want, target: Target) -> dict[str, Any]:
    body: dict[str, Any] = {"name": want.name}
    for key in ("ha", "admin_state_up", "description"):
        if getattr(want, key) is not None:
            body[key] = getattr(want, key)
    if want.project is not None:
        body["project_id"] = target.project_id
    if want.availability_zone_hints:
        body["availability_zone_hints"] = list(want.availability_zone_hints)
    if target.gateway is not None and target.gateway.network_id:
        body["external_gateway_info"] = _gateway_info(target.gateway, None)
    return body


def _state(router: Router, want: Want) -> list[Step]:
    """ha, admin_state_up and description; a router that an interrupted run left down counts as one to bring up."""
    name = "router %s" % router.name
    up = want.admin_state_up
    if up is None:
        up = True if router.interrupted else router.admin_state_up
    steps = []
    body: dict[str, Any] = {}
    is_up = router.admin_state_up
    if want.ha is not None and want.ha != router.ha:
        verb = "turn ha %s for" % ("on" if want.ha else "off")
        if is_up:
            steps.append(Step(verb, name + ", which takes it down meanwhile", SwitchHa(want.ha, True, up)))
            is_up = up
        else:
            # Its agents may still be taking it down, for an interrupted run or for somebody else.
            steps.append(Step(verb, name, SwitchHa(want.ha, False, False)))
    if is_up != up:
        body["admin_state_up"] = up
    if want.description is not None and want.description != router.description:
        body["description"] = want.description
    if body:
        steps.append(Step("set %s of" % " and ".join(sorted(body)), name, UpdateRouter(body)))
    if router.interrupted:
        steps.append(Step("end the interruption of", name, ForgetInterruption()))
    return steps


def _drop_routes(router: Router, want: Want, steps: list[Step]) -> tuple[tuple[Route, ...], list[Step]]:
    """Routes go before the interfaces they need, and come after them."""
    if want.routes is None:
        return router.routes, steps
    keep = tuple(route for route in router.routes if route in want.routes)
    if keep != router.routes:
        steps = [*steps, Step("remove routes from", "router %s" % router.name, _routes_body(keep))]
    return keep, steps


def _routes_body(routes: Sequence[Route]) -> UpdateRouter:
    return UpdateRouter({"routes": [{"destination": route.destination, "nexthop": route.nexthop} for route in routes]})


def _remove_interfaces(router: Router, remove: Sequence[Interface], have: Have) -> list[Step]:
    kept = {interface.port_id for interface in router.interfaces if interface not in remove}
    steps, done = [], set()
    for interface in remove:
        if interface.port_id in done:
            continue
        whole = interface.port_id not in kept
        payload = RemoveInterface(None, interface.port_id) if whole else RemoveInterface(interface.subnet_id, None)
        gone = [item for item in remove if item.port_id == interface.port_id] if whole else [interface]
        where = " and ".join("subnet %s" % have.subnets[item.subnet_id].name for item in gone)
        steps.append(Step("remove interface on", "%s from router %s" % (where, router.name), payload))
        if whole:
            done.add(interface.port_id)
    return steps


def _add_interface(item: TargetInterface, router_name: str, have: Have) -> Step:
    subnet_id, address = item.addresses[0]
    where = " and ".join("subnet %s" % have.subnets[pair[0]].name for pair in item.addresses)
    if address is not None:
        where += " with address " + " and ".join(pair[1] or "" for pair in item.addresses)
    port_id = item.port_id
    if port_id is None and address is not None:
        port_id = have.spare_ports.get((subnet_id, address))
        if address == have.subnets[subnet_id].gateway_ip:
            address = None
    payload = AddInterface(item.network_id, subnet_id, address, port_id)
    return Step("add interface on", "%s to router %s" % (where, router_name), payload)


def _gateway(router: Router, have: Have) -> list[Step]:
    wanted = have.target.gateway
    if wanted is None or not gateway_differs(router.gateway, wanted):
        return []
    if wanted.network_id is None:
        return [_no_gateway(router)]
    name = have.networks.get(wanted.network_id, wanted.network_id)
    info = _gateway_info(wanted, router.gateway)
    return [
        Step(
            "set gateway on",
            "network %s of router %s" % (name, router.name),
            UpdateRouter({"external_gateway_info": info}),
        )
    ]


def _no_gateway(router: Router) -> Step:
    return Step("remove gateway from", "router %s" % router.name, UpdateRouter({"external_gateway_info": {}}))


def _gateway_info(wanted: TargetGateway, there: Gateway | None) -> dict[str, Any]:
    """Neutron resets enable_snat to its default when a request leaves it out, so what is there goes along."""
    info: dict[str, Any] = {"network_id": wanted.network_id}
    enable_snat = wanted.enable_snat
    if enable_snat is None and there is not None and there.network_id == wanted.network_id:
        enable_snat = there.enable_snat
    if enable_snat is not None:
        info["enable_snat"] = enable_snat
    if wanted.addresses is not None:
        info["external_fixed_ips"] = [
            {
                key: value
                for key, value in (("subnet_id", item.subnet_id), ("ip_address", item.address))
                if value is not None
            }
            for item in wanted.addresses
        ]
    return info


def _removal(router: Router, have: Have) -> tuple[Step, ...]:
    steps = []
    if router.routes:
        steps.append(Step("remove routes from", "router %s" % router.name, _routes_body(())))
    steps += _remove_interfaces(router, router.interfaces, have)
    if router.gateway is not None:
        steps.append(_no_gateway(router))
    steps.append(Step("delete", "router %s" % router.name, DeleteRouter()))
    return tuple(steps)
