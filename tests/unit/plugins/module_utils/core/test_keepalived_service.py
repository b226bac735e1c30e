# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to services: the least that interrupts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived import (
    Capabilities,
    Configuration,
    VirtualAddress,
    VrrpInstance,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_options import (
    Existing,
    authentication_problems,
    name_problems,
    service,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_service import (
    CONFIGURATION_MODE,
    NOTHING,
    RECORDER_MODE,
    UNIT_MODE,
    File,
    Found,
    Process,
    configuration_text,
    plan_removal,
    plan_services,
    restarts,
    shown,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_unit import (
    RECORDER,
    Service,
    last_state,
    unit_text,
)
from ansible_collections.linuxbridge.vrrp.plugins.modules.keepalived_instance import ARGUMENT_SPEC

RECORDER_FILE = File(RECORDER, RECORDER_MODE)
INSTANCE = VrrpInstance("red", "ha0", 1, virtual_addresses=(VirtualAddress("169.254.0.1/24"),))


def wanted(name: str = "red", **changes: Any) -> Service:
    return Service(name, Configuration((replace(INSTANCE, **changes),)), "qrouter-" + name, ("prepare.service",))


def running(want: Service) -> Found:
    text = configuration_text(want)
    return Found(
        configuration=File(text, CONFIGURATION_MODE),
        unit=File(unit_text(want), UNIT_MODE),
        enabled=True,
        known=True,
        process=Process(4711, loaded=text),
        state="master",
        since=1.5,
    )


def actions(want: Service, found: Found) -> list[str]:
    return [str(step) for step in plan_services([want], {want.name: found}, RECORDER_FILE)]


def test_a_service_that_is_as_wanted_needs_nothing() -> None:
    assert actions(wanted(), running(wanted())) == []


def test_files_are_tested_before_any_is_written_and_processes_come_last() -> None:
    steps = plan_services([wanted("red"), wanted("blue")], {}, None)
    assert [str(step) for step in steps] == [
        "write /etc/linuxbridge-vrrp/record-state",
        "test /etc/linuxbridge-vrrp/instances/red.conf /etc/linuxbridge-vrrp/instances/blue.conf",
        "write /etc/linuxbridge-vrrp/instances/red.conf",
        "write /etc/systemd/system/linuxbridge-vrrp-red.service",
        "write /etc/linuxbridge-vrrp/instances/blue.conf",
        "write /etc/systemd/system/linuxbridge-vrrp-blue.service",
        "enable and start linuxbridge-vrrp-red.service linuxbridge-vrrp-blue.service",
    ]


def test_services_are_enabled_and_started_by_themselves_where_not_all_need_both() -> None:
    found = {
        "red": replace(running(wanted("red")), process=None),
        "blue": replace(running(wanted("blue")), enabled=False),
    }
    steps = [str(step) for step in plan_services([wanted("red"), wanted("blue")], found, RECORDER_FILE)]
    assert steps == ["enable linuxbridge-vrrp-blue.service", "start linuxbridge-vrrp-red.service"]


@pytest.mark.parametrize(
    ("other", "verbs"),
    [
        (running(wanted("blue")), ["enable and start"]),
        (replace(running(wanted("blue")), unit=File("edited", UNIT_MODE)), ["reload", "enable and start"]),
        (replace(running(wanted("blue")), enabled=False, process=None), ["enable", "start"]),
        (replace(running(wanted("blue")), unit=None, enabled=False, process=None), ["enable", "start"]),
    ],
)
def test_systemd_reads_its_units_again_only_when_it_knows_one_that_changed(other: Found, verbs: list[str]) -> None:
    steps = plan_services([wanted("red"), wanted("blue")], {"blue": other}, RECORDER_FILE)
    assert [step.verb for step in steps if step.verb not in ("test", "write")] == verbs


def test_many_changes_that_keep_the_state_make_one_reload() -> None:
    want = wanted(priority=50, preempt=False, version=3, garp_master_delay=1)
    steps = actions(want, running(wanted()))
    assert [step for step in steps if "red.service" in step] == ["reload linuxbridge-vrrp-red.service"]


LOSING: list[tuple[dict[str, Any], str]] = [
    ({"virtual_router_id": 2}, "virtual_router_id"),
    ({"interface": "ha1"}, "interface"),
    ({"virtual_addresses": (VirtualAddress("fe80::1/64"),), "version": 3}, "address family"),
    ({"unicast_peers": ("198.51.100.2",)}, "unicast or multicast"),
]


@pytest.mark.parametrize(("change", "reason"), LOSING)
def test_what_loses_the_state_is_a_restart_with_its_reason_and_a_warning(change: dict[str, Any], reason: str) -> None:
    steps = plan_services([wanted(**change)], {"red": running(wanted())}, RECORDER_FILE)
    assert str(steps[-1]) == "restart linuxbridge-vrrp-red.service (it loses its VRRP state: %s)" % reason
    assert len(restarts(steps)) == 1


@pytest.mark.parametrize(
    ("change", "verbs"),
    [
        ({"process": None}, ["start"]),
        ({"enabled": False}, ["enable"]),
        ({"stale": True}, ["reload"]),
        ({"unit": None}, ["write", "reload"]),
        ({"unit": File("edited", UNIT_MODE)}, ["test", "write", "reload"]),
        ({"configuration": None}, ["test", "write"]),
        ({"configuration": File("edited", CONFIGURATION_MODE)}, ["test", "write"]),
        ({"configuration": File(configuration_text(wanted()), 0o644)}, ["test", "write"]),
        ({"configuration": File(configuration_text(wanted()), None)}, ["test", "write"]),
        ({"process": Process(1, loaded="edited")}, ["reload"]),
        ({"process": Process(1, loaded=None)}, ["reload"]),
        ({"process": Process(1, recorder=False, loaded=configuration_text(wanted()))}, ["reload"]),
        ({"process": Process(1, as_asked=False, loaded=configuration_text(wanted()))}, ["restart"]),
    ],
)
def test_drift_of_each_kind_is_mended_by_these_steps(change: dict[str, Any], verbs: list[str]) -> None:
    assert [step.split()[0] for step in actions(wanted(), replace(running(wanted()), **change))] == verbs


def test_a_write_that_was_never_loaded_still_decides_between_reload_and_restart() -> None:
    want = wanted(virtual_router_id=2)
    interrupted = replace(running(want), process=Process(1, loaded=configuration_text(wanted())))
    assert actions(want, interrupted)[0].startswith("restart")


def test_a_removal_stops_first_and_removes_what_is_there() -> None:
    steps = [str(step) for step in plan_removal(["red"], {"red": running(wanted())})]
    assert [step.split()[0] for step in steps] == ["stop", "disable", "remove", "remove", "reload"]
    assert plan_removal(["red"], {"red": NOTHING}) == []


def test_services_that_go_are_stopped_at_once() -> None:
    names = ["red", "blue", "dead", "gone"]
    dead = Found(configuration=File("", CONFIGURATION_MODE), enabled=True)
    found = {**{name: running(wanted(name)) for name in names[:2]}, "dead": dead}
    steps = [str(step) for step in plan_removal(names, found)]
    units = "linuxbridge-vrrp-red.service linuxbridge-vrrp-blue.service"
    assert steps[:2] == ["stop " + units, "disable %s linuxbridge-vrrp-dead.service" % units]
    assert [step.split()[0] for step in steps[2:]] == ["remove"] * 5 + ["reload"]


def test_the_unit_runs_in_the_namespace_behind_what_prepares_it_and_is_kept_running() -> None:
    lines = unit_text(wanted()).splitlines()
    for line in (
        "NetworkNamespacePath=/run/netns/qrouter-red",
        "After=network.target prepare.service",
        "Wants=prepare.service",
        "Restart=always",
        "NoNewPrivileges=yes",
        "WantedBy=multi-user.target",
    ):
        assert line in lines
    assert "NetworkNamespacePath" not in unit_text(replace(wanted(), namespace=None))


def test_what_a_keepalived_that_ended_has_left_is_taken_away_before_others_are_told() -> None:
    lines = unit_text(replace(wanted(), followers=("/etc/follow",))).splitlines()
    assert [line for line in lines if line.startswith("ExecStopPost=")] == [
        "ExecStopPost=-/etc/linuxbridge-vrrp/record-state /run/linuxbridge-vrrp/red STOP",
        "ExecStopPost=-/etc/follow red STOP",
    ]


@pytest.mark.parametrize("options, kind", [(["SYSTEMD_NOTIFY"], "notify"), (["DBUS"], "simple")])
def test_systemd_waits_for_a_keepalived_that_can_tell_when_it_is_ready(options: list[str], kind: str) -> None:
    lines = unit_text(wanted(), Capabilities.of_version((2, 1, 5), options)).splitlines()
    assert [line for line in lines if line.startswith("Type=")] == ["Type=" + kind]
    assert ("NotifyAccess=all" in lines) == (kind == "notify")


@pytest.mark.parametrize(
    ("options", "daemons"),
    [([], ["keepalived", "vrrp"]), (["LVS", "BFD"], ["keepalived", "vrrp", "checkers", "bfd"])],
)
def test_no_daemon_that_keepalived_has_shares_a_pid_file_with_another_instance(
    options: list[str], daemons: list[str]
) -> None:
    lines = unit_text(wanted(), Capabilities.of_version((2, 3, 3), options)).splitlines()
    (start,) = [line for line in lines if line.startswith("ExecStart=")]
    files = [word.partition("=")[2] for word in start.split() if "pid=" in word]
    assert files == ["/run/linuxbridge-vrrp/red/%s.pid" % daemon for daemon in daemons]


def test_what_is_shown_is_what_is_planned_for_the_keepalived_that_is_there() -> None:
    old = Capabilities.of_version((2, 0, 2))
    want = wanted(virtual_addresses=(VirtualAddress("169.254.0.1/24", track=False),))
    _before, after = shown(NOTHING, want, old)
    written = [step.payload.text for step in plan_services([want], {}, None, old) if step.verb == "write"]
    texts = [configuration_text(want, old), unit_text(want, old)]
    assert after.startswith("".join(texts)) and written[1:] == texts
    assert [configuration_text(want), unit_text(want)] != texts


def test_the_last_state_of_an_instance_counts() -> None:
    assert last_state('INSTANCE "a" MASTER 50\nINSTANCE "a" BACKUP 50\nINSTANCE "a" STOP 50\nGROUP "g" FAULT 0\n') == (
        "BACKUP"
    )
    assert last_state("") is None


def options(**given: Any) -> dict[str, Any]:
    needed = {"interface": "ha0", "virtual_router_id": 1, "virtual_addresses": [address("169.254.0.1/24")]}
    return {**dict.fromkeys(ARGUMENT_SPEC), "name": "red", **needed, **given}


def address(text: str) -> dict[str, Any]:
    return {"address": text, "interface": None, "scope": None, "track": True}


def problems_of(**given: Any) -> list[str]:
    with pytest.raises(SpecError) as error:
        service(options(**given), Existing())
    return [str(problem) for problem in error.value.problems]


def test_a_configuration_is_tested_in_the_namespace_that_it_moves_to() -> None:
    there = running(wanted())
    moved = replace(wanted(), namespace="elsewhere")
    verbs = [step.split()[0] for step in actions(moved, there)]
    assert verbs[:2] == ["test", "write"]
    assert "test" not in " ".join(actions(wanted(), replace(there, unit=File("", None))))


@pytest.mark.parametrize("name", ["netns-red", "qrouter-edge1"])
def test_a_name_by_which_another_module_has_a_unit_is_refused(name: str) -> None:
    assert [problem.path for problem in name_problems({"name": name, "namespace": None})] == ["name"]
    assert name_problems({"name": name.partition("-")[0], "namespace": None}) == []


def instance_of(existing: Existing, **given: Any) -> VrrpInstance:
    return service({**dict.fromkeys(ARGUMENT_SPEC), "name": "red", **given}, existing).configuration.instances[0]


FULL = options(
    priority=60,
    preempt=False,
    authentication={"password": "secret", "type": "PASS"},
    unicast_peers=["198.51.100.2"],
    notify="/bin/true",
    track_scripts=[
        {"name": "a", "script": "/bin/x", "interval": 1, "timeout": None, "rise": None, "fall": 2, "weight": 5}
    ],
)


def existing_of(params: dict[str, Any]) -> Existing:
    want = service(params, Existing())
    return Existing(configuration_text(want), unit_text(want))


def test_what_is_unset_is_untouched() -> None:
    before = existing_of({**FULL, "namespace": "qrouter-red"})
    again = service({**dict.fromkeys(ARGUMENT_SPEC), "name": "red", "priority": 70}, before)
    assert again.namespace == "qrouter-red"
    instance = again.configuration.instances[0]
    assert (instance.priority, instance.preempt, instance.unicast_peers) == (70, False, ("198.51.100.2",))
    assert instance.authentication and instance.authentication.password == "secret"
    assert again.configuration.scripts[0].fall == 2
    assert again.after == ("linuxbridge-vrrp-netns-qrouter-red.service",)


def test_commands_run_as_root_whatever_was_edited_into_the_file() -> None:
    before = existing_of(FULL)
    edited = Existing((before.configuration or "").replace("script_user root", "script_user nobody"), before.unit)
    assert edited != before
    again = service({**dict.fromkeys(ARGUMENT_SPEC), "name": "red"}, edited)
    assert configuration_text(again) == before.configuration


def test_what_is_empty_is_none() -> None:
    empty: dict[str, Any] = {"authentication": {}, "unicast_peers": [], "notify": "", "track_scripts": []}
    instance = instance_of(existing_of(FULL), **empty)
    assert (instance.authentication, instance.unicast_peers, instance.notify, instance.track_scripts) == (
        *(None, (), None),
        (),
    )


def test_a_fraction_changes_the_version_and_whole_seconds_keep_it() -> None:
    before = existing_of(options())
    assert instance_of(before).version == 2
    assert instance_of(before, advert_interval=0.5).version == 3
    assert instance_of(existing_of(options(advert_interval=0.5)), advert_interval=1.0).version == 3


def test_a_delay_of_0_is_none_so_that_preempt_can_be_false() -> None:
    before = existing_of(options(preempt_delay=5.0))
    with pytest.raises(SpecError, match=r"preempt_delay: .*; 0 is no delay"):
        instance_of(before, preempt=False)
    instance = instance_of(before, preempt=False, preempt_delay=0.0)
    assert (instance.preempt, instance.preempt_delay) == (False, None)
    assert instance_of(before).preempt_delay == 5


@pytest.mark.parametrize("options_of", [{"version": 3}, {"advert_interval": 0.5}])
def test_authentication_does_not_change_the_version(options_of: dict[str, Any]) -> None:
    before = existing_of(options(**options_of))
    assert instance_of(before, authentication={"password": None, "type": None}).version == 3
    secret = {"advert_interval": 1.0, "authentication": {"password": "secret", "type": None}}
    with pytest.raises(SpecError, match=r"VRRP version 3 has none: .* version 2$"):
        instance_of(before, **secret)
    instance = instance_of(before, **secret, version=2)
    assert instance.version == 2 and instance.authentication and instance.authentication.type == "PASS"


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({"type": "AH"}, True),
        ({"type": "PASS"}, True),
        ({"password": ""}, True),
        ({}, False),
        ({"password": "x"}, False),
        ({"password": "x", "type": "AH"}, False),
    ],
)
def test_only_an_empty_dictionary_turns_authentication_off(given: dict[str, Any], refused: bool) -> None:
    suboptions = {"password": None, "type": None, **given}
    found = [problem.path for problem in authentication_problems({"authentication": suboptions})]
    assert found == (["authentication.password"] if refused else [])


def test_a_file_that_does_not_parse_is_as_good_as_none() -> None:
    with pytest.raises(SpecError, match="interface: is needed to make the instance red"):
        instance_of(Existing("vrrp_instance {"))


def test_problems_are_at_the_path_of_the_option_in_the_users_order() -> None:
    peers = ["198.51.100.9", "2001:db8::1", "198.51.100.1"]
    assert problems_of(unicast_peers=peers) == ["unicast_peers[1]: '2001:db8::1' is not an IPv4 address"]
    scripts = [{**FULL["track_scripts"][0], "name": "z", "script": "x"}, {**FULL["track_scripts"][0], "name": "a"}]
    assert [text.split(":")[0] for text in problems_of(track_scripts=scripts)] == ["track_scripts[0].script"]
    assert problems_of(priority=0)[0].startswith("priority: ")


def test_a_changed_password_is_said_and_not_shown() -> None:
    want = service({**FULL, "authentication": {"password": "other", "type": "PASS"}}, Existing())
    before, after = shown(running(service(FULL, Existing())), want)
    assert before != after
    assert "auth_pass ******** (changed)" in after
    assert "secret" not in before + after and "other" not in before + after
