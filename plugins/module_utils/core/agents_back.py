# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether Neutron's agents are back after a restart, by what the server knows of them.

Only times of the server's clock are compared with one another, so the clocks of nodes do not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Agent = Mapping[str, Any]
Port = Mapping[str, Any]


def agents_not_back(before: Iterable[Agent], after: Iterable[Agent], actions: Iterable[str]) -> list[str]:
    """What is still to be waited for, one sentence an agent; empty when all are back.

    before and after: the node's agents as openstacksdk gives them (binary, host, is_alive, started_at,
    configuration). actions: what service_current did, such as "restart neutron-l3-agent".
    """
    known = {agent["binary"]: agent for agent in before}
    found = {agent["binary"]: agent for agent in after}
    restarted = dict.fromkeys(words[1] for words in map(str.split, actions) if words[0] in ("start", "restart"))
    sentences = [_missing(binary, known.get(binary), found.get(binary)) for binary in restarted]
    return [sentence for sentence in sentences if sentence]


def ports_not_back(before: Iterable[Port], after: Iterable[Port]) -> list[str]:
    """What a restarted Linux bridge agent has not wired again, one sentence a port; empty when all are.

    before and after: the node's ports as openstacksdk gives them (id, device_owner, status, revision_number). The agent
    asks for each port's details, which makes the server set it to BUILD, and to ACTIVE once the agent is done; each of
    the two raises its revision. Only ports that were ACTIVE and are still there count.
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


def _missing(binary: str, before: Agent | None, after: Agent | None) -> str:
    if after is None:
        return "%s has not reported to Neutron yet" % binary
    if before and after["started_at"] == before["started_at"]:
        return "%s has not reported to Neutron since its restart" % binary
    if not after["is_alive"]:
        return "%s is not alive" % binary
    wanted, served = _routers(before) if before and before["is_alive"] else 0, _routers(after)
    if served < wanted:
        return "%s serves %d of its %d routers" % (binary, served, wanted)
    return ""


def _routers(agent: Agent) -> int:
    """What an L3 agent says it serves; it starts at none and counts up while it reads its routers."""
    return int((agent.get("configuration") or {}).get("routers") or 0)
