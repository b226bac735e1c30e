# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.dhcp_move import METADATA, Agent, Want, plan_move
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import SpecError

MOVE = Want(("network1", "network2"), forget=False)
FORGET = Want(("network1", "network2"), forget=True)
A, B = ("id-a", "a"), ("id-b", "b")


def agent(host: str, *networks: tuple[str, str], alive: bool = True) -> Agent:
    return Agent("dhcp-" + host, host, alive=alive, networks=networks)


def test_a_network_keeps_its_number_of_agents_and_is_given_before_it_is_taken() -> None:
    agents = (agent("compute1", A), agent("compute2", A), agent("network1"), agent("network2"))
    plan = plan_move(agents, MOVE)
    assert plan.actions == ["give a to network1", "give a to network2", "take a from compute1", "take a from compute2"]
    assert plan.after == {
        "DHCP agent on compute1": [],
        "DHCP agent on compute2": [],
        "DHCP agent on network1": ["a"],
        "DHCP agent on network2": ["a"],
    }


def test_networks_with_one_agent_are_spread_over_the_wanted_hosts() -> None:
    plan = plan_move((agent("compute1", A, B), agent("network1"), agent("network2")), MOVE)
    assert plan.actions[:2] == ["give a to network1", "give b to network2"]


def test_an_agent_that_has_the_network_already_counts() -> None:
    agents = (agent("compute1", A), agent("network1", A), agent("network2"))
    assert plan_move(agents, MOVE).actions == ["give a to network2", "take a from compute1"]


def test_a_run_that_was_killed_after_giving_only_takes() -> None:
    agents = (agent("compute1", A), agent("network1", A), agent("network2", A))
    assert plan_move(agents, MOVE).actions == ["take a from compute1"]


def test_an_agent_that_is_not_alive_is_given_nothing() -> None:
    plan = plan_move((agent("compute1", A), agent("network1", alive=False), agent("network2")), MOVE)
    assert plan.actions == ["give a to network2", "take a from compute1"]


def test_without_a_living_agent_nothing_is_taken_away() -> None:
    with pytest.raises(SpecError, match="no DHCP agent is alive on network1, network2"):
        plan_move((agent("compute1", A), agent("network1", alive=False)), MOVE)


def test_records_of_other_hosts_agents_are_deleted_only_when_asked() -> None:
    agents = (agent("compute1"), Agent("m", "compute1", METADATA), agent("network1", A))
    assert plan_move(agents, MOVE).actions == []
    plan = plan_move(agents, FORGET)
    assert plan.actions == ["forget DHCP agent on compute1", "forget Metadata agent on compute1"]
    assert plan.after == {"DHCP agent on network1": ["a"]}


def test_agents_of_hosts_that_are_not_meant_keep_what_they_have() -> None:
    agents = (agent("compute1", A), agent("controller1", A, B), agent("network1"), agent("network2"))
    want = Want(("network1", "network2"), forget=True, from_hosts=("compute1",))
    plan = plan_move(agents, want)
    assert plan.actions == ["give a to network1", "take a from compute1", "forget DHCP agent on compute1"]
    assert plan.after["DHCP agent on controller1"] == ["a", "b"]


def test_what_is_as_wanted_is_left_alone() -> None:
    plan = plan_move((agent("network1", A), agent("network2", B)), FORGET)
    assert plan.actions == []
    assert plan.before == plan.after


def test_check_mode_foretells_the_move_to_agents_that_are_still_to_be_installed() -> None:
    plan = plan_move((agent("compute1", A),), Want(("network1", "network2"), forget=False, foretell=True))
    assert plan.actions == ["give a to network1", "take a from compute1"]
