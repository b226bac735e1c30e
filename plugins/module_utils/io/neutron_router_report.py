# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read what ha_router_info tells: four lists, and one request a router for its agents, eight at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import ha_router_state as state
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.ha_router_report import Item, Lists, report, select
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.neutron import ApiError, Neutron
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.neutron_router import project_id_of


def router_report(
    api: Neutron, name: str | None = None, project: str | None = None, ha: bool | None = None, host: str | None = None
) -> dict[str, Any]:
    """Routers that pass the filters; raises SpecError for a project or a host that is not there."""
    project_id = project_id_of(api, project)
    hosted = None if host is None else _hosted_on(api, host)
    routers = api.find("routers")
    chosen = select(routers, name, project_id, ha, hosted)
    ports = api.find("ports", device_owner=[state.HA_INTERFACE_OWNER, *state.INTERFACE_OWNERS]) if chosen else []
    ha_networks = {port["network_id"] for port in ports if port["device_owner"] == state.HA_INTERFACE_OWNER}
    networks = api.find("networks", id=sorted(ha_networks)) if ha_networks else []
    return report(chosen, Lists(routers, ports, networks, _project_names(api), _agents(api, chosen)))


def _hosted_on(api: Neutron, host: str) -> set[str]:
    agents = api.find("agents", agent_type="L3 agent")
    found = [agent for agent in agents if agent["host"] == host]
    if not found:
        there = ", ".join(sorted(agent["host"] for agent in agents)) or "none"
        raise SpecError.one("host", '"%s" has no L3 agent; hosts that have one: %s' % (host, there))
    return {item["id"] for item in api.find("agents/%s/l3-routers" % found[0]["id"])}


def _project_names(api: Neutron) -> dict[str, str]:
    try:
        return {item["id"]: item["name"] for item in api.projects()}
    except ApiError as error:
        if error.status == 403:
            return {}
        raise


def _agents(api: Neutron, chosen: Sequence[Item]) -> dict[str, list[state.Agent]]:
    """Empty for who may not see agents."""
    try:
        answers = api.agents_of([item["id"] for item in chosen])
    except ApiError as error:
        if error.status == 403:
            return {}
        raise
    return {
        router_id: sorted((state.agent(item) for item in items), key=lambda agent: agent.host)
        for router_id, items in answers.items()
    }
