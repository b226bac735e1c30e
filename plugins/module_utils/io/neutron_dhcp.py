# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DHCP and metadata agents in Neutron's API."""

from __future__ import annotations

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.dhcp_move import DHCP, METADATA, Agent
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.plan import Step
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.neutron import ApiError, Neutron


def look(port: Neutron) -> tuple[Agent, ...]:
    """All agents of both kinds, by host."""
    agents = [
        Agent(item["id"], item["host"], item["agent_type"], item["alive"], _networks(port, item))
        for item in port.find("agents")
        if item["agent_type"] in (DHCP, METADATA)
    ]
    return tuple(sorted(agents, key=lambda agent: (agent.host, agent.kind)))


def apply(step: Step, port: Neutron) -> None:
    """Carry out a step of plan_move."""
    if step.verb == "forget":
        port.delete("/agents/%s" % step.payload)
        return
    agent, network = step.payload
    if step.verb == "take":
        port.delete("/agents/%s/dhcp-networks/%s" % (agent, network))
        return
    try:
        port.post("/agents/%s/dhcp-networks" % agent, {"network_id": network})
    except ApiError as error:
        # Neutron's own scheduler was faster.
        if error.kind != "NetworkHostedByDHCPAgent":
            raise


def _networks(port: Neutron, item: dict[str, str]) -> tuple[tuple[str, str], ...]:
    if item["agent_type"] != DHCP:
        return ()
    networks = port.get("/agents/%s/dhcp-networks" % item["id"])["networks"]
    return tuple((network["id"], network["name"]) for network in networks)
