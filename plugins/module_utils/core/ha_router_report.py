# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routers with their agents, HA networks and VRIDs, put together from the API's lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.ha_router_state import (
    HA_INTERFACE_OWNER,
    INTERFACE_OWNERS,
    VRIDS,
    Agent,
    active_hosts,
    has_vrid,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.ha_router_view import agents as agents_view

Item = Mapping[str, Any]


@dataclass(frozen=True)
class Lists:
    """The API's answers. routers: all that can be seen; projects: names by ID, empty for who may not see them."""

    routers: Sequence[Item]
    ports: Sequence[Item]
    networks: Sequence[Item]
    projects: Mapping[str, str]
    agents: Mapping[str, Sequence[Agent]]


def select(
    routers: Iterable[Item], name: str | None, project_id: str | None, ha: bool | None, hosted: set[str] | None
) -> list[Item]:
    """Routers that pass each filter that is given, by name. name may be an ID; hosted: IDs of an agent's routers."""
    chosen = [
        item
        for item in routers
        if name in (None, item["name"], item["id"])
        and project_id in (None, item["project_id"])
        and ha in (None, bool(item.get("ha")))
        and (hosted is None or item["id"] in hosted)
    ]
    return sorted(chosen, key=lambda item: (item["name"], item["id"]))


def report(chosen: Sequence[Item], lists: Lists) -> dict[str, Any]:
    """What ha_router_info returns for the chosen routers."""
    ha_network_of = {
        port["device_id"]: port["network_id"] for port in lists.ports if port["device_owner"] == HA_INTERFACE_OWNER
    }
    names = {item["id"]: item["name"] for item in lists.networks}
    projects = sorted({item["project_id"] for item in chosen})
    return {
        "routers": [_router(item, lists, ha_network_of.get(item["id"]), names) for item in chosen],
        "ha_networks": _ha_networks(projects, lists, ha_network_of, names),
        "projects": [{"id": project_id, "name": lists.projects.get(project_id)} for project_id in projects],
    }


def _router(item: Item, lists: Lists, ha_network: str | None, names: Mapping[str, str]) -> dict[str, Any]:
    agents = lists.agents.get(item["id"])
    info = item.get("external_gateway_info") or {}
    return {
        "id": item["id"],
        "name": item["name"],
        "project_id": item["project_id"],
        "project": lists.projects.get(item["project_id"]),
        "status": item["status"],
        "admin_state_up": item["admin_state_up"],
        "ha": item.get("ha"),
        "agents": agents_view(agents),
        "active_hosts": active_hosts(agents) if item.get("ha") and agents is not None else None,
        "ha_network": {"id": ha_network, "name": names.get(ha_network)} if ha_network else None,
        "interfaces": sorted(
            (
                {"subnet_id": ip["subnet_id"], "address": ip["ip_address"], "port_id": port["id"]}
                for port in lists.ports
                if port["device_id"] == item["id"] and port["device_owner"] in INTERFACE_OWNERS
                for ip in port["fixed_ips"]
            ),
            key=lambda interface: (interface["subnet_id"], interface["address"]),
        ),
        "external_gateway": {
            "network_id": info["network_id"],
            "addresses": [ip["ip_address"] for ip in info.get("external_fixed_ips") or ()],
        }
        if info.get("network_id")
        else None,
    }


def _ha_networks(
    projects: Sequence[str], lists: Lists, ha_network_of: Mapping[str, str], names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """One HA network a project, which all its HA routers share, the chosen and the others."""
    used = Counter(item["project_id"] for item in lists.routers if has_vrid(item))
    network_of = {
        item["project_id"]: ha_network_of[item["id"]] for item in lists.routers if item["id"] in ha_network_of
    }
    return [
        {
            "id": network_of[project_id],
            "name": names.get(network_of[project_id]),
            "project_id": project_id,
            "project": lists.projects.get(project_id),
            "virtual_router_ids_used": used[project_id],
            "virtual_router_ids_free": VRIDS - used[project_id],
        }
        for project_id in projects
        if project_id in network_of
    ]
