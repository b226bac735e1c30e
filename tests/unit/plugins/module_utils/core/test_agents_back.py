# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.agents_back import not_back

L3, BRIDGE = "neutron-l3-agent", "neutron-linuxbridge-agent"
RESTART = ["unmask %s" % L3, "restart %s" % L3]


Items = list[dict[str, Any]]


def agent(binary: str = L3, started: str = "12:00:00", alive: bool = True, routers: int = 0) -> dict[str, Any]:
    return {"binary": binary, "started_at": started, "alive": alive, "routers": routers}


def agents_not_back(before: Items, after: Items, actions: list[str]) -> list[str]:
    return not_back({"agents": before, "ports": []}, {"agents": after, "ports": []}, actions)


def ports_not_back(before: Items, after: Items, action: str = "restart") -> list[str]:
    old, new = [agent(BRIDGE)], [agent(BRIDGE, started="13:00:00")]
    return not_back({"agents": old, "ports": before}, {"agents": new, "ports": after}, ["%s %s" % (action, BRIDGE)])


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([], [], ["neutron-l3-agent has not reported to Neutron yet"]),
        ([], [agent(alive=False)], ["neutron-l3-agent is not alive"]),
        ([], [agent(routers=0)], []),
        ([agent()], [agent()], ["neutron-l3-agent has not reported to Neutron since its restart"]),
        ([agent()], [agent(started="13:00:00")], []),
        (
            [agent(routers=2)],
            [agent(started="13:00:00", routers=1)],
            ["neutron-l3-agent serves 1 of its 2 routers"],
        ),
        ([agent(routers=2)], [agent(started="13:00:00", routers=2)], []),
        ([agent(routers=2)], [agent(started="13:00:00", routers=3)], []),
        ([agent(routers=2, alive=False)], [agent(started="13:00:00", routers=0)], []),
    ],
)
def test_an_agent_is_back_when_it_has_reported_is_alive_and_serves_what_it_served(
    before: list[dict[str, Any]], after: list[dict[str, Any]], expected: list[str]
) -> None:
    assert agents_not_back(before, after, RESTART) == expected


def test_only_agents_that_were_started_are_waited_for() -> None:
    both = [agent(), agent(BRIDGE, alive=False)]
    assert agents_not_back(both, [agent(started="13:00:00"), agent(BRIDGE, alive=False)], RESTART) == []
    assert agents_not_back(both, both, ["enable %s" % L3, "stop %s" % BRIDGE]) == []


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([agent(BRIDGE)], []),
        ([agent(BRIDGE, alive=False)], ["%s is not alive" % BRIDGE]),
        ([], ["%s is not alive" % BRIDGE]),
    ],
)
def test_agents_that_must_be_alive_are_waited_for_though_nothing_was_restarted(
    found: Items, expected: list[str]
) -> None:
    before: Items = [agent(BRIDGE, alive=False)]
    both = [{"agents": agents, "ports": []} for agents in (before, found)]
    assert not_back(*both, [], [BRIDGE]) == expected
    # One that was restarted has more to show than that, once.
    assert len(not_back(*both, ["restart %s" % BRIDGE], [BRIDGE])) == 1


def test_each_agent_that_is_not_back_is_named_once() -> None:
    sentences = agents_not_back([], [], ["start %s" % BRIDGE, "start %s" % L3, "restart %s" % L3])
    assert [sentence.split()[0] for sentence in sentences] == [BRIDGE, L3]


def port(status: str = "ACTIVE", revision: int = 4, identity: str = "p1") -> dict[str, Any]:
    return {"id": identity, "device_owner": "network:dhcp", "status": status, "revision_number": revision}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (port(), port(revision=6), []),
        (port(), port(), ["port p1 (network:dhcp) is not looked at yet"]),
        (port(), port("BUILD", 5), ["port p1 (network:dhcp) is BUILD"]),
        (port(), port("DOWN", 7), ["port p1 (network:dhcp) is DOWN"]),
        (port("DOWN"), port("DOWN"), []),
    ],
)
def test_a_port_is_back_when_the_agent_has_taken_it_up_and_it_is_active_again(
    before: dict[str, Any], after: dict[str, Any], expected: list[str]
) -> None:
    assert ports_not_back([before], [after]) == expected


def test_a_port_that_was_deleted_meanwhile_is_not_waited_for() -> None:
    assert ports_not_back([port(identity="p1"), port(identity="p2")], [port(revision=6, identity="p2")]) == []


def test_ports_are_not_waited_for_when_the_bridge_agent_went_on() -> None:
    assert ports_not_back([port()], [port()]) != []
    assert ports_not_back([port()], [port()], action="enable") == []
