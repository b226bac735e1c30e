"""Jobs in the background: what is started, ended and refused."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.job import (
    JobHave,
    JobWant,
    plan_job,
    probe_want,
    watch_want,
)

ASKED = {"targets": ["203.0.113.17"]}


def want(state: str, asked: dict[str, Any] | None = None) -> JobWant:
    return JobWant("probe", "one", state, ASKED if asked is None else asked)


@pytest.mark.parametrize(
    ("state", "have", "actions"),
    [
        ("started", JobHave(), ["start probe one"]),
        ("started", JobHave(ASKED, running=True), []),
        ("started", JobHave(ASKED, running=False), ["remove probe one", "start probe one"]),
        ("started", JobHave({"targets": []}, running=False), ["remove probe one", "start probe one"]),
        ("restarted", JobHave(), ["start probe one"]),
        ("restarted", JobHave(ASKED, running=True), ["stop probe one", "remove probe one", "start probe one"]),
        ("restarted", JobHave({}, running=False), ["remove probe one", "start probe one"]),
        ("stopped", JobHave(), []),
        ("stopped", JobHave(ASKED, running=True), ["stop probe one"]),
        ("stopped", JobHave(ASKED, running=False), []),
        ("absent", JobHave(), []),
        ("absent", JobHave(ASKED, running=True), ["stop probe one", "remove probe one"]),
        ("absent", JobHave(ASKED, running=False), ["remove probe one"]),
    ],
)
def test_each_state_takes_just_the_steps_it_needs(state: str, have: JobHave, actions: list[str]) -> None:
    plan = plan_job(have, want(state))
    assert plan.actions == actions


def test_a_running_job_is_not_replaced_by_another_of_its_name() -> None:
    with pytest.raises(SpecError, match="probe one runs with other options; stop it first"):
        plan_job(JobHave(ASKED, running=True), want("started", {"targets": ["203.0.113.18"]}))


def options(**given: Any) -> dict[str, Any]:
    return {"name": "one", "state": "started", "targets": ["203.0.113.17"], "rate": 100.0, "duration": 60.0, **given}


def test_addresses_are_compared_in_one_spelling() -> None:
    found = probe_want(options(targets=["fd00:198:51:100:0::4", " 203.0.113.17"]))
    assert found.asked["targets"] == ["fd00:198:51:100::4", "203.0.113.17"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": "../etc"}, "name: '../etc' has other characters"),
        ({"name": "."}, "name: '.' has other characters"),
        ({"targets": ["example.org"]}, r"targets\[0\]: 'example.org' is not an address"),
        ({"targets": ["::1", "0::1"]}, r"targets\[1\]: ::1 is there twice"),
        ({"targets": ["::ffff:203.0.113.17"]}, r"targets\[0\]: ::ffff:.* in IPv6's notation; give 203.0.113.17"),
        ({"targets": []}, "targets: is empty"),
        ({"targets": None}, "targets: is empty"),
        ({"rate": 0.0}, "rate: 0 is not above 0"),
        ({"rate": 1001.0}, "rate: 1001 is not"),
        ({"rate": float("nan")}, "rate: nan is not"),
        ({"duration": 0.0}, "duration: 0 is not above 0"),
        ({"duration": 86401.0}, "duration: 86401 is not"),
    ],
)
def test_a_bad_value_is_named_before_anything_is_started(given: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        probe_want(options(**given))


def test_all_bad_values_are_named_at_once() -> None:
    with pytest.raises(SpecError) as caught:
        probe_want(options(targets=["x", "y"], rate=-1.0))
    assert [problem.path for problem in caught.value.problems] == ["targets[0]", "targets[1]", "rate"]


def test_stopping_needs_no_targets() -> None:
    assert probe_want(options(state="stopped", targets=None)).asked == {}


@pytest.mark.parametrize("given", [{"namespaces": ["../x"]}, {"namespaces": [".."]}, {"interfaces": ["a b"]}])
def test_a_watch_takes_only_names_the_kernel_could_have(given: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match="is not a name the kernel could have"):
        watch_want({"name": "one", "state": "started", "duration": 60.0, **given})


def test_a_watch_needs_something_to_watch() -> None:
    with pytest.raises(SpecError, match="namespaces: is empty, and so is interfaces"):
        watch_want({"name": "one", "state": "started", "duration": 60.0, "namespaces": [], "interfaces": []})
    assert watch_want({"name": "one", "state": "stopped", "duration": 60.0}).asked == {}
