# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""network_namespace against real namespaces."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.netns import Namespaces, inside, is_namespace
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.network_namespace import NetworkNamespace
from ansible_collections.linuxbridge.vrrp.plugins.modules.network_namespace import ARGUMENT_SPEC
from ansible_collections.linuxbridge.vrrp.tests.fakes import module_run
from ansible_collections.linuxbridge.vrrp.tests.fakes.fake_systemd import FakeSystemd

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root"),
    # A thread that was in a namespace may not be quite gone when the fake forks.
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded"),
]
RED, RED2 = "lbvnn-red", "lbvnn-red2"
SYSCTLS = {
    "net.ipv4.ip_forward": 1,
    "net.ipv4.ip_local_port_range": "20000 30000",
    "net.ipv4.ip_local_reserved_ports": "21000-21005,22000",
}
KILLS = 50

Module = Callable[..., dict[str, Any]]


def operation(directory: Path) -> NetworkNamespace:
    """With units in a directory of the test's own."""
    return NetworkNamespace(FakeSystemd(str(directory)), str(directory))


def clean() -> None:
    for name in (RED, RED2):
        subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)


@pytest.fixture
def module(tmp_path: Path) -> Iterator[Module]:
    """Check mode and the run say the same, and nothing is left to do afterwards."""
    units = tmp_path / "units"
    units.mkdir()
    clean()

    def call(check: bool = True, **params: Any) -> dict[str, Any]:
        planned = module_run.run_alone(operation(units), ARGUMENT_SPEC, True, **params) if check else {}
        result: dict[str, Any] = module_run.run_alone(operation(units), ARGUMENT_SPEC, **params)
        if check and not result["failed"]:
            assert (planned["actions"], planned["diff"]) == (result["actions"], result["diff"])
            assert module_run.run_alone(operation(units), ARGUMENT_SPEC, **params)["actions"] == []
        return result

    yield call
    clean()


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def sleeper(module: Module) -> Iterator[subprocess.Popen[bytes]]:
    module(name=[RED])
    process = subprocess.Popen(["ip", "netns", "exec", RED, "sleep", "300"])
    while "sleep" not in Path("/proc/%d/comm" % process.pid).read_text():
        time.sleep(0.01)
    yield process
    process.kill()
    process.wait()


def test_a_namespace_has_its_loopback_and_its_sysctls(module: Module) -> None:
    assert module(name=[RED, RED2], sysctls=SYSCTLS)["changed"]
    for name in (RED, RED2):
        assert "LOWER_UP" in run("ip", "-n", name, "link", "show", "lo")
        read = run("ip", "netns", "exec", name, "cat", *["/proc/sys/" + key.replace(".", "/") for key in SYSCTLS])
        assert read.split() == ["1", "20000", "30000", "21000-21005,22000"]
    assert Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split() != ["20000", "30000"]


def test_names_are_exact(module: Module) -> None:
    module(name=[RED2])
    assert module(name=[RED], state="absent")["changed"] is False
    module(name=[RED])
    module(name=[RED], state="absent")
    assert is_namespace(RED2) and not is_namespace(RED)


@pytest.mark.parametrize(
    "drift",
    [
        ["ip", "-n", RED, "link", "set", "lo", "down"],
        ["ip", "netns", "exec", RED, "sh", "-c", "echo 0 > /proc/sys/net/ipv4/ip_forward"],
        ["umount", "/run/netns/" + RED],
        ["ip", "netns", "delete", RED],
    ],
)
def test_drift_is_found_and_mended(module: Module, drift: list[str]) -> None:
    module(name=[RED], sysctls=SYSCTLS)
    run(*drift)
    assert module(name=[RED], sysctls=SYSCTLS)["changed"]
    assert "LOWER_UP" in run("ip", "-n", RED, "link", "show", "lo")


def test_a_namespace_with_processes_is_refused_and_nothing_is_removed(
    module: Module, sleeper: subprocess.Popen[bytes]
) -> None:
    module(name=[RED2])
    result = module(name=[RED2, RED], state="absent")
    assert result["failed"] and not result["changed"]
    assert "%s has processes in it: %d (sleep)" % (RED, sleeper.pid) in result["msg"]
    assert is_namespace(RED) and is_namespace(RED2)


def test_kill_ends_the_processes_in_it_and_no_others(module: Module, sleeper: subprocess.Popen[bytes]) -> None:
    with subprocess.Popen(["sleep", "300"]) as other:
        try:
            assert module(name=[RED], state="absent", kill=True)["changed"]
            assert sleeper.wait(5) == -signal.SIGTERM
            assert other.poll() is None
        finally:
            other.kill()
    assert not is_namespace(RED)


def test_a_process_that_ignores_sigterm_is_killed(module: Module, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("%s.PATIENCE" % Namespaces.__module__, 0.5)
    module(name=[RED])
    command = ["ip", "netns", "exec", RED, "sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout and process.stdout.readline() == b"ready\n"
        result = module(check=False, name=[RED], state="absent", kill=True)
        assert process.wait(5) == -signal.SIGKILL
    assert not result["failed"], result


def test_a_sysctl_that_is_not_there_is_an_error_that_names_it(module: Module) -> None:
    module(name=[RED])
    result = module(name=[RED], sysctls={"net.ipv4.conf.nope.forwarding": 1})
    assert result["problems"] == [
        "sysctls.net.ipv4.conf.nope.forwarding: the kernel has no such sysctl in %s; is the device there?" % RED
    ]


@pytest.mark.parametrize(
    "sysctls",
    [
        {"net.ipv6.conf.all.disable_ipv6": 1, "net.ipv6.conf.lo.disable_ipv6": 0},
        {"net.ipv4.ip_forward": 1, "net.ipv4.conf.e0.forwarding": 0},
        {"net.ipv4.ip_forward": 1, "net.ipv4.conf.all.accept_redirects": 1},
        {"net.ipv4.conf.all.forwarding": 1, "net/ipv4/conf/all/accept_redirects": 1},
        {"net.ipv4.conf.default.arp_ignore": 1, "net.ipv4.conf.e0.arp_ignore": 0},
    ],
)
def test_an_exception_from_a_broad_sysctl_holds_in_one_run_and_at_boot(
    module: Module, tmp_path: Path, sysctls: dict[str, int]
) -> None:
    module(name=[RED])
    run("ip", "-n", RED, "link", "add", "e0", "type", "veth", "peer", "name", "e1")
    result = module(name=[RED], sysctls=sysctls)
    assert not result["failed"], result
    run("ip", "netns", "delete", RED)
    run("ip", "netns", "add", RED)
    run("ip", "-n", RED, "link", "add", "e0", "type", "veth", "peer", "name", "e1")
    for command in unit_commands(tmp_path):
        run("sh", "-c", command)
    assert module(name=[RED], sysctls=sysctls)["actions"] == []


def unit_commands(tmp_path: Path) -> list[str]:
    text = (tmp_path / "units" / ("linuxbridge-vrrp-netns-%s.service" % RED)).read_text()
    return [line[len("ExecStart=") :].lstrip("-") for line in text.splitlines() if line.startswith("ExecStart=")]


def test_a_persistent_namespace_has_a_unit_whose_commands_work(module: Module, tmp_path: Path) -> None:
    module(name=[RED], sysctls=SYSCTLS)
    commands = unit_commands(tmp_path)
    for _unused in range(2):
        for command in commands:
            run("sh", "-c", command)
    clean()
    for command in commands:
        run("sh", "-c", command)
    assert module(check=False, name=[RED], sysctls=SYSCTLS)["actions"] == []


@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_masked_unit_is_replaced_or_removed(module: Module, tmp_path: Path, state: str) -> None:
    unit = tmp_path / "units" / ("linuxbridge-vrrp-netns-%s.service" % RED)
    unit.symlink_to("/dev/null")
    result = module(name=[RED], state=state)
    assert result["changed"] and not result["failed"], result
    assert not unit.is_symlink() and unit.exists() is is_namespace(RED) is (state == "present")


def test_what_runs_inside_a_namespace_leaves_this_process_where_it_was(module: Module) -> None:
    module(name=[RED])
    here = os.stat("/proc/self/ns/net").st_ino
    there = inside(RED, lambda: os.stat("/proc/thread-self/ns/net").st_ino)
    assert there == os.stat("/run/netns/" + RED).st_ino != here
    assert os.stat("/proc/self/ns/net").st_ino == here


def run_and_kill(units: Path, wait: Callable[[], None], **params: Any) -> None:
    """A run that is killed when wait() comes back."""
    child = os.fork()
    if not child:
        module_run.run(operation(units), ARGUMENT_SPEC, **params)
        os._exit(0)
    wait()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


@pytest.fixture
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """ip(8) takes half a second longer, and makes this file first."""
    slow = tmp_path / "slow"
    slow.mkdir()
    file = slow / "begun"
    (slow / "ip").write_text('#!/bin/sh\n>%s\nsleep 0.5\nexec %s "$@"\n' % (file, shutil.which("ip")))
    (slow / "ip").chmod(0o700)
    monkeypatch.setenv("PATH", "%s:%s" % (slow, os.environ["PATH"]))
    return file


@pytest.mark.parametrize("state, before", [("present", "absent"), ("absent", "present")])
def test_what_a_killed_run_has_begun_is_waited_for_and_undone(
    module: Module, tmp_path: Path, begun: Path, state: str, before: str
) -> None:
    module(name=[RED], state=before)
    begun.unlink(missing_ok=True)

    def wait() -> None:
        while not begun.exists():
            time.sleep(0.01)

    run_and_kill(tmp_path / "units", wait, name=[RED], state=state)
    assert module(check=False, name=[RED], state=before)["changed"]
    time.sleep(1)
    assert is_namespace(RED) is (before == "present")


def test_a_run_killed_at_any_moment_is_finished_by_the_next(module: Module, tmp_path: Path) -> None:
    chance = random.Random(28)
    for number in range(KILLS):
        params: dict[str, Any] = {"name": [RED, RED2], "state": "absent" if number % 2 else "present"}
        run_and_kill(tmp_path / "units", lambda: time.sleep(chance.uniform(0, 0.1)), **params)
        result = module(check=False, **params)
        assert not result["failed"], result
        assert module(**params)["actions"] == []
        assert [is_namespace(RED), is_namespace(RED2)] == [not number % 2] * 2
