"""Probes: the same cases on the fake and on real processes that ping the loopback of a namespace of their own."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.job import JobHave
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.probe import Probes
from ansible_collections.linuxbridge.vrrp.tests.fakes import late_echo
from ansible_collections.linuxbridge.vrrp.tests.fakes.fake_jobs import FakeProbes

CLONE_NEWNET = 0x40000000
FAR = "lbvpc-far"
ASKED: dict[str, Any] = {"targets": ["127.0.0.1", "::1"], "rate": 100.0, "duration": 30.0}


class Host(Protocol):
    """A host with probes, and a hand on its network and its clock."""

    probes: Any

    def pass_time(self, seconds: float) -> None: ...

    def interrupt(self, seconds: float) -> None: ...


class FakeHost:
    def __init__(self) -> None:
        self.probes = FakeProbes()

    def pass_time(self, seconds: float) -> None:
        self.probes.pass_time(seconds)

    def interrupt(self, seconds: float) -> None:
        self.probes.interrupt(seconds)


class RealHost:
    """This process is in a namespace of its own while it lives."""

    def __init__(self, directory: Path) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._outside = os.open("/proc/self/ns/net", os.O_RDONLY)
        assert self._libc.unshare(CLONE_NEWNET) == 0
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        self.probes = Probes(str(directory))

    def pass_time(self, seconds: float) -> None:
        time.sleep(seconds)

    def interrupt(self, seconds: float) -> None:
        time.sleep(0.3)
        subprocess.run(["ip", "link", "set", "lo", "down"], check=True)
        time.sleep(seconds)
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        time.sleep(0.3)

    def two_links(self) -> None:
        """Two interfaces whose other ends have the same link-local address; that of the first one is down."""
        subprocess.run(["ip", "netns", "add", FAR], check=True)
        for near, far in (("a0", "a1"), ("b0", "b1")):
            peer = ["peer", "name", far, "netns", FAR]
            subprocess.run(["ip", "link", "add", near, "type", "veth", *peer], check=True)
            subprocess.run(["ip", "-n", FAR, "address", "add", "fe80::2/64", "dev", far, "nodad"], check=True)
            subprocess.run(["ip", "address", "add", "fe80::1/64", "dev", near, "nodad"], check=True)
            subprocess.run(["ip", "link", "set", near, "up"], check=True)
        subprocess.run(["ip", "-n", FAR, "link", "set", "b1", "up"], check=True)

    @contextmanager
    def answering_late(self, seconds: float) -> Iterator[None]:
        """IPv4 only."""
        Path("/proc/sys/net/ipv4/icmp_echo_ignore_all").write_text("1")
        command = [sys.executable, late_echo.__file__, str(seconds)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as responder:
            try:
                assert responder.stdout and responder.stdout.readline() == b"ready\n"
                yield
            finally:
                responder.kill()

    def close(self) -> None:
        self.probes.remove("one")
        subprocess.run(["ip", "netns", "delete", FAR], capture_output=True, check=False)
        assert self._libc.setns(self._outside, CLONE_NEWNET) == 0
        os.close(self._outside)


@pytest.fixture(params=["fake", "real"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    if request.param == "fake":
        yield FakeHost()
        return
    if os.geteuid() != 0:
        pytest.skip("needs root for a network namespace and raw sockets")
    real = RealHost(tmp_path)
    try:
        yield real
    finally:
        real.probes.stop("one")
        real.close()


def test_what_was_never_started_is_not_there(host: Host) -> None:
    assert host.probes.look("one") == JobHave()
    host.probes.stop("one")
    host.probes.remove("one")


def test_a_probe_runs_until_it_is_stopped_and_then_has_a_result(host: Host) -> None:
    host.probes.start("one", ASKED)
    running = host.probes.look("one")
    assert (running.asked, running.running) == (ASKED, True)
    host.probes.stop("one")
    ended = host.probes.look("one")
    assert (ended.asked, ended.running) == (ASKED, False)
    assert [target["target"] for target in ended.result["targets"]] == ASKED["targets"]


def test_a_result_can_be_taken_again(host: Host) -> None:
    host.probes.start("one", ASKED)
    host.probes.stop("one")
    first = host.probes.look("one")
    host.probes.stop("one")
    assert host.probes.look("one") == first


def test_a_removed_probe_is_gone(host: Host) -> None:
    host.probes.start("one", ASKED)
    host.probes.stop("one")
    host.probes.remove("one")
    assert host.probes.look("one") == JobHave()


def test_a_probe_that_nobody_stops_ends_by_itself(host: Host) -> None:
    host.probes.start("one", {**ASKED, "duration": 0.5})
    host.pass_time(3)
    ended = host.probes.look("one")
    assert not ended.running
    assert ended.result is not None


def test_an_interruption_is_one_gap_of_its_length_for_each_target(host: Host) -> None:
    host.probes.start("one", ASKED)
    host.interrupt(0.5)
    host.probes.stop("one")
    for target in host.probes.look("one").result["targets"]:
        assert target["gap_count"] == 1
        # Two processes of `ip` are started within it, on a machine that may be busy.
        assert 0.5 <= target["longest_gap_seconds"] < 1.0


@pytest.fixture
def real(tmp_path: Path) -> Iterator[RealHost]:
    if os.geteuid() != 0:
        pytest.skip("needs root for a network namespace and raw sockets")
    host = RealHost(tmp_path)
    try:
        yield host
    finally:
        host.probes.stop("one")
        host.close()


def test_a_probe_sends_what_it_was_asked_to_send(real: RealHost) -> None:
    real.probes.start("one", {**ASKED, "rate": 50.0, "duration": 2.0})
    real.pass_time(3.5)
    for target in real.probes.look("one").result["targets"]:
        assert 90 <= target["sent"] <= 101
        assert target["received"] == target["sent"]


def test_a_probe_that_is_killed_leaves_what_it_had_measured(real: RealHost, tmp_path: Path) -> None:
    real.probes.start("one", ASKED)
    real.pass_time(2.5)
    (pid, _begun), *_others = json.loads((tmp_path / "probe/one/job.json").read_text())["processes"]
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    left = real.probes.look("one")
    assert not left.running
    assert left.result["ended"] is None
    assert all(target["received"] >= 50 and target["lost"] == 0 for target in left.result["targets"])


@pytest.mark.parametrize("rate", [0.5, 10.0])
def test_an_answer_that_takes_longer_than_a_second_does_not_count(real: RealHost, rate: float) -> None:
    with real.answering_late(1.3):
        real.probes.start("one", {**ASKED, "targets": ["127.0.0.1"], "rate": rate})
        real.pass_time(2.5)
        real.probes.stop("one")
    (target,) = real.probes.look("one").result["targets"]
    assert target["sent"] > 0 and target["received"] == 0
    assert [gap["lost"] for gap in target["gaps"]] == [target["sent"]]
    assert target["outage_seconds"] == target["longest_gap_seconds"] > 2


def test_an_answer_that_takes_almost_a_second_counts(real: RealHost) -> None:
    with real.answering_late(0.7):
        real.probes.start("one", {**ASKED, "targets": ["127.0.0.1"], "rate": 10.0, "duration": 1.5})
        real.pass_time(3)
    (target,) = real.probes.look("one").result["targets"]
    assert target["received"] == target["sent"] > 0 and target["gap_count"] == 0


def test_a_probe_that_waits_for_its_next_request_is_stopped_at_once_and_has_a_result(real: RealHost) -> None:
    real.probes.start("one", {**ASKED, "rate": 0.1})
    real.pass_time(1)
    begin = time.monotonic()
    real.probes.stop("one")
    assert time.monotonic() - begin < 2
    result = real.probes.look("one").result
    assert result["ended"] is not None
    assert [(target["sent"], target["received"]) for target in result["targets"]] == [(1, 1), (1, 1)]


def test_a_slow_probe_lasts_as_long_as_it_was_asked_to(real: RealHost) -> None:
    real.probes.start("one", {**ASKED, "rate": 0.8, "duration": 2.0})
    real.pass_time(3)
    result = real.probes.look("one").result
    assert [target["sent"] for target in result["targets"]] == [2, 2]
    assert 2.0 <= result["ended"] - result["started"] < 2.5


def test_a_link_local_target_is_asked_at_the_interface_that_it_names(real: RealHost) -> None:
    real.two_links()
    real.pass_time(1)
    targets = ["fe80::2%a0", "fe80::2%b0"]
    real.probes.start("one", {**ASKED, "targets": targets})
    real.pass_time(1)
    real.probes.stop("one")
    down, up = real.probes.look("one").result["targets"]
    assert [down["target"], up["target"]] == targets
    assert down["received"] == 0
    assert up["received"] == up["sent"] > 0


def test_a_target_at_an_interface_that_is_not_there_starts_no_probe(real: RealHost) -> None:
    with pytest.raises(EdgeError, match=r"fe80::2%eth9: eth9 is not an interface here"):
        real.probes.start("one", {**ASKED, "targets": ["fe80::2%eth9"]})
    assert real.probes.look("one") == JobHave()
