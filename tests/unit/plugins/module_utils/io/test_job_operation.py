"""Probes through converge(): the same in check mode and in a real run, and nothing the second time."""

from __future__ import annotations

from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.job import probe_want
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.job_operation import JobOperation
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.probe import EMPTY
from ansible_collections.linuxbridge.vrrp.plugins.modules.traffic_probe import ARGUMENTS
from ansible_collections.linuxbridge.vrrp.tests.fakes.fake_jobs import FakeProbes
from ansible_collections.linuxbridge.vrrp.tests.fakes.module_run import run

TARGETS = ["203.0.113.17"]


def probe(host: FakeProbes, check_mode: bool = False, **params: Any) -> dict[str, Any]:
    operation = JobOperation(probe_want, lambda: host, EMPTY)
    result: dict[str, Any] = run(operation, ARGUMENTS, check_mode, name="one", **params)
    return result


def test_starting_twice_starts_once() -> None:
    host = FakeProbes()
    first, second = (probe(host, targets=TARGETS) for _time in range(2))
    assert (first["changed"], first["actions"], first["running"]) == (True, ["start probe one"], True)
    assert (second["changed"], second["actions"], second["running"]) == (False, [], True)


def test_restarting_starts_anew_each_time_and_ends() -> None:
    host = FakeProbes()
    probe(host, state="restarted", targets=TARGETS)
    again = probe(host, state="restarted", targets=["203.0.113.18"])
    assert not again["failed"]
    assert again["actions"] == ["stop probe one", "remove probe one", "start probe one"]
    assert [one["target"] for one in probe(host, state="stopped")["targets"]] == ["203.0.113.18"]


def test_check_mode_says_what_a_run_would_do_and_does_nothing() -> None:
    host = FakeProbes()
    assert probe(host, check_mode=True, targets=TARGETS)["actions"] == ["start probe one"]
    assert not host.look("one").running
    probe(host, targets=TARGETS)
    assert probe(host, check_mode=True, state="stopped")["actions"] == ["stop probe one"]
    assert host.look("one").running


def test_a_result_is_returned_however_often_it_is_asked_for() -> None:
    host = FakeProbes()
    probe(host, targets=TARGETS)
    first, second = (probe(host, state="stopped") for _time in range(2))
    assert first["targets"] == second["targets"] != []
    assert (first["changed"], second["changed"]) == (True, False)


def test_stopping_what_is_not_there_is_no_change_and_has_no_result() -> None:
    result = probe(FakeProbes(), state="stopped")
    assert (result["changed"], result["targets"], result["running"]) == (False, [], False)


def test_another_probe_of_the_name_is_not_replaced() -> None:
    host = FakeProbes()
    probe(host, targets=TARGETS)
    result = probe(host, targets=["203.0.113.18"])
    assert result["failed"]
    assert "stop it first" in result["msg"]
