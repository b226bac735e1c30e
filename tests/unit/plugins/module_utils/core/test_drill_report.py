"""What a drill found."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.drill_report import drill_report, drill_table

ZERO = 1700000000.0
NAMESPACE = "qrouter-id-2"
GATEWAY = ("qr-11111111-22", "198.51.100.1/24")
FLOATING = ("qg-33333333-44", "203.0.113.17/32")
PLAN = {
    "router": "id-2",
    "name": "router2",
    "namespace": NAMESPACE,
    "maker": "neutron",
    "active": "network1",
    "standby": ["network2"],
    "interface": "eth2",
    "also_affected": [],
}
CUT = [(0.0, False), (12.0, True)]


def facts(
    state: str, ha: str, booted: float = 1.0, error: float | None = None, written: float | None = -60.0
) -> dict[str, Any]:
    """written: seconds after ZERO."""
    wanted = [{"address": address, "interface": interface} for interface, address in (GATEWAY, FLOATING)]
    wanted.append({"address": "169.254.0.1/24", "interface": ha})
    instance = {"addresses_present": wanted if state == "active" else []}
    instance["addresses_missing"] = [] if state == "active" else wanted
    file = {"written": None if written is None else ZERO + written}
    router = {"name": "id-2", "state": state, "instances": [instance], "keepalived": [file]}
    return {"routers": [router, {"name": "id-3", "state": "active"}], "clock": {"booted": booted, "error": error}}


def watch(
    ha: str, *when: tuple[float, float], links: list[tuple[float, bool]] | None = None, complete: bool = True
) -> dict[str, Any]:
    """All addresses of the router come and go together; times are seconds after ZERO."""
    spans = [[ZERO + start, ZERO + end] for start, end in when]
    held = [GATEWAY, FLOATING, (ha, "169.254.0.1/24")]
    addresses = [{"interface": interface, "address": address, "spans": spans} for interface, address in held]
    addresses.append({"interface": ha, "address": "169.254.192.9/18", "spans": [[ZERO - 5, ZERO + 30]]})
    changes = [{"time": ZERO + at, "enabled": up, "carrier": up} for at, up in links or []]
    return {
        "started": ZERO - 5,
        "ended": ZERO + 30,
        "namespaces": [{"namespace": NAMESPACE, "complete": complete, "addresses": addresses}],
        "links": [{"interface": "eth2", "changes": changes}] if links is not None else [],
    }


def target(**given: Any) -> dict[str, Any]:
    found = {"target": "203.0.113.17", "sent": 3500, "lost": 680, "first_answer": ZERO - 4, "answers_at_end": True}
    found |= {"longest_gap_seconds": 6.81, "outage_seconds": 6.81, "gap_count": 1, "gaps": [gap(0.0, 6.81)]}
    return {**found, **given}


def gap(start: float, end: float | None) -> dict[str, Any]:
    return {"start": ZERO + start, "end": None if end is None else ZERO + end}


def report(**given: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "plan": PLAN,
        "before": {"network1": facts("active", "ha-1"), "network2": facts("backup", "ha-2")},
        "after": {"network1": facts("backup", "ha-1"), "network2": facts("active", "ha-2")},
        "watches": {"network1": watch("ha-1", (-5, 12.5), links=CUT), "network2": watch("ha-2", (6.8, 30))},
        "probes": {"outside1": {"targets": [target()]}},
        **given,
    }
    return drill_report(**found)


def test_a_failover_is_told_with_its_times() -> None:
    found = report()
    assert found["failures"] == []
    assert found["cut"] == {"node": "network1", "interface": "eth2", "down": ZERO, "up": ZERO + 12}
    assert found["took_over"] == {"node": "network2", "time": ZERO + 6.8, "seconds": 6.8}
    assert found["active"] == {"network1": [(ZERO - 5, ZERO + 12.5)], "network2": [(ZERO + 6.8, ZERO + 30)]}
    assert found["active_at_end"] == ["network2"]


def test_two_active_nodes_are_told_to_the_millisecond_and_are_no_failure() -> None:
    found = report()
    assert found["both_active"]["seconds"] == 5.7
    assert found["both_active"]["spans"] == [(ZERO + 6.8, ZERO + 12.5)]
    assert any(finding.startswith("two nodes were active at once for 5.7 s") for finding in found["findings"])
    assert found["failures"] == []


@pytest.mark.parametrize(
    ("gaps", "seconds"),
    [
        # Until the takeover, and after the interface is up again.
        ([gap(0.0, 6.8), gap(12.0, 14.0)], 0.0),
        ([gap(0.0, 7.8)], 1.0),
        ([gap(0.0, 7.9)], 1.1),
        ([gap(0.0, 7.0), gap(9.0, 10.5), gap(11.5, None)], 2.2),
        ([gap(0.0, 20.0)], 5.2),
    ],
)
def test_an_address_that_stood_still_though_another_node_had_taken_over_is_told(
    gaps: list[dict[str, Any]], seconds: float
) -> None:
    found = report(probes={"outside1": {"targets": [target(gaps=gaps)]}})
    assert found["outages"][0]["silent_after_takeover_seconds"] == seconds
    told = [finding for finding in found["findings"] if "203.0.113.17" in finding]
    text = (
        "203.0.113.17 did not answer outside1 for %.1f of the 5.2 s in which network2 had taken over and network1 was "
    )
    assert told == ([(text + "still cut off") % seconds] if seconds > 1 else [])
    assert found["failures"] == []


def test_whether_an_address_stood_still_is_unknown_where_nobody_took_over() -> None:
    found = report(watches={"network1": watch("ha-1", (-5, 30), links=CUT), "network2": watch("ha-2")})
    assert found["outages"][0]["silent_after_takeover_seconds"] is None
    assert not any("did not answer" in finding for finding in found["findings"])


def test_a_node_that_takes_the_router_back_is_told() -> None:
    found = report(
        watches={"network1": watch("ha-1", (-5, 30), links=CUT), "network2": watch("ha-2", (6.8, 12.4))},
        after={"network1": facts("active", "ha-1"), "network2": facts("backup", "ha-2")},
    )
    assert found["failures"] == []
    assert "network1 took the router back when it was there again" in found["findings"]
    assert not any("took the router back" in finding for finding in report()["findings"])


def test_one_active_node_at_a_time_is_told_as_such() -> None:
    watches = {"network1": watch("ha-1", (-5, 0.01), links=CUT), "network2": watch("ha-2", (3.6, 30))}
    found = report(watches=watches, probes={"outside1": {"targets": [target(gaps=[gap(0.0, 3.7)])]}})
    assert found["both_active"]["seconds"] == 0
    assert found["findings"] == []
    assert "Two at once: never" in drill_table(found)


def test_the_nodes_own_addresses_on_the_ha_network_are_not_the_routers() -> None:
    found = report(watches={"network1": watch("ha-1", (-5, 0), links=CUT), "network2": watch("ha-2", (3, 30))})
    assert found["active"]["network1"] == [(ZERO - 5, ZERO)]


def test_the_primary_address_is_the_same_on_ha_devices_of_different_names() -> None:
    only = {"network1": watch("ha-1", (-5, 12.5), links=CUT), "network2": watch("ha-2", (6.8, 30))}
    for recorded in only.values():
        recorded["namespaces"][0]["addresses"] = recorded["namespaces"][0]["addresses"][2:3]
    assert report(watches=only)["both_active"]["seconds"] == 5.7


def test_when_nobody_takes_over_the_drill_has_failed() -> None:
    found = report(
        watches={"network1": watch("ha-1", (-5, 30), links=CUT), "network2": watch("ha-2")},
        after={"network1": facts("active", "ha-1"), "network2": facts("backup", "ha-2")},
    )
    assert found["took_over"] is None
    assert found["failures"] == ["no other node took over"]


def test_a_node_that_got_only_some_addresses_has_not_taken_over() -> None:
    some = watch("ha-2", (6.8, 30))
    some["namespaces"][0]["addresses"][1]["spans"] = []
    found = report(watches={"network1": watch("ha-1", (-5, 12.5), links=CUT), "network2": some})
    assert found["failures"] == ["no other node took over"]


def test_a_node_that_never_had_one_of_the_addresses_has_not_taken_over() -> None:
    some = watch("ha-2", (6.8, 30))
    del some["namespaces"][0]["addresses"][1]
    after = {"network1": facts("backup", "ha-1"), "network2": facts("active", "ha-2")}
    instance = after["network2"]["routers"][0]["instances"][0]
    instance["addresses_missing"] = [instance["addresses_present"].pop(1)]
    found = report(watches={"network1": watch("ha-1", (-5, 12.5), links=CUT), "network2": some}, after=after)
    assert found["failures"] == ["no other node took over", "at the end network2 lacks 203.0.113.17/32"]


def test_an_interface_that_did_not_come_up_again_is_a_failure() -> None:
    watches = {"network1": watch("ha-1", (-5, 30), links=CUT[:1]), "network2": watch("ha-2", (6.8, 30))}
    assert report(watches=watches)["failures"] == ["eth2 of network1 did not come up again"]


def test_an_interface_that_did_not_go_down_is_a_failure() -> None:
    watches = {"network1": watch("ha-1", (-5, 30), links=[]), "network2": watch("ha-2")}
    assert report(watches=watches)["failures"] == ["eth2 of network1 did not go down"]


def test_a_node_that_could_not_be_asked_any_more_is_a_failure_and_no_error() -> None:
    found = report(
        watches={"network1": {"unreachable": True}, "network2": watch("ha-2", (6.8, 30))},
        after={"network1": {"unreachable": True}, "network2": facts("active", "ha-2")},
    )
    assert found["failures"] == ["eth2 of network1 did not go down"]
    assert "what happened on network1 was not recorded completely" in found["findings"]
    assert drill_table(found)


def test_two_active_nodes_in_the_end_are_a_failure() -> None:
    found = report(after={"network1": facts("active", "ha-1"), "network2": facts("active", "ha-2")})
    assert found["failures"] == ["at the end not exactly one node is active, but network1 and network2"]


def test_no_active_node_in_the_end_is_a_failure() -> None:
    found = report(after={"network1": facts("backup", "ha-1"), "network2": facts("backup", "ha-2")})
    assert found["failures"] == ["at the end not exactly one node is active, but none"]


def test_traffic_that_did_not_come_back_is_a_failure() -> None:
    found = report(probes={"outside1": {"targets": [target(answers_at_end=False)]}})
    assert found["failures"] == ["203.0.113.17 does not answer outside1 any more"]


def test_an_address_that_never_answered_is_told_apart_from_one_that_stopped() -> None:
    found = report(probes={"outside1": {"targets": [target(first_answer=None, answers_at_end=False)]}})
    assert found["failures"] == ["203.0.113.17 never answered outside1, before the cut neither"]


def test_without_outside_hosts_it_is_told_that_traffic_was_not_measured() -> None:
    found = report(probes={})
    assert found["failures"] == []
    assert "no traffic was measured: it takes a host in the group outside, and targets" in found["findings"]


def test_a_record_with_holes_is_told() -> None:
    holes = {"network1": watch("ha-1", (-5, 12.5), links=CUT), "network2": watch("ha-2", (6.8, 30), complete=False)}
    assert "what happened on network2 was not recorded completely" in report(watches=holes)["findings"]


def test_hosts_on_one_kernel_share_a_clock() -> None:
    assert report()["both_active"]["clock_error_seconds"] == 0


def test_clocks_of_two_hosts_are_apart_by_no_more_than_both_errors() -> None:
    before = {
        "network1": facts("active", "ha-1", 1.0, 0.004),
        "network2": facts("backup", "ha-2", 1.5, 0.006),
    }
    found = report(before=before)
    assert found["both_active"]["clock_error_seconds"] == 0.01
    assert "times of two nodes may be 0.010 s apart" in found["findings"]


def test_clocks_that_nothing_keeps_in_time_make_times_uncertain() -> None:
    before = {"network1": facts("active", "ha-1", 1.0), "network2": facts("backup", "ha-2", 1.5, 0.006)}
    found = report(before=before)
    assert found["both_active"]["clock_error_seconds"] is None
    assert any("cannot be compared" in finding for finding in found["findings"])


def test_the_table_says_it_all_to_a_person() -> None:
    assert drill_table(report()) == [
        "Failover of router2: eth2 of network1 was down for 12.0 s",
        "",
        "node      active, in seconds after the cut",
        "--------  --------------------------------",
        "network1  -5.00 to +12.50",
        "network2  +6.80 to the end",
        "",
        "outage of     seen from  longest  in all  lost         gaps",
        "------------  ---------  -------  ------  -----------  ----",
        "203.0.113.17  outside1   6.81 s   6.81 s  680 of 3500  1",
        "",
        "Took over: network2, after 6.80 s",
        "Two at once: 5.70 s (+6.80 to +12.50)",
        "Note: two nodes were active at once for 5.7 s: a node of Neutron's that is cut off keeps its addresses",
        "The failover worked.",
    ]


def test_the_table_of_a_failure_ends_with_it() -> None:
    watches = {"network1": watch("ha-1", (-5, 30), links=CUT[:1]), "network2": watch("ha-2", (6.8, 30))}
    assert drill_table(report(watches=watches))[-1] == "FAILED: eth2 of network1 did not come up again"


@pytest.mark.parametrize(("written", "told"), [(-0.1, False), (0.1, True), (11.9, True), (12.1, False), (None, False)])
def test_a_backup_that_was_to_read_its_configuration_meanwhile_is_told(written: float | None, told: bool) -> None:
    after = {"network1": facts("backup", "ha-1", written=3), "network2": facts("active", "ha-2", written=written)}
    text = "keepalived's configuration on network2 was written %.1f s after the cut: a backup that reads it waits anew"
    findings = report(after=after)["findings"]
    assert [finding for finding in findings if "keepalived's configuration" in finding] == (
        [text % written] if told else []
    )
