"""What was seen while nodes were changed by hand, cut off and rebooted (side_effect.yml)."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import timeline

SCENARIO = Path(__file__).parents[1]
LAB = SCENARIO.parents[1] / ".lab" / ("molecule-" + os.environ["MOLECULE_SCENARIO_NAME"])
DRIFTS = yaml.safe_load((SCENARIO / "vars" / "drifts.yml").read_text())["drifts"]
#: Actions that are not about one drift: they make the edited files count.
FOLLOW = {
    "test /etc/linuxbridge-vrrp/instances/qrouter-office.conf",
    "reload systemd's units",
}


def seen(name):
    return json.loads((LAB / name).read_text())


@pytest.fixture(scope="module")
def drift():
    return seen("drift.json")


@pytest.fixture(scope="module")
def failover():
    return seen("failover.json")


@pytest.fixture(scope="module")
def reboot():
    return seen("reboot.json")


def test_what_is_gathered_changes_nothing_when_it_is_given_back(drift):
    found = {name: node["given_back"] for name, node in drift.items() if name != "nodes"}
    assert found == {"edge1": [], "edge2": [], "edge3": []}


@pytest.mark.parametrize(
    ("place", "change"),
    [pytest.param(place, change, id=change["name"]) for place in (0, 1) for change in DRIFTS[place]],
)
def test_a_change_by_hand_is_found_by_a_check(drift, place, change):
    assert set(change["actions"]) - set(drift[drift["nodes"][place]]["found"]) == set()


@pytest.mark.parametrize("place", [0, 1])
def test_a_check_finds_nothing_that_was_not_changed(drift, place):
    wanted = {action for change in DRIFTS[place] for action in change["actions"]}
    assert set(drift[drift["nodes"][place]]["found"]) - FOLLOW == wanted


def test_a_node_that_was_not_changed_has_nothing_to_mend(drift):
    (untouched,) = set(drift) - {"nodes", *drift["nodes"]}
    assert drift[untouched]["found"] == []


def test_a_run_does_what_the_check_said_and_then_there_is_nothing_left(drift):
    nodes = [node for name, node in drift.items() if name != "nodes"]
    assert [node["mended"] for node in nodes] == [node["found"] for node in nodes]
    assert [node["again"] for node in nodes] == [[], [], []]


def test_when_the_overlay_of_the_active_node_is_cut_another_takes_over_and_stays_so(failover):
    assert failover["failures"] == []
    assert failover["took_over"]["node"] != failover["cut"]["node"]
    assert failover["active_at_end"] == [failover["took_over"]["node"]]


def test_at_no_moment_of_the_failover_two_nodes_are_active(failover):
    assert failover["both_active"]["spans"] == []


def test_the_node_that_was_cut_off_is_not_active_again(failover):
    (held,) = failover["active"][failover["cut"]["node"]]
    assert held[1] < failover["cut"]["up"]


def test_both_addresses_answer_again_after_the_failover(failover):
    assert {outage["target"]: outage["answers_at_end"] for outage in failover["outages"]} == {
        "203.0.113.101": True,
        "fd00:198:51:100::10": True,
    }


def held_by(reboot):
    """When each of the nodes that did not reboot had the addresses that only an active one has."""
    return {
        node: {
            (entry["interface"], entry["address"]): [tuple(span) for span in entry["spans"]]
            for namespace in namespaces
            for entry in namespace["addresses"]
            if entry["interface"].startswith(("qr-", "qg-"))
        }
        for node, namespaces in reboot["watches"].items()
    }


def test_the_rebooting_node_has_given_up_its_addresses_before_another_takes_them(reboot):
    events = [event for event in map(timeline.address_event, reboot["given_up"]) if event]
    given_up = {event.held: event.time for event in events if event.held[0].startswith(("qr-", "qg-"))}
    assert [event for event in events if event.there] == []
    assert {held[1] for held in given_up} >= {"198.51.100.1/24", "fd00:198:51:100::1/64", "203.0.113.101/32"}
    taken = {held: node[held][0][0] for node in held_by(reboot).values() for held in given_up if held in node}
    assert set(taken) == set(given_up)
    assert [held for held, time in taken.items() if time <= given_up[held]] == []


def test_the_others_do_not_take_over_together(reboot):
    assert timeline.overlap(held_by(reboot)) == []


def test_a_rebooted_node_comes_back_as_backup_without_ansible(reboot):
    entered = sorted(message for message in reboot["journal"] if "Entering" in message)
    assert entered == ["(VR_21) Entering BACKUP STATE (init)", "(VR_252) Entering BACKUP STATE (init)"]
    assert [router["state"] for router in reboot["routers"][reboot["rebooted"]]] == ["backup", "backup"]


def test_a_rebooted_node_has_all_that_it_had(reboot):
    assert reboot["to_do"] == {"edge1": [], "edge2": [], "edge3": []}


def test_after_the_reboot_exactly_one_node_is_active_for_each_router(reboot):
    states = [[node[at]["state"] for node in reboot["routers"].values()] for at in (0, 1)]
    assert [sorted(each) for each in states] == [["active", "backup", "backup"]] * 2


def test_the_floating_ip_answers_again_after_the_reboot(reboot):
    assert reboot["probe"]["answers_at_end"]
