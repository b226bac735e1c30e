# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A router as a user is shown it: in diffs, and in what the module returns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.ha_router_spec import Route, Want
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.ha_router_state import (
    Agent,
    Gateway,
    Have,
    Interface,
    Router,
    TargetGateway,
    TargetInterface,
)

View = dict[str, Any]


def view(router: Router, have: Have) -> View:
    """The part of a router that a user decides on."""
    shown: View = {
        "name": router.name,
        "project_id": router.project_id,
        "description": router.description,
        "admin_state_up": router.admin_state_up,
        "ha": router.ha,
        "availability_zone_hints": list(router.availability_zone_hints),
        "external_gateway": _gateway(router.gateway, have),
        "interfaces": _in_order([_interface(item.subnet_id, item.address, have) for item in router.interfaces]),
        "routes": _routes(router.routes),
    }
    if router.interrupted:
        shown["interrupted"] = True
    return shown


def view_after(have: Have, want: Want, add: Sequence[TargetInterface], remove: Sequence[Interface]) -> View:
    """What view will show when the plan is done; what only Neutron knows yet is left out."""
    router = have.router
    if router is not None:
        shown = view(router, have)
        if shown.pop("interrupted", False):
            shown["admin_state_up"] = True
    else:
        shown = {"name": want.name, "description": "", "admin_state_up": True, "availability_zone_hints": []}
        shown.update({"external_gateway": None, "routes": []})
        if have.target.project_id:
            shown["project_id"] = have.target.project_id
    for key in ("description", "admin_state_up", "ha"):
        if getattr(want, key) is not None:
            shown[key] = getattr(want, key)
    if want.availability_zone_hints is not None:
        shown["availability_zone_hints"] = list(want.availability_zone_hints)
    if want.routes is not None:
        shown["routes"] = _routes(want.routes)
    if have.target.gateway is not None:
        shown["external_gateway"] = _gateway_after(have.target.gateway, router.gateway if router else None, have)
    kept = [item for item in router.interfaces if item not in remove] if router else []
    interfaces = [_interface(item.subnet_id, item.address, have) for item in kept]
    interfaces += [_interface(subnet_id, address, have) for item in add for subnet_id, address in item.addresses]
    shown["interfaces"] = _in_order(interfaces)
    return shown


def details(have: Have) -> View | None:
    """The whole of what is known of a router, for a module's result."""
    router = have.router
    if router is None:
        return None
    shown = view(router, have)
    shown.update(
        {
            "id": router.id,
            "status": router.status,
            "availability_zones": list(router.availability_zones),
            "agents": agents(have.agents),
            "ha_network": {"id": have.ha_network[0], "name": have.ha_network[1]} if have.ha_network else None,
        }
    )
    return shown


def agents(items: Sequence[Agent] | None) -> list[View] | None:
    if items is None:
        return None
    return [{"host": item.host, "alive": item.alive, "ha_state": item.ha_state} for item in items]


def _interface(subnet_id: str, address: str | None, have: Have) -> View:
    subnet = have.subnets[subnet_id]
    return {"subnet": subnet.name, "subnet_id": subnet_id, "address": address or subnet.gateway_ip}


def _in_order(interfaces: list[View]) -> list[View]:
    return sorted(interfaces, key=lambda item: (item["subnet"], item["subnet_id"], item["address"]))


def _routes(routes: Sequence[Route]) -> list[View]:
    return [{"destination": route.destination, "nexthop": route.nexthop} for route in routes]


def _gateway(gateway: Gateway | None, have: Have) -> View | None:
    if gateway is None:
        return None
    return {
        "network": have.networks.get(gateway.network_id, ""),
        "network_id": gateway.network_id,
        "addresses": [{"subnet_id": subnet_id, "address": address} for subnet_id, address in gateway.addresses],
        "enable_snat": gateway.enable_snat,
    }


def _gateway_after(wanted: TargetGateway, there: Gateway | None, have: Have) -> View | None:
    if wanted.network_id is None:
        return None
    shown: View = {"network": have.networks.get(wanted.network_id, ""), "network_id": wanted.network_id}
    if there is not None and there.network_id == wanted.network_id:
        shown = _gateway(there, have) or {}
    if wanted.enable_snat is not None:
        shown["enable_snat"] = wanted.enable_snat
    if wanted.addresses is not None:
        shown["addresses"] = [
            {key: value for key, value in (("subnet_id", item.subnet_id), ("address", item.address)) if value}
            for item in wanted.addresses
        ]
    return shown
