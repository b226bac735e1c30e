# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""keepalived_instance against real keepalived in real network namespaces; systemd is the fake that starts processes."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_unit import NODE, Layout
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.keepalived_instance import KeepalivedInstance
from ansible_collections.linuxbridge.vrrp.plugins.modules.keepalived_instance import ARGUMENT_SPEC
from ansible_collections.linuxbridge.vrrp.tests.fakes import module_run
from ansible_collections.linuxbridge.vrrp.tests.fakes.fake_systemd import FakeSystemd

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not os.path.exists(NODE.keepalived),
    reason="needs root and keepalived, to run it in namespaces",
)
KILLS = 50
NODES = ("lbvki-a", "lbvki-b")


def ip(*arguments: str) -> str:
    return subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True).stdout


def address(text: str, interface: str | None = None) -> dict[str, Any]:
    return {"address": text, "interface": interface}


class Node:
    """One namespace with one instance, as the module would keep it."""

    def __init__(self, namespace: str, base: Path) -> None:
        self.namespace = namespace
        self.layout = Layout(str(base / "etc"), str(base / "units"), str(base / "run"))
        os.makedirs(self.layout.units)
        self.systemd = FakeSystemd(self.layout.units)

    def call(self, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        operation = KeepalivedInstance(self.systemd, self.layout)
        given = {"name": "router", "namespace": self.namespace, **options}
        result: dict[str, Any] = module_run.run(operation, ARGUMENT_SPEC, check_mode, **given)
        return result

    def plan(self, **options: Any) -> list[str]:
        """What check mode says; it changes nothing."""
        read_only, self.systemd.read_only = self.systemd.read_only, True
        result = self.call(check_mode=True, **options)
        self.systemd.read_only = read_only
        assert not result["failed"], result
        return list(result["actions"])

    def run(self, **options: Any) -> list[str]:
        """What is done, which is what check mode says; afterwards nothing is left to do."""
        planned = self.plan(**options)
        result = self.call(**options)
        assert not result["failed"], result
        assert result["actions"] == planned
        assert result["changed"] is bool(planned)
        assert self.plan(**options) == []
        return planned

    def interrupted(self, steps: int, **options: Any) -> None:
        """A run that ends behind so many steps, as if killed."""
        operation = KeepalivedInstance(self.systemd, self.layout)
        apply = operation.apply
        done: list[object] = []

        def apply_some(step: Any, port: Any) -> None:
            if len(done) == steps:
                raise KeyboardInterrupt
            apply(step, port)
            done.append(step)

        operation.apply = apply_some  # type: ignore[method-assign]
        with contextlib.suppress(KeyboardInterrupt):
            module_run.run(operation, ARGUMENT_SPEC, False, name="router", namespace=self.namespace, **options)

    def instance(self) -> dict[str, Any]:
        return dict(self.call(check_mode=True)["instance"])

    def addresses(self) -> str:
        return ip("-n", self.namespace, "-br", "address", "show")

    def await_state(self, state: str) -> None:
        deadline = time.monotonic() + 15
        while self.instance()["state"] != state:
            assert time.monotonic() < deadline, (state, self.instance())
            time.sleep(0.05)


@pytest.fixture()
def nodes() -> Iterator[list[Node]]:
    """Two nodes whose ha0 are the ends of one link."""
    base = Path("/run/lbvki-test")
    shutil.rmtree(base, ignore_errors=True)
    for name in NODES:
        subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)
        ip("netns", "add", name)
        ip("-n", name, "link", "set", "lo", "up")
    ip("-n", NODES[0], "link", "add", "ha0", "type", "veth", "peer", "name", "ha0", "netns", NODES[1])
    made = []
    for index, name in enumerate(NODES):
        ip("-n", name, "address", "add", "169.254.192.%d/18" % (index + 1), "dev", "ha0")
        ip("-n", name, "link", "set", "ha0", "up")
        made.append(Node(name, base / name))
    yield made
    for node in made:
        node.systemd.close()
    for name in NODES:
        ip("netns", "delete", name)
    shutil.rmtree(base)


BASE: dict[str, Any] = {
    "interface": "ha0",
    "virtual_router_id": 7,
    "advert_interval": 0.05,
    "virtual_addresses": [address("169.254.0.7/24")],
}


def test_a_new_instance_runs_and_a_second_run_changes_nothing(nodes: list[Node]) -> None:
    node = nodes[0]
    actions = node.run(**BASE)
    assert [action.split()[0] for action in actions] == ["write", "test", "write", "write", "enable"]
    assert actions[-1] == "enable and start linuxbridge-vrrp-router.service"
    node.systemd.read_only = True
    assert node.run(**BASE) == []
    assert node.run() == [], "what is unset is untouched"


def test_state_and_since_follow_the_instance(nodes: list[Node]) -> None:
    node = nodes[0]
    before = time.time()
    node.run(**BASE)
    node.await_state("master")
    assert before < time.time()
    since = node.instance()["since"]
    assert "169.254.0.7/24" in node.addresses()
    node.run(priority=120)
    assert node.instance() == {**node.instance(), "state": "master", "since": since}
    ip("-n", NODES[1], "link", "set", "ha0", "down")
    node.await_state("fault")
    assert "169.254.0.7/24" not in node.addresses()
    assert node.instance()["since"] > since


def test_exactly_one_of_two_nodes_is_master(nodes: list[Node]) -> None:
    for index, node in enumerate(nodes):
        node.run(**BASE, priority=100 + index)
    nodes[1].await_state("master")
    nodes[0].await_state("backup")
    nodes[1].run(state="absent")
    nodes[0].await_state("master")


CHANGES: list[dict[str, Any]] = [
    {"priority": 60},
    {"preempt": False},
    {"advert_interval": 0.1},
    {"virtual_addresses_excluded": [address("198.51.100.1/24"), address("2001:db8::1/64")]},
    {"virtual_addresses": [address("169.254.0.7/24"), address("169.254.0.8/24")]},
    {"garp_master_repeat": 2, "garp_lower_prio_repeat": 1},
    {"track_interfaces": [{"name": "lo", "weight": None}]},
]


def test_changes_that_keep_the_state_make_one_reload_together(nodes: list[Node]) -> None:
    node = nodes[0]
    node.run(**BASE)
    node.await_state("master")
    since = node.instance()["since"]
    node.systemd.calls.clear()
    node.run(**{key: value for change in CHANGES for key, value in change.items()})
    assert node.systemd.calls == ["reload linuxbridge-vrrp-router.service"]
    time.sleep(0.5)
    assert (node.instance()["state"], node.instance()["since"]) == ("master", since)
    assert "2001:db8::1/64" in node.addresses()


@pytest.mark.parametrize(
    "change",
    [
        {"virtual_router_id": 8},
        {"unicast_peers": ["169.254.192.2"]},
        {"virtual_addresses": [address("fe80::7/64")]},
    ],
)
def test_changes_that_lose_the_state_are_a_restart_and_the_plan_says_so(nodes: list[Node], change: Any) -> None:
    node = nodes[0]
    node.run(**BASE)
    actions = node.plan(**change)
    assert actions[-1].startswith("restart linuxbridge-vrrp-router.service (it loses its VRRP state: ")
    node.run(**change)


def test_a_refused_configuration_is_not_written(nodes: list[Node]) -> None:
    node = nodes[0]
    node.run(**BASE)
    path = Path(node.layout.configuration("router"))
    before = path.read_text()
    result = node.call(virtual_addresses_excluded=[address("198.51.100.1/24", "nope")])
    assert result["failed"] and not result["changed"]
    assert "interface nope for ip address 198.51.100.1/24 doesn't exist" in result["msg"]
    assert path.read_text() == before
    assert os.listdir(path.parent) == ["router.conf"]


def test_what_keepalived_would_drop_is_refused_and_not_written(nodes: list[Node], tmp_path: Path) -> None:
    node = nodes[0]
    node.run(**BASE)
    before = Path(node.layout.configuration("router")).read_text()
    script, home = tmp_path / "script", Path(node.layout.settings)
    script.write_text("#!/bin/sh\n")
    script.chmod(0o644)
    (home / "open").mkdir()
    shutil.copy(script, home / "open" / "script")
    (home / "open" / "script").chmod(0o755)
    (home / "open").chmod(0o777)
    check, load = {"name": "check", "script": "/bin/nope -x"}, {"name": "load", "file": "/run/nope/load"}
    for given, wrong in (
        ({"notify_master": "/bin/nope -x"}, "notify_master: /bin/nope does not exist"),
        ({"track_scripts": [check]}, "track_scripts check: /bin/nope does not exist"),
        ({"notify": str(script)}, "notify: %s is not an executable file" % script),
        ({"notify": "%s/open/script" % home}, "others can write to %s/open:" % home),
        ({"track_files": [load]}, "track_files load: /run/nope is not a directory"),
    ):
        assert node.plan(**given), "an earlier task may bring it, so check mode does not mind"
        result = node.call(**given)
        assert result["failed"] and not result["changed"] and wrong in result["msg"], result
    assert Path(node.layout.configuration("router")).read_text() == before
    (home / "open").chmod(0o1777)
    node.run(notify="%s/open/script -x" % home, track_files=[{**load, "file": "/run/load"}])


def test_a_command_runs_as_root_or_as_whom_setpriv_says(nodes: list[Node]) -> None:
    node = nodes[0]
    script, results = Path(node.layout.settings, "who"), Path(node.layout.units, "results")
    script.parent.mkdir()
    script.write_text('#!/bin/sh\nid -un > "%s/$1"\n' % results)
    script.chmod(0o755)
    results.mkdir()
    results.chmod(0o777)
    as_nobody = "/usr/bin/setpriv --reuid=nobody --regid=nogroup --clear-groups"
    node.run(**BASE, notify_master="%s a" % script, notify="%s %s b" % (as_nobody, script))
    node.await_state("master")
    deadline = time.monotonic() + 10
    while [(results / name).exists() and (results / name).read_text() for name in "ab"] != ["root\n", "nobody\n"]:
        assert time.monotonic() < deadline, os.listdir(results)
        time.sleep(0.05)


def test_a_password_is_in_no_error_and_in_no_diff(nodes: list[Node]) -> None:
    node = nodes[0]
    secret = {"password": "s3cret-x", "type": "PASS"}
    node.run(**{**BASE, "advert_interval": 1}, authentication=secret)
    assert os.stat(node.layout.configuration("router")).st_mode & 0o777 == 0o640
    changed = node.call(check_mode=True, authentication={"password": "other-1"})
    assert changed["diff"]["before"] != changed["diff"]["after"]
    refused = node.call(interface="nope", authentication=secret)
    assert refused["failed"]
    assert "s3cret" not in str([changed, refused]) and "other-1" not in str([changed, refused])


def test_half_an_authentication_is_refused_and_the_password_stays(nodes: list[Node]) -> None:
    node = nodes[0]
    node.run(**{**BASE, "advert_interval": 1}, authentication={"password": "s3cret-x"})
    for half in ({"type": "AH"}, {"type": "PASS"}, {"password": ""}):
        result = node.call(check_mode=True, authentication=half)
        assert result["failed"] and result["msg"].startswith("authentication.password: is needed")
    assert "auth_pass s3cret-x" in Path(node.layout.configuration("router")).read_text()
    node.run(authentication={})
    assert "auth_" not in Path(node.layout.configuration("router")).read_text()


def edit_file(node: Node) -> None:
    path = Path(node.layout.configuration("router"))
    path.write_text(path.read_text().replace("priority 100", "priority 100\n    smtp_alert"))


def edit_file_and_reload(node: Node) -> None:
    edit_file(node)
    node.systemd.do("reload", ["linuxbridge-vrrp-router.service"])


def open_file(node: Node) -> None:
    os.chmod(node.layout.configuration("router"), 0o644)


def remove_file(node: Node) -> None:
    os.unlink(node.layout.configuration("router"))


def edit_unit(node: Node) -> None:
    with open(node.layout.unit("router"), "a") as file:
        file.write("# edited\n")


def remove_unit(node: Node) -> None:
    os.unlink(node.layout.unit("router"))
    node.systemd.reload_units()


def disable(node: Node) -> None:
    node.systemd.do("disable", ["linuxbridge-vrrp-router.service"])


def stop(node: Node) -> None:
    node.systemd.do("stop", ["linuxbridge-vrrp-router.service"])


def edit_recorder(node: Node) -> None:
    Path(node.layout.recorder).write_text("#!/bin/sh\n")


DRIFT = [
    edit_file,
    edit_file_and_reload,
    open_file,
    remove_file,
    edit_unit,
    disable,
    stop,
    edit_recorder,
]


@pytest.mark.parametrize("drift", DRIFT)
def test_drift_is_found_and_mended(nodes: list[Node], drift: Any) -> None:
    node = nodes[0]
    node.run(**BASE)
    drift(node)
    assert node.run(**BASE) != []
    node.await_state("master")


def test_what_a_killed_recorder_missed_is_recorded(nodes: list[Node]) -> None:
    node = nodes[0]
    node.run(**{**BASE, "advert_interval": 0.5})
    os.kill(int(Path(node.layout.runtime_of("router"), "recorder.pid").read_text()), signal.SIGKILL)
    deadline = time.monotonic() + 10
    while "169.254.0.7/24" not in node.addresses():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert node.instance()["state"] == "backup", "it missed the change"
    assert node.run() == ["reload linuxbridge-vrrp-router.service"]
    assert node.instance()["state"] == "master"


def test_a_killed_process_is_started_again_by_systemd(nodes: list[Node]) -> None:
    node = nodes[0]
    node.run(**BASE)
    node.await_state("master")
    os.kill(node.systemd.look(["linuxbridge-vrrp-router.service"])["linuxbridge-vrrp-router.service"].main_pid, 9)
    node.await_state("master")
    assert node.run() == []


def test_absent_leaves_nothing(nodes: list[Node]) -> None:
    node = nodes[0]
    node.run(**BASE)
    node.await_state("master")
    node.run(state="absent")
    assert "169.254.0.7" not in node.addresses()
    assert os.listdir(node.layout.units) == []
    assert os.listdir(node.layout.settings + "/instances") == []
    # It is of the program, not of an instance.
    assert os.listdir(node.layout.runtime) == [os.path.basename(node.layout.version)]
    node.systemd.read_only = True
    assert node.run(state="absent") == []


@pytest.mark.parametrize("runs", [True, False])
def test_absent_removes_what_a_killed_write_left_and_says_so(nodes: list[Node], runs: bool) -> None:
    node = nodes[0]
    node.run(**BASE)
    if not runs:
        node.run(state="absent")
    folders = [Path(node.layout.settings, "instances"), Path(node.layout.units)]
    for folder, name in zip(folders, ["router.conf", "linuxbridge-vrrp-router.service"], strict=True):
        (folder / (".%s.0badcafe.linuxbridge_vrrp.tmp" % name)).write_text("auth_pass s3cret")
    actions = node.run(state="absent")
    assert len([action for action in actions if action.endswith(".tmp, left by an interrupted run")]) == 2
    assert [os.listdir(folder) for folder in folders] == [[], []]


@pytest.mark.parametrize("stop_after", range(5))
def test_a_run_that_ends_anywhere_is_finished_by_the_next(nodes: list[Node], stop_after: int) -> None:
    node = nodes[0]
    steps = node.plan(**BASE)
    assert len(steps) == 5
    node.interrupted(stop_after, **BASE)
    node.run(**BASE)
    node.await_state("master")
    node.interrupted(stop_after % 3, virtual_router_id=9, priority=90)
    node.run(virtual_router_id=9, priority=90)
    node.await_state("master")
    node.interrupted(stop_after, state="absent")
    node.run(state="absent")


def test_a_run_killed_at_any_moment_is_finished_by_the_next(nodes: list[Node]) -> None:
    node, foreign = nodes
    foreign.run(**BASE)
    foreign.await_state("master")
    untouched = foreign.call(check_mode=True)["instance"]
    chance = random.Random(5798)
    path = Path(node.layout.configuration("router"))
    for number in range(KILLS):
        change: dict[str, Any] = {**BASE, "virtual_router_id": 20 + number % 3, "priority": 50 + number % 7}
        if number % 5 == 4:
            change = {"state": "absent"}
        child = os.fork()
        if not child:
            node.call(**change)
            os._exit(0)
        time.sleep(chance.uniform(0, 0.6))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        if path.exists():
            assert path.read_text().endswith("}\n"), "no half-written file is ever in place"
        # What systemd was told before goes on, so between a check and a run there may be less left to do.
        result = node.call(**change)
        assert not result["failed"], result
        assert node.plan(**change) == []
        assert os.listdir(path.parent) == ([] if "state" in change else ["router.conf"])
    assert foreign.call(check_mode=True)["instance"] == untouched


def test_a_process_in_another_namespace_is_restarted(nodes: list[Node]) -> None:
    node = nodes[0]
    node.run(**BASE)
    assert "another network namespace" in node.plan(namespace=NODES[1])[-1]
    node.run(namespace=NODES[1])
