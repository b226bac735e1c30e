"""Which node a drill cuts off, and what speaks against it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.drill_plan import drill_plan
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import SpecError

ADDRESS = {"address": "198.51.100.1/24", "interface": "qr-11111111-22"}
OTHER = {"address": "203.0.113.21/24", "interface": "qg-33333333-44"}


def router(name: str = "id-2", state: str = "active", **given: Any) -> dict[str, Any]:
    instance = {
        "advert_interval": 2.0,
        "priority": 50,
        "version": 2,
        "faults": ["keepalived is not running"] if state == "fault" else [],
        "addresses_present": [ADDRESS, OTHER] if state == "active" else [],
        "addresses_missing": [] if state == "active" else [ADDRESS, OTHER],
        **given.pop("instance", {}),
    }
    found = {"name": name, "namespace": "qrouter-" + name, "ha": True, "state": state, "uplinks": ["eth2"]}
    found.update(maker="neutron", keepalived=[{"configuration": "keepalived.conf", "problem": None, "pids": [7]}])
    found["recorded_state"] = "active" if state == "active" else "backup"
    return {**found, "instances": [instance], **given}


def node(*routers: dict[str, Any], interfaces: list[str] | None = None) -> dict[str, Any]:
    connection = {"address": "192.0.2.11", "interfaces": interfaces} if interfaces else None
    return {"routers": list(routers), "connection": connection}


def healthy(**given: Any) -> dict[str, Any]:
    return {"network1": node(router(state="backup")), "network2": node(router(), **given)}


def refused(nodes: dict[str, Any], **given: Any) -> list[str]:
    with pytest.raises(SpecError) as caught:
        drill_plan(nodes, **given)
    return [str(problem) for problem in caught.value.problems]


def test_the_active_node_is_cut_off_on_the_interface_that_carries_its_ha_network() -> None:
    plan = drill_plan(healthy(interfaces=["eth0"]), names={"id-2": "router2"})
    assert (plan["active"], plan["standby"], plan["interface"]) == ("network2", ["network1"], "eth2")
    assert (plan["router"], plan["name"], plan["namespace"]) == ("id-2", "router2", "qrouter-id-2")
    assert plan["also_affected"] == []


def test_another_node_takes_over_after_three_intervals_and_the_skew() -> None:
    assert drill_plan(healthy())["takeover_seconds"] == 6.8


def test_in_version_3_the_skew_is_a_part_of_the_interval() -> None:
    nodes = {
        name: node(router(state=state, instance={"version": 3, "advert_interval": 0.1, "priority": 128}))
        for name, state in (("network1", "active"), ("network2", "backup"))
    }
    assert drill_plan(nodes)["takeover_seconds"] == 0.35


@pytest.mark.parametrize("wanted", ["id-2", "router2", "qrouter-id-2"])
def test_a_router_is_found_by_name_identifier_and_namespace(wanted: str) -> None:
    nodes = {name: node(router(state=state), router("id-3")) for name, state in (("a", "active"), ("b", "backup"))}
    assert drill_plan(nodes, wanted, names={"id-2": "router2", "id-3": "router3"})["router"] == "id-2"


def test_routers_that_fail_over_as_well_are_named() -> None:
    nodes = healthy()
    nodes["network2"]["routers"] += [
        router("id-3"),
        router("id-4", "backup"),
        router("id-5", uplinks=["eth9"]),
        router("id-6", None, ha=False, uplinks=[]),
    ]
    assert drill_plan(nodes, "id-2", names={"id-3": "router3"})["also_affected"] == ["router3"]


def test_a_third_node_without_the_router_is_no_problem() -> None:
    assert drill_plan({**healthy(), "network3": node()})["standby"] == ["network1"]


def test_a_node_that_cannot_be_reached_stops_the_drill() -> None:
    assert refused({**healthy(), "network3": {"unreachable": True, "msg": "no route to host"}}) == [
        "network3: no route to host"
    ]


def test_a_node_that_the_run_leaves_out_stops_the_drill() -> None:
    assert refused({**healthy(), "network3": {}}) == [
        "network3: it was not examined; do not limit the run to some network nodes"
    ]


def test_one_network_node_is_too_few() -> None:
    assert refused({"network1": node(router())}) == ["network_nodes: a drill needs two nodes, the inventory has 1"]


@pytest.mark.parametrize(
    ("states", "shown"),
    [
        (("backup", "backup"), "network1: backup, network2: backup"),
        (("active", "active"), "network1: active, network2: active"),
    ],
)
def test_not_exactly_one_active_node_stops_the_drill(states: tuple[str, str], shown: str) -> None:
    nodes = {"network%d" % (at + 1): node(router(state=state)) for at, state in enumerate(states)}
    assert refused(nodes) == ["id-2: exactly one node must be active before a drill (%s)" % shown]


def test_a_standby_in_fault_stops_the_drill_with_its_reason() -> None:
    nodes = {"network1": node(router(state="fault")), "network2": node(router())}
    assert refused(nodes) == ["id-2 on network1: keepalived is not running"]


def test_a_standby_of_which_nobody_can_tell_stops_the_drill() -> None:
    nodes = healthy()
    nodes["network1"]["routers"][0]["keepalived"][0]["problem"] = "Permission denied"
    assert refused(nodes) == ["id-2 on network1: keepalived.conf: Permission denied"]


def test_a_standby_whose_agent_does_not_know_its_state_stops_the_drill() -> None:
    """It would become active without IPv6."""
    nodes = healthy()
    nodes["network1"]["routers"][0]["recorded_state"] = None
    (problem,) = refused(nodes)
    assert problem.startswith("id-2 on network1: the L3 agent does not know its state: neutron-keepalived-state-change")


def test_an_active_node_without_one_of_its_addresses_stops_the_drill() -> None:
    nodes = healthy()
    nodes["network2"] = node(router(instance={"addresses_present": [ADDRESS], "addresses_missing": [OTHER]}))
    assert refused(nodes) == ["id-2 on network2: it is active without 203.0.113.21/24"]


def test_a_router_that_only_one_node_has_stops_the_drill() -> None:
    assert refused({"network1": node(), "network2": node(router())}) == [
        "id-2: only network2 has it, so no node can take over"
    ]


def test_an_unknown_router_is_told_with_those_there_are() -> None:
    assert refused(healthy(), router="router9", names={"id-2": "router2"}) == [
        "router: router9 is not among the nodes' HA routers: router2"
    ]


def test_of_several_routers_one_must_be_named() -> None:
    nodes = healthy()
    nodes["network1"]["routers"].append(router("id-3"))
    assert refused(nodes) == ["router: say which; the nodes' HA routers are: id-2, id-3"]


def test_a_name_of_two_routers_is_not_guessed_at() -> None:
    nodes = healthy()
    nodes["network1"]["routers"].append(router("id-3"))
    assert refused(nodes, router="twin", names={"id-2": "twin", "id-3": "twin"}) == [
        "router: twin is the name of id-2 and id-3; give the identifier"
    ]


def test_a_router_that_is_not_ha_cannot_be_drilled() -> None:
    nodes = {name: node(router(ha=False, state=None)) for name in ("network1", "network2")}
    assert refused(nodes, router="id-2") == ["router: id-2 is not among the nodes' HA routers: none"]


def test_the_interface_of_ansibles_own_connection_is_never_cut() -> None:
    assert refused(healthy(interfaces=["eth2", "eth2.5"])) == [
        "interface: Ansible's own connection to network2 runs over eth2, so it must not be cut"
    ]


def test_an_interface_that_does_not_carry_the_ha_network_is_refused() -> None:
    assert refused(healthy(), interface="eth1") == [
        "interface: eth1 does not carry the HA network on network2; it is eth2"
    ]


def test_an_interface_that_cannot_be_told_must_be_named() -> None:
    nodes = healthy()
    nodes["network2"]["routers"][0]["uplinks"] = []
    assert refused(nodes) == ["interface: say which; the HA network is carried on network2 by: none that could be told"]
    assert drill_plan(nodes, interface="eth7")["interface"] == "eth7"
