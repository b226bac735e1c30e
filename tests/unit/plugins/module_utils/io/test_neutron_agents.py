# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wait for a host's agents and ports, with an API that answers what it is told to, a look at a time."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io import neutron_agents
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.neutron import ApiError

L3 = "neutron-l3-agent"


def agent(started: str, routers: int) -> dict[str, Any]:
    return {"binary": L3, "alive": True, "started_at": started, "configurations": {"routers": routers}, "topic": "l3"}


class Api:
    """agents: one list for each look, the last one for all that follow; an error is raised."""

    def __init__(self, *agents: Any) -> None:
        self.agents = list(agents)

    def find(self, collection: str, **query: Any) -> list[dict[str, Any]]:
        assert "compute1" in query.values()
        if collection == "ports":
            return []
        found = self.agents.pop(0) if len(self.agents) > 1 else self.agents[0]
        if isinstance(found, Exception):
            raise found
        return list(found)


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    times: list[float] = []
    monkeypatch.setattr(neutron_agents.time, "monotonic", lambda: sum(times))
    monkeypatch.setattr(neutron_agents.time, "sleep", times.append)
    return times


def wait(api: Api, timeout: float = 10.0) -> tuple[Any, list[str]]:
    before = neutron_agents.look(Api([agent("12:00:00", 2)]), "compute1")  # type: ignore[arg-type]
    return neutron_agents.wait_until_back(api, "compute1", before, ["restart " + L3], [], timeout)  # type: ignore[arg-type]


def test_it_looks_until_the_agent_serves_what_it_served(slept: list[float]) -> None:
    back = agent("13:00:00", 2)
    found, missing = wait(Api([agent("12:00:00", 2)], [agent("13:00:00", 1)], [back]))
    assert missing == [] and len(slept) == 2
    assert found["agents"] == [{"binary": L3, "alive": True, "started_at": "13:00:00", "routers": 2}]


def test_an_api_that_does_not_answer_is_waited_for(slept: list[float]) -> None:
    assert wait(Api(ApiError(503, "", "starting"), [agent("13:00:00", 2)]))[1] == []
    assert len(slept) == 1


def test_what_is_not_back_by_the_deadline_is_told(slept: list[float]) -> None:
    assert wait(Api([agent("13:00:00", 1)]))[1] == ["neutron-l3-agent serves 1 of its 2 routers"]
    assert sum(slept) == 10.0


def test_an_api_that_never_answers_is_told_with_its_words(slept: list[float]) -> None:
    assert wait(Api(ApiError(503, "", "starting")))[1] == ["starting"]
