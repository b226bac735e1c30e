# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether Neutron's agents are back after a restart, by what the server knows of them.

Only times of the server's clock are compared with one another, so the clocks of nodes do not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Agent = Mapping[str, Any]
Port = Mapping[str, Any]

#: agents (binary, alive, started_at, routers) and ports (id, device_owner, status, revision_number) of a host.
Known = Mapping[str, Sequence[Mapping[str, Any]]]

BRIDGE_AGENT = "neutron-linuxbridge-agent"


def not_back(before: Known, after: Known, actions: Iterable[str], alive: Iterable[str] = ()) -> list[str]:
    """What is still to be waited for, a sentence each; empty when all is back.

    actions: what service_current did, such as "restart neutron-l3-agent". alive: agents that must be, restarted or not.
    """
    restarted = dict.fromkeys(words[1] for words in map(str.split, actions) if words[0] in ("start", "restart"))
    known = {agent["binary"]: agent for agent in before["agents"]}
    found = {agent["binary"]: agent for agent in after["agents"]}
    sentences = [_missing(binary, known.get(binary), found.get(binary)) for binary in restarted]
    sentences += [_dead(binary, found.get(binary)) for binary in alive if binary not in restarted]
    if BRIDGE_AGENT in restarted:
        sentences += _ports_not_back(before["ports"], after["ports"])
    return [sentence for sentence in sentences if sentence]


def _ports_not_back(before: Iterable[Port], after: Iterable[Port]) -> list[str]:
    """Ports that a restarted Linux bridge agent has not wired again.

    The agent asks for each port's details, which makes the server set it to BUILD, and to ACTIVE once the agent is
    done; each of the two raises its revision. Only ports that were ACTIVE and are still there count.
    """
    found = {port["id"]: port for port in after}
    sentences = []
    for port in before:
        now = found.get(port["id"])
        if port["status"] != "ACTIVE" or now is None:
            continue
        if now["status"] != "ACTIVE" or now["revision_number"] <= port["revision_number"]:
            sentences.append("port %s (%s) is %s" % (port["id"], port["device_owner"], _state(port, now)))
    return sentences


def _state(before: Port, now: Port) -> str:
    if now["revision_number"] <= before["revision_number"]:
        return "not looked at yet"
    return str(now["status"])


def _dead(binary: str, agent: Agent | None) -> str:
    return "" if agent and agent["alive"] else "%s is not alive" % binary


def _missing(binary: str, before: Agent | None, after: Agent | None) -> str:
    if after is None:
        return "%s has not reported to Neutron yet" % binary
    if before and after["started_at"] == before["started_at"]:
        return "%s has not reported to Neutron since its restart" % binary
    if not after["alive"]:
        return _dead(binary, after)
    # An L3 agent starts at none and counts up while it reads its routers.
    wanted = before["routers"] if before and before["alive"] else 0
    if after["routers"] < wanted:
        return "%s serves %d of its %d routers" % (binary, after["routers"], wanted)
    return ""
