"""What a node's kernel, processes and files say about its VRRP routers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.vrrp_node import (
    ConfigurationFile,
    Place,
    Process,
    Recorded,
    routers,
    unheard,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.vrrp_uplink import Links

ROUTER = "2f0e6a3c-0c55-4a3c-8a36-59b8a6b2c7d1"
PATH = "/var/lib/neutron/ha_confs/%s/keepalived.conf" % ROUTER
INODE = 4026532000

CONFIGURATION = """
vrrp_instance VR_7 {
    state BACKUP
    interface ha-0b1c2d3e-4f
    virtual_router_id 7
    priority 50
    nopreempt
    advert_int 2
    authentication {
        auth_type PASS
        auth_pass hush
    }
    track_interface {
        ha-0b1c2d3e-4f
    }
    virtual_ipaddress {
        169.254.0.7/24 dev ha-0b1c2d3e-4f
    }
    virtual_ipaddress_excluded {
        198.51.100.1/24 dev qr-11111111-22 no_track
        203.0.113.21/32 dev qg-33333333-44 no_track
        fe80::f816:3eff:fe00:1/64 dev qr-11111111-22 scope link no_track
    }
}
"""
VIRTUAL = {
    "ha-0b1c2d3e-4f": ["169.254.0.7/24"],
    "qr-11111111-22": ["198.51.100.1/24", "fe80::f816:3eff:fe00:1/64"],
    "qg-33333333-44": ["203.0.113.21/32"],
}
PROCESSES = (Process(12, 11, INODE, PATH), Process(11, 1, INODE, PATH))


def device(name: str, *addresses: str, flags: tuple[str, ...] = ("UP", "LOWER_UP"), **more: Any) -> dict[str, Any]:
    info = [{"local": one.split("/")[0], "prefixlen": int(one.split("/")[1])} for one in addresses]
    return {"ifname": name, "flags": list(flags), "mtu": 1450, "addr_info": info, **more}


def devices(active: bool) -> list[dict[str, Any]]:
    own = {"ha-0b1c2d3e-4f": ["169.254.192.3/18", "fe80::1/64"]}
    return [
        {"ifname": "lo", "flags": ["LOOPBACK", "UP"], "addr_info": []},
        *(device(name, *own.get(name, []), *(virtual if active else [])) for name, virtual in VIRTUAL.items()),
    ]


def look(
    found: list[dict[str, Any]],
    processes: Sequence[Process] = PROCESSES,
    text: str | None = CONFIGURATION,
    recorded: Recorded | None = None,
    problem: str | None = None,
) -> dict[str, Any]:
    file = ConfigurationFile(PATH, "neutron", text, problem, recorded)
    (router,) = routers([Place("qrouter-" + ROUTER, INODE, found, [file])], processes, Links([]))
    return router


def test_a_node_with_all_addresses_is_active() -> None:
    router = look(devices(active=True))
    (instance,) = router["instances"]
    assert (router["name"], router["maker"], router["ha"], router["state"]) == (ROUTER, "neutron", True, "active")
    assert instance["addresses_missing"] == router["addresses_unexpected"] == instance["faults"] == []
    assert len(instance["addresses_present"]) == 4
    assert (instance["virtual_router_id"], instance["priority"], instance["advert_interval"]) == (7, 50, 2.0)
    assert instance["preempt"] is False


def test_a_node_with_none_of_them_is_backup() -> None:
    router = look(devices(active=False))
    assert router["state"] == "backup"
    assert router["instances"][0]["addresses_present"] == []


def test_a_node_with_one_address_left_is_active_and_says_what_is_missing() -> None:
    found = devices(active=False)
    found[3] = device("qg-33333333-44", "203.0.113.21/32")
    router = look(found)
    assert router["state"] == "active"
    assert router["instances"][0]["addresses_present"] == [
        {"address": "203.0.113.21/32", "interface": "qg-33333333-44"}
    ]
    assert len(router["instances"][0]["addresses_missing"]) == 3


def test_an_address_with_another_prefix_length_is_not_the_virtual_one() -> None:
    found = devices(active=False)
    found[3] = device("qg-33333333-44", "203.0.113.21/24")
    router = look(found)
    assert router["state"] == "backup"
    assert router["addresses_unexpected"] == [{"address": "203.0.113.21/24", "interface": "qg-33333333-44"}]


def test_addresses_are_compared_by_value_not_by_spelling() -> None:
    text = CONFIGURATION.replace("fe80::f816:3eff:fe00:1/64", "FE80:0::f816:3eff:fe00:0001/64")
    assert look(devices(active=True), text=text)["instances"][0]["addresses_missing"] == []


def test_an_address_made_of_another_active_nodes_advertisement_is_not_unexpected() -> None:
    learned = {"local": "fd00:198:51:100:f816:3eff:feb9:91b7", "prefixlen": 64}
    for dynamic, expected in (({"dynamic": True}, []), ({}, ["fd00:198:51:100:f816:3eff:feb9:91b7/64"])):
        found = devices(active=True)
        (leg,) = [one for one in found if one["ifname"].startswith("qr-")][:1]
        leg["addr_info"].append({**learned, **dynamic})
        assert [one["address"] for one in look(found)["addresses_unexpected"]] == expected


def test_the_nodes_own_address_on_the_ha_network_is_not_unexpected() -> None:
    assert look(devices(active=False))["addresses_unexpected"] == []


def test_without_a_process_a_node_is_in_fault() -> None:
    router = look(devices(active=False), processes=[])
    assert router["state"] == "fault"
    assert router["instances"][0]["faults"] == ["keepalived is not running"]


SCRIPT = """
vrrp_script check {
    script "/bin/false"
    %s
}
"""


@pytest.mark.parametrize(
    ("script", "tracked", "faults"),
    [
        ("", "check", ["script check failed (exited with status 1)"]),
        # It only lowers the priority.
        ("weight -20", "check", []),
        ("", "check weight -20", []),
        ("", "", []),
    ],
)
def test_a_node_whose_keepalived_says_that_a_script_failed_is_in_fault(
    script: str, tracked: str, faults: list[str]
) -> None:
    track = "advert_int 2\n    track_script {\n        %s\n    }" % tracked
    text = SCRIPT % script + CONFIGURATION.replace("advert_int 2", track)
    told = Process(12, 11, INODE, PATH, ("VRRP_Script(check) failed (exited with status 1)",))
    router = look(devices(active=False), processes=[told, PROCESSES[1]], text=text, recorded=Recorded("backup", 1.0))
    assert router["instances"][0]["faults"] == faults
    assert router["state"] == ("fault" if faults else "backup")


def test_a_reason_that_is_seen_comes_before_what_keepalived_says() -> None:
    told = Process(12, 11, INODE, PATH, ("(VR_7) Entering FAULT STATE",))
    assert look(devices(active=False), processes=[told])["instances"][0]["faults"] == ["keepalived says so"]
    without = [device for device in devices(active=False) if device["ifname"] != "ha-0b1c2d3e-4f"]
    assert look(without, processes=[told])["instances"][0]["faults"] == ["ha-0b1c2d3e-4f is missing"]


def test_without_a_process_but_with_addresses_a_node_is_active_nevertheless() -> None:
    router = look(devices(active=True), processes=[])
    assert router["state"] == "active"
    assert router["instances"][0]["faults"] == ["keepalived is not running"]


def test_a_process_with_that_file_in_another_namespace_does_not_count() -> None:
    assert look(devices(active=False), processes=[Process(11, 1, INODE + 1, PATH)])["state"] == "fault"


@pytest.mark.parametrize(
    ("flags", "fault"),
    [((), "ha-0b1c2d3e-4f is down"), (("UP",), "ha-0b1c2d3e-4f has no carrier"), (None, "ha-0b1c2d3e-4f is missing")],
)
def test_a_tracked_interface_that_is_gone_is_a_fault(flags: tuple[str, ...] | None, fault: str) -> None:
    found = [one for one in devices(active=False) if one["ifname"] != "ha-0b1c2d3e-4f"]
    if flags is not None:
        found.append(device("ha-0b1c2d3e-4f", flags=flags))
    router = look(found)
    assert router["state"] == "fault"
    assert router["instances"][0]["faults"] == [fault]


def test_an_interface_that_is_not_tracked_is_no_fault() -> None:
    found = devices(active=False)
    found[3] = device("qg-33333333-44", flags=("UP",))
    assert look(found)["state"] == "backup"


def test_what_keepalived_recorded_as_fault_is_believed() -> None:
    router = look(devices(active=False), recorded=Recorded("FAULT", 1000.5))
    assert (router["state"], router["since"]) == ("fault", 1000.5)


@pytest.mark.parametrize("word", ["primary", "master", "MASTER"])
def test_a_recorded_state_that_agrees_tells_since_when(word: str) -> None:
    router = look(devices(active=True), recorded=Recorded(word, 1000.5))
    assert (router["recorded_state"], router["since"]) == ("active", 1000.5)


def test_a_recorded_state_that_disagrees_is_shown_and_not_believed() -> None:
    router = look(devices(active=False), recorded=Recorded("primary", 1000.5))
    assert (router["state"], router["recorded_state"], router["since"]) == ("backup", "active", None)


def test_the_process_that_was_started_comes_before_its_child() -> None:
    assert look(devices(active=True))["keepalived"][0]["pids"] == [11, 12]


def test_no_password_is_returned() -> None:
    assert "hush" not in repr(look(devices(active=True)))


@pytest.mark.parametrize("text", ["vrrp_instance VR_1 {", "vrrp_instance VR_1 {\n virtual_router_id x\n}"])
def test_a_file_that_cannot_be_understood_is_named_and_the_state_is_not_guessed(text: str) -> None:
    router = look(devices(active=False), text=text)
    assert (router["ha"], router["state"]) == (True, None)
    assert router["instances"] == []
    assert router["keepalived"][0]["problem"]


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ("includer /etc/other", "includer"),
        ("$SECRET=hush", "$SECRET"),
        ("@one vrrp_script x {\n}\n@^two global_defs {\n}", "@^two, @one"),
        ("vrrp_instance VR_8 {\n virtual_router_id 8\n use_ipvlan\n}", "use_ipvlan"),
    ],
)
def test_what_a_file_says_beyond_what_is_read_is_named_and_the_state_is_not_guessed(more: str, named: str) -> None:
    router = look(devices(active=False), text="%s\n%s" % (CONFIGURATION, more))
    assert router["keepalived"][0]["problem"] == "it has what is not understood here: " + named
    assert {router["state"], *(one["state"] for one in router["instances"])} == {None}


def test_a_node_with_an_address_is_active_whatever_else_its_file_says() -> None:
    router = look(devices(active=True), text="include /etc/other\n" + CONFIGURATION)
    assert (router["state"], router["instances"][0]["state"]) == ("active", "active")


@pytest.mark.parametrize(("weight", "state"), [("weight 0", "fault"), ("weight 10", "backup"), ("", "fault")])
def test_a_tracked_interface_is_a_fault_unless_it_has_a_weight(weight: str, state: str) -> None:
    text = CONFIGURATION.replace("track_interface {", "track_interface {\n qg-33333333-44 %s" % weight)
    found = devices(active=False)
    found[3] = device("qg-33333333-44", flags=())
    assert look(found, text=text)["state"] == state


def test_an_address_of_the_loopback_is_there_and_the_loopback_is_no_device() -> None:
    found = devices(active=False)
    found[0]["addr_info"] = [{"local": "169.254.0.7", "prefixlen": 24}]
    router = look(found, text=CONFIGURATION.replace("169.254.0.7/24 dev ha-0b1c2d3e-4f", "169.254.0.7/24 dev lo"))
    assert (router["state"], [one["name"] for one in router["devices"]]) == ("active", list(VIRTUAL))


def test_instances_of_a_sync_group_are_in_fault_together() -> None:
    other = "vrrp_instance VR_8 {\n interface gone\n virtual_router_id 8\n}\n"
    for group, expected in (("group {\n VR_7\n VR_8\n }", "VR_8 of its sync group is in fault"), ("", None)):
        router = look(devices(active=False), text="%s%svrrp_sync_group G {\n%s\n}" % (CONFIGURATION, other, group))
        first, second = router["instances"]
        assert (first["faults"], second["faults"]) == ([expected] if expected else [], ["gone is missing"])


def test_of_several_records_the_oldest_that_agrees_counts() -> None:
    records = [Recorded("FAULT", 1.0), Recorded("MASTER", 4.0), Recorded("MASTER", 3.0)]
    files = [ConfigurationFile("/%d" % at, None, CONFIGURATION, None, one) for at, one in enumerate(records)]
    (router,) = routers([Place(None, INODE, devices(active=True), files)], [], Links([]))
    assert (router["recorded_state"], router["since"]) == ("active", 3.0)


def test_a_namespace_without_a_name_is_told_by_a_process_in_it() -> None:
    file = ConfigurationFile(PATH, "neutron", CONFIGURATION)
    place = Place("qrouter-" + ROUTER, INODE, devices(active=True), [file], pid=12)
    (router,) = routers([place], PROCESSES, Links([]))
    assert (router["name"], router["namespace"], router["state"]) == (ROUTER, "/proc/12/ns/net", "active")


def test_a_file_that_cannot_be_read_is_named() -> None:
    router = look(devices(active=False), text=None, problem="Permission denied")
    assert router["keepalived"][0]["problem"] == "Permission denied"


def test_a_router_without_keepalived_and_ha_device_is_not_ha() -> None:
    found = [device("qr-11111111-22", "192.0.2.1/24"), device("qg-33333333-44", "203.0.113.16/24")]
    (router,) = routers([Place("qrouter-x", INODE, found, [])], [], Links([]))
    assert (router["ha"], router["state"], router["maker"]) == (False, None, None)
    assert router["addresses_unexpected"] == []


def test_an_ha_device_without_any_configuration_is_a_fault() -> None:
    (router,) = routers([Place("qrouter-x", INODE, [device("ha-0b1c2d3e-4f")], [])], [], Links([]))
    assert (router["ha"], router["state"]) == (True, "fault")


def test_an_address_that_another_host_had_already_is_told() -> None:
    found = devices(active=True)
    found[2]["addr_info"][1]["dadfailed"] = True
    shown = next(one for one in look(found)["devices"] if one["name"] == "qr-11111111-22")
    assert shown["addresses_duplicate"] == ["fe80::f816:3eff:fe00:1"]


def test_keepalived_in_the_nodes_own_namespace_has_no_name() -> None:
    file = ConfigurationFile("/etc/keepalived/keepalived.conf", None, CONFIGURATION)
    process = Process(9, 1, INODE, "/etc/keepalived/keepalived.conf")
    (router,) = routers([Place(None, INODE, devices(active=True), [file])], [process], Links([]))
    assert (router["name"], router["namespace"], router["maker"], router["state"]) == (None, None, None, "active")


@pytest.mark.parametrize(
    ("state", "known", "wrong"),
    [
        ("active", "active", None),
        ("backup", "backup", None),
        # Neutron's watcher looks at addresses, and says backup; its scripts of old said fault.
        ("fault", "backup", None),
        ("fault", "fault", None),
        ("backup", "fault", None),
        ("active", "backup", "takes it for backup"),
        ("backup", "active", "takes it for active"),
        ("active", None, "does not know its state"),
        # There is nothing to compare with.
        (None, None, None),
    ],
)
def test_neutrons_agent_is_to_know_the_state(state: str | None, known: str | None, wrong: str | None) -> None:
    router = {"maker": "neutron", "ha": True, "name": ROUTER, "state": state, "recorded_state": known}
    said = unheard(router)
    assert (said or "").split(":")[0] == ("the L3 agent " + wrong if wrong else "")
    assert [unheard({**router, **other}) for other in ({"maker": "linuxbridge.vrrp"}, {"ha": False})] == [None, None]
