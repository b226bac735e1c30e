# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which DHCP agent serves which network, and how to bring all of it to the agents of some hosts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.plan import Plan, Step

DHCP, METADATA = "DHCP agent", "Metadata agent"


@dataclass(frozen=True)
class Agent:
    """A DHCP or metadata agent as Neutron records it; networks are the names, by ID, that a DHCP agent serves."""

    id: str
    host: str
    kind: str = DHCP
    alive: bool = True
    networks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Want:
    """forget: delete the records of agents on other hosts, which must be stopped, or they report again.

    foretell: take agents for granted that are still to be installed, for check mode. from_hosts: the other hosts that
    are meant, None for all.
    """

    hosts: tuple[str, ...]
    forget: bool
    foretell: bool = False
    from_hosts: tuple[str, ...] | None = None

    def leaves(self, host: str) -> bool:
        """Whether agents of the host are to have no networks."""
        return host not in self.hosts and (self.from_hosts is None or host in self.from_hosts)


def plan_move(agents: tuple[Agent, ...], want: Want) -> Plan:
    """Each network is given to as many agents of the wanted hosts as it has now, before others give it up."""
    ours = [agent for agent in agents if agent.kind == DHCP and agent.alive and agent.host in want.hosts]
    if want.foretell and not ours:
        ours = [Agent("to come on " + host, host) for host in want.hosts]
        agents += tuple(ours)
    others = [agent for agent in agents if want.leaves(agent.host)]
    stay = [agent for agent in agents if agent not in others and agent.host not in want.hosts]
    moving = {network for agent in others for network in agent.networks}
    if moving and not ours:
        raise SpecError.one("hosts", "no DHCP agent is alive on %s; start one first" % ", ".join(want.hosts))
    serving = {agent.id: set(agent.networks) for agent in ours}
    steps: list[Step] = []
    for network in sorted(moving):
        have = sum(network in agent.networks for agent in agents if agent not in stay)
        there = [agent for agent in ours if network in serving[agent.id]]
        free = [agent for agent in ours if agent not in there]
        # The agent with the fewest networks first, as Neutron's own scheduler does.
        free.sort(key=lambda agent: (len(serving[agent.id]), agent.host))
        for agent in free[: max(0, min(have, len(ours)) - len(there))]:
            serving[agent.id].add(network)
            steps.append(Step("give", "%s to %s" % (network[1], agent.host), (agent.id, network[0])))
    for agent in others:
        for network in agent.networks:
            steps.append(Step("take", "%s from %s" % (network[1], agent.host), (agent.id, network[0])))
    if want.forget:
        steps += [Step("forget", "%s on %s" % (agent.kind, agent.host), agent.id) for agent in others]
    kept = [agent for agent in agents if agent not in others or not want.forget]
    after = {agent.id: sorted(serving.get(agent.id, agent.networks if agent not in others else ())) for agent in kept}
    return Plan(
        tuple(steps),
        _shown(agents, {agent.id: sorted(agent.networks) for agent in agents}),
        _shown(kept, after),
    )


def _shown(agents: Any, networks: dict[str, list[tuple[str, str]]]) -> dict[str, list[str]]:
    return {"%s on %s" % (agent.kind, agent.host): [name for _unused, name in networks[agent.id]] for agent in agents}
