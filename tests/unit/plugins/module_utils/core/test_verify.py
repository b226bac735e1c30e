"""The checks of a site: each kind of failure makes just its own check fail."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.verify import (
    FAILED,
    OK,
    SKIPPED,
    Site,
    expected_agents,
    verify,
    verify_table,
)

GROUPS = {"network_nodes": ["network1", "network2"], "compute_nodes": ["compute1", "compute2"]}
HA, PLAIN = "id-2", "id-1"
ADDRESSES = [
    {"address": "169.254.0.1/24", "interface": "ha-1"},
    {"address": "198.51.100.1/24", "interface": "qr-11111111-22"},
]


def agents() -> dict[str, Any]:
    found = expected_agents(GROUPS, "compute_nodes")
    return {"resources": [{"binary": binary, "host": host, "is_alive": True} for binary, host in found]}


def api() -> dict[str, Any]:
    hosts = [
        {"host": "network1", "alive": True, "ha_state": "active"},
        {"host": "network2", "alive": True, "ha_state": "standby"},
    ]
    network = {"id": "net", "name": "HA network tenant f00"}
    both = {"admin_state_up": True, "interfaces": [{"address": "198.51.100.1"}], "external_gateway": None}
    return {
        "routers": [
            {"id": PLAIN, "name": "router1", "ha": False, "agents": hosts[:1], "ha_network": None, **both},
            {"id": HA, "name": "router2", "ha": True, "agents": hosts, "ha_network": network, **both},
        ]
    }


def node(state: str, *more: str) -> dict[str, Any]:
    active = state == "active"
    instance = {
        "faults": [],
        "addresses_present": ADDRESSES if active else [],
        "addresses_missing": [] if active else ADDRESSES,
    }
    found = [{"name": HA, "ha": True, "state": state, "instances": [instance], "addresses_unexpected": []}]
    found[0].update(maker="neutron", recorded_state="active" if active else "backup")
    found[0]["keepalived"] = [{"configuration": "/etc/keepalived.conf", "problem": None, "pids": [7]}]
    return {"routers": found + [without_vrrp(name) for name in more]}


def without_vrrp(name: str, *addresses: str) -> dict[str, Any]:
    """A namespace as of a router that is not HA."""
    device = {"name": "qr-11111111-22", "role": "interface", "addresses": [*addresses, "fe80::1/64"]}
    return {
        "name": name,
        "maker": None,
        "ha": False,
        "state": None,
        "recorded_state": None,
        "instances": [],
        "keepalived": [],
        "addresses_unexpected": [],
        "devices": [{"name": "gre0", "role": "other", "addresses": ["192.168.0.1/24"]}, device],
    }


def probe(**given: Any) -> dict[str, Any]:
    found = {"target": "203.0.113.17", "sent": 40, "received": 40, "first_answer": 1000.0, "answers_at_end": True}
    return {"targets": [{**found, "gaps": [], "errors": {}, **given}]}


def site(**given: Any) -> Site:
    found: dict[str, Any] = {
        "groups": GROUPS,
        "agents": agents(),
        "api": api(),
        "nodes": {"network1": node("active", PLAIN), "network2": node("backup")},
        "probes": {"outside1": probe()},
        "targets": ["203.0.113.17"],
        "agents_per_router": 3,
        "dhcp_metadata_on": "compute_nodes",
        **given,
    }
    return Site(**deepcopy(found))


def results(judged: Site) -> dict[str, str]:
    return {one.check: one.result for one in verify(judged)}


def failed(judged: Site) -> list[str]:
    return ["%s: %s" % (one.check, one.found) for one in verify(judged) if one.result == FAILED]


def test_the_guides_site_passes_every_check() -> None:
    assert results(site()) == {
        "agents are alive": OK,
        "network nodes can be looked at": OK,
        "router2: its HA network is there": OK,
        "router2: its namespace is on all network nodes": OK,
        "router2: its addresses are on exactly one node": OK,
        "router2: the L3 agents know its state": OK,
        "router2: the API knows who is active": OK,
        "router1, which is not HA: its namespace is on one node only": OK,
        "203.0.113.17 answers outside1": OK,
    }


def test_the_guides_site_has_ten_agents() -> None:
    found = expected_agents(GROUPS, "compute_nodes")
    assert len(found) == 10
    assert [host for binary, host in found if binary == "neutron-l3-agent"] == ["network1", "network2"]
    assert [host for binary, host in found if binary == "neutron-metadata-agent"] == ["compute1", "compute2"]


def test_dhcp_and_metadata_agents_are_expected_where_the_inventory_says() -> None:
    found = expected_agents({**GROUPS, "compute_nodes": ["compute1"]}, "network_nodes")
    assert [host for binary, host in found if binary == "neutron-dhcp-agent"] == ["network1", "network2"]
    assert [binary for binary, host in found if host == "compute1"] == ["neutron-linuxbridge-agent"]


def test_a_host_in_both_groups_has_one_linux_bridge_agent() -> None:
    found = expected_agents({"network_nodes": ["one"], "compute_nodes": ["one"]}, "compute_nodes")
    assert sorted(binary for binary, _host in found) == [
        "neutron-dhcp-agent",
        "neutron-l3-agent",
        "neutron-linuxbridge-agent",
        "neutron-metadata-agent",
    ]


def test_where_dhcp_and_metadata_agents_are_what_they_are_those_that_are_there_must_be_alive() -> None:
    elsewhere = agents()
    for agent in elsewhere["resources"]:
        if agent["binary"] in ("neutron-dhcp-agent", "neutron-metadata-agent"):
            agent["host"] = "controller1" if agent["host"] == "compute1" else "controller2"
    assert failed(site(agents=elsewhere, dhcp_metadata_on=None)) == []
    dead = next(one for one in elsewhere["resources"] if one["host"] == "controller2")
    dead["is_alive"] = False
    assert failed(site(agents=elsewhere, dhcp_metadata_on=None)) == [
        "agents are alive: 9 of 10; DHCP agent on controller2 is dead"
    ]


def test_dead_and_missing_agents_are_named() -> None:
    found = agents()
    found["resources"][0]["is_alive"] = False
    del found["resources"][-1]
    assert failed(site(agents=found)) == [
        "agents are alive: 8 of 10; DHCP agent on compute1 is dead; Linux bridge agent on network2 is missing"
    ]


def test_a_node_that_cannot_be_looked_at_fails_its_checks_and_no_others() -> None:
    lost = {"network1": node("active", PLAIN), "network2": {"unreachable": True, "msg": "no route to host"}}
    assert failed(site(nodes=lost)) == [
        "network nodes can be looked at: 1 of 2; network2: no route to host",
        "router2: its namespace is on all network nodes: "
        "qrouter-id-2 on network1, but the API has it on network1, network2",
    ]


def test_an_api_that_does_not_answer_fails_and_the_rest_is_still_checked() -> None:
    nothing = {"msg": "cannot connect"}
    judged = site(agents=nothing, api=nothing)
    assert failed(judged) == ["agents are alive: cannot connect", "routers: cannot connect"]
    assert results(judged)["203.0.113.17 answers outside1"] == OK


def change(edit: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    found = api()
    edit(found["routers"][1])
    return found


def test_a_missing_ha_network_fails() -> None:
    assert failed(site(api=change(lambda router: router.update(ha_network=None)))) == [
        "router2: its HA network is there: the API has none"
    ]


def test_a_router_on_fewer_nodes_than_there_should_be_fails() -> None:
    found = failed(
        site(
            api=change(lambda router: router["agents"].pop()),
            nodes={"network1": node("active", PLAIN), "network2": {"routers": []}},
        )
    )
    assert found == ["router2: its namespace is on all network nodes: qrouter-id-2 on network1"]


def test_with_two_agents_a_router_the_third_node_need_not_have_it() -> None:
    nodes = {"network1": node("active", PLAIN), "network2": node("backup"), "network3": {"routers": []}}
    judged = site(nodes=nodes, agents_per_router=2)
    assert results(judged)["router2: its namespace is on 2 network nodes"] == OK
    assert failed(site(nodes=nodes, agents_per_router=0)) == [
        "router2: its namespace is on all network nodes: qrouter-id-2 on network1, network2"
    ]


def test_where_the_servers_number_is_not_known_a_router_is_where_neutron_has_put_it_on_two_nodes_or_more() -> None:
    nodes = {"network1": node("active", PLAIN), "network2": node("backup"), "network3": {"routers": []}}
    judged = site(nodes=nodes, agents_per_router=None)
    assert failed(judged) == []
    lone = change(lambda router: router.update(agents=router["agents"][:1]))
    del nodes["network2"]
    assert failed(site(nodes=nodes, api=lone, agents_per_router=None)) == [
        "router2: its namespace is on all network nodes: qrouter-id-2 on network1"
    ]


@pytest.mark.parametrize(
    ("addresses", "shown"),
    [
        ((), "network2 has no keepalived for it"),
        (("198.51.100.1/24",), "network2 has no keepalived for it, but 198.51.100.1/24"),
    ],
)
def test_a_namespace_from_before_the_router_was_ha_fails(addresses: tuple[str, ...], shown: str) -> None:
    nodes = {"network1": node("active", PLAIN), "network2": {"routers": [without_vrrp(HA, *addresses)]}}
    assert failed(site(nodes=nodes)) == [
        "router2: its addresses are on exactly one node: 2 addresses on network1; " + shown
    ]


@pytest.mark.parametrize(
    ("states", "shown"),
    [(("active", "active"), "4 addresses on network1, network2"), (("backup", "backup"), "0 addresses on none")],
)
def test_two_active_nodes_fail_and_so_does_none(states: tuple[str, str], shown: str) -> None:
    nodes = {"network1": node(states[0], PLAIN), "network2": node(states[1])}
    assert "router2: its addresses are on exactly one node: %s" % shown in failed(site(nodes=nodes))


def test_an_active_node_without_all_addresses_fails() -> None:
    nodes = {"network1": node("active", PLAIN), "network2": node("backup")}
    instance = nodes["network1"]["routers"][0]["instances"][0]
    instance.update(addresses_present=ADDRESSES[:1], addresses_missing=ADDRESSES[1:])
    assert failed(site(nodes=nodes)) == [
        "router2: its addresses are on exactly one node: 1 addresses on network1; network1 lacks 198.51.100.1/24"
    ]


def test_a_standby_that_cannot_take_over_fails() -> None:
    nodes = {"network1": node("active", PLAIN), "network2": node("fault")}
    nodes["network2"]["routers"][0]["instances"][0]["faults"] = ["keepalived is not running"]
    assert failed(site(nodes=nodes)) == [
        "router2: its addresses are on exactly one node: 2 addresses on network1; network2: keepalived is not running"
    ]


def test_a_standby_of_which_nobody_can_tell_fails() -> None:
    nodes = {"network1": node("active", PLAIN), "network2": node("backup")}
    nodes["network2"]["routers"][0]["keepalived"][0]["problem"] = "Permission denied"
    assert failed(site(nodes=nodes)) == [
        "router2: its addresses are on exactly one node: 2 addresses on network1; "
        "network2: /etc/keepalived.conf: Permission denied"
    ]


def test_an_address_that_is_not_the_routers_fails() -> None:
    nodes = {"network1": node("active", PLAIN), "network2": node("backup")}
    stray = {"address": "198.51.100.99/24", "interface": "qr-11111111-22"}
    nodes["network2"]["routers"][0]["addresses_unexpected"] = [stray]
    assert failed(site(nodes=nodes)) == [
        "router2: its addresses are on exactly one node: "
        "2 addresses on network1; network2 has 198.51.100.99/24, which is not the router's"
    ]


@pytest.mark.parametrize(("known", "said"), [(None, "does not know its state"), ("active", "takes it for active")])
def test_an_agent_that_was_not_told_the_state_of_a_backup_fails(known: str | None, said: str) -> None:
    """It would not turn IPv6 on when it becomes active."""
    backup = node("backup")
    backup["routers"][0]["recorded_state"] = known
    (wrong,) = failed(site(nodes={"network1": node("active", PLAIN), "network2": backup}))
    begin = "router2: the L3 agents know its state: network2: the L3 agent %s: neutron-keepalived-state-change hangs"
    assert wrong.startswith(begin % said)
    assert wrong.endswith("pkill --signal KILL --full '[s]tate-change.*router_id=%s'" % HA)


def test_an_api_that_names_another_node_fails() -> None:
    nodes = {"network1": node("backup", PLAIN), "network2": node("active")}
    assert failed(site(nodes=nodes)) == [
        "router2: the API knows who is active: the API says network1, the nodes say network2"
    ]


@pytest.mark.parametrize(
    ("nodes", "shown"),
    [
        ({"network1": node("active", PLAIN), "network2": node("backup", PLAIN)}, "network1, network2"),
        ({"network1": node("active"), "network2": node("backup")}, "none"),
    ],
)
def test_a_router_that_is_not_ha_on_two_nodes_or_none_fails(nodes: dict[str, Any], shown: str) -> None:
    assert failed(site(nodes=nodes)) == [
        "router1, which is not HA: its namespace is on one node only: qrouter-id-1 on %s" % shown
    ]


def plain(**given: Any) -> dict[str, Any]:
    found = api()
    found["routers"][0].update(given)
    return found


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"admin_state_up": False, "agents": []}, "it is down"),
        ({"interfaces": [], "agents": []}, "it has no networks"),
    ],
)
def test_a_router_that_neutron_gives_to_no_node_is_passed_over(given: dict[str, Any], why: str) -> None:
    nodes = {"network1": node("active"), "network2": node("backup")}
    name = "router1, which is not HA: its namespace is on one node only"
    assert [(one.result, one.found) for one in verify(site(nodes=nodes, api=plain(**given))) if one.check == name] == [
        (SKIPPED, why)
    ]
    nodes = {"network1": node("active", PLAIN), "network2": node("backup", PLAIN)}
    assert failed(site(nodes=nodes, api=plain(**given))) == ["%s: qrouter-id-1 on network1, network2" % name]


def test_an_ha_router_that_is_down_is_passed_over_unless_it_is_asked_for() -> None:
    nodes = {"network1": {"routers": [without_vrrp(PLAIN)]}, "network2": {"routers": []}}
    down = change(lambda router: router.update(admin_state_up=False, agents=[]))
    assert failed(site(nodes=nodes, api=down)) == []
    assert results(site(nodes=nodes, api=down))["router2, which is HA"] == SKIPPED
    assert len(failed(site(nodes=nodes, api=down, routers=["router2"]))) == 2


def test_a_router_that_is_asked_for_and_not_there_fails() -> None:
    judged = site(routers=["router2", "router3"])
    assert failed(judged) == ["router3 is there: the API has 0 routers of that name"]
    assert results(judged)["router2: its HA network is there"] == OK


def test_a_router_that_is_asked_for_and_not_ha_fails() -> None:
    assert failed(site(routers=["router1"])) == ["router1 is there: it is not highly available"]


def test_a_site_without_ha_routers_is_told_so() -> None:
    found = api()
    del found["routers"][1]
    assert results(site(api=found))["HA routers"] == SKIPPED


def test_an_address_that_does_not_answer_fails() -> None:
    lost = {"start": 999.0, "end": None, "seconds": 2.0, "lost": 40}
    silent = probe(received=0, first_answer=None, answers_at_end=False, gaps=[lost], errors={"No route to host": 40})
    assert failed(site(probes={"outside1": silent})) == [
        "203.0.113.17 answers outside1: 0 of 40 requests; No route to host (40 times)"
    ]


def test_an_address_that_answers_only_now_and_then_fails() -> None:
    gap = {"start": 1000.1, "end": 1000.3, "seconds": 0.2, "lost": 3}
    assert failed(site(probes={"outside1": probe(received=37, gaps=[gap])})) == [
        "203.0.113.17 answers outside1: 37 of 40 requests"
    ]


def test_the_time_to_resolve_an_address_is_no_failure() -> None:
    gap = {"start": 999.9, "end": 1000.0, "seconds": 0.1, "lost": 2}
    assert failed(site(probes={"outside1": probe(received=38, gaps=[gap])})) == []


def test_an_outside_host_that_cannot_be_reached_fails_its_checks() -> None:
    assert failed(site(probes={"outside1": {"unreachable": True, "msg": "no route to host"}})) == [
        "203.0.113.17 answers outside1: no route to host"
    ]


def test_without_outside_hosts_or_addresses_it_is_told_what_was_not_looked_at() -> None:
    assert next(one for one in verify(site(probes={})) if one.result == SKIPPED).found == (
        "no host is in the group outside"
    )
    assert results(site(targets=[]))["addresses answer from outside"] == SKIPPED


def test_the_table_lists_all_checks_and_ends_with_a_sum() -> None:
    nodes = {"network1": node("active", PLAIN), "network2": {"routers": []}}
    lines = verify_table(verify(site(nodes=nodes, probes={})))
    assert lines[0].split() == ["check", "result", "found"]
    assert len(lines) == 2 + 9 + 2
    assert lines[-1] == "9 checks: 7 ok, 1 failed, 1 skipped"
