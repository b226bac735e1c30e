# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real VXLAN devices of three nodes, in network namespaces of this test's own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.vxlan_flooding import Device, Want, plan_flooding
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.vxlan_links import VxlanLinks

NODES = (1, 2, 3)
PREFIX = "lbvrrp-vx%d-" % os.getpid()


def run(*command: str, stdin: str = "", check: bool = True) -> str:
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    assert done.returncode == 0 or not check, done.stderr
    return done.stdout


def inside(node: int, *command: str, check: bool = True) -> str:
    return run("ip", "netns", "exec", "%s%d" % (PREFIX, node), *command, check=check)


def runner(node: int) -> Callable[..., tuple[int, str, str]]:
    def call(command: Sequence[str], data: str = "") -> tuple[int, str, str]:
        command = ["ip", "netns", "exec", "%s%d" % (PREFIX, node), *command]
        done = subprocess.run(command, input=data, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    return call


@pytest.fixture
def nodes() -> Iterator[None]:
    """Nodes on one overlay, each with an instance, as layer-2 population leaves them."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    try:
        run("ip", "netns", "add", PREFIX + "switch")
        switch = ("ip", "-n", PREFIX + "switch", "link")
        run(*switch, "add", "overlay", "type", "bridge", "mcast_snooping", "0")
        run(*switch, "set", "overlay", "up")
        for node in NODES:
            _add_node(node, switch)
        yield
    finally:
        for name in ["switch", *map(str, NODES)]:
            subprocess.run(["ip", "netns", "del", PREFIX + name], capture_output=True, check=False)


def _add_node(node: int, switch: Sequence[str]) -> None:
    name = "%s%d" % (PREFIX, node)
    run("ip", "netns", "add", name)
    run(*switch, "add", "n%d" % node, "type", "veth", "peer", "name", "overlay", "netns", name)
    run(*switch, "set", "n%d" % node, "master", "overlay", "up")
    peers = [other for other in NODES if other != node]
    inside(node, "ip", "addr", "add", "10.99.0.%d/24" % node, "dev", "overlay")
    inside(node, "ip", "link", "set", "overlay", "up")
    inside(node, "ip", "link", "add", "brq1", "type", "bridge", "forward_delay", "0")
    inside(node, "ip", "link", "set", "brq1", "up")
    inside(node, "ip", "addr", "add", "10.98.0.%d/24" % node, "dev", "brq1")
    _add_vxlan(node)
    for peer in peers:
        inside(node, "bridge", "fdb", "append", "00:00:00:00:00:00", "dev", "vxlan-7", "dst", "10.99.0.%d" % peer)


def _add_vxlan(node: int, *options: str) -> None:
    inside(node, "ip", "link", "del", "vxlan-7", check=False)
    common = ["local", "10.99.0.%d" % node, "dev", "overlay", "dstport", "8472", "ttl", "3", *options]
    inside(node, "ip", "link", "add", "vxlan-7", "mtu", "1450", "type", "vxlan", "id", "7", *common)
    inside(node, "ip", "link", "set", "vxlan-7", "master", "brq1", "up")


def converge(node: int, config: Path, forget: bool = False) -> list[str]:
    port, want = VxlanLinks(runner(node)), Want((str(config),), forget)
    plan = plan_flooding(port.look(want), want)
    for step in plan.steps:
        port.do(step.verb, step.payload)
    assert plan_flooding(port.look(want), want).actions == []
    return plan.actions


def the_device(node: int) -> Device:
    return VxlanLinks(runner(node)).look(Want((), False)).devices[0]


def reaches(node: int, other: int) -> bool:
    inside(node, "ip", "neigh", "flush", "dev", "brq1")
    return "1 received" in inside(node, "ping", "-c1", "-W1", "10.98.0.%d" % other, check=False)


@pytest.fixture(params=["", "239.0.0.0/8"])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "linuxbridge_agent.ini"
    path.write_text("[vxlan]\n%s" % ("vxlan_group = %s\n" % request.param if request.param else ""))
    return path


def test_nodes_with_and_without_their_group_reach_one_another(nodes: Any, config: Path) -> None:
    for node in NODES:
        assert converge(node, config) == ["set the group of vxlan-7"]
        assert all(reaches(one, other) for one in NODES for other in NODES if one != other)
    for node in NODES:
        assert converge(node, config, forget=True) == ["remove populated entries of vxlan-7"]
        assert all(reaches(one, other) for one in NODES for other in NODES if one != other)


def test_a_node_that_population_does_not_know_is_reached_once_the_groups_are_there(nodes: Any, config: Path) -> None:
    inside(1, "bridge", "fdb", "del", "00:00:00:00:00:00", "dev", "vxlan-7", "dst", "10.99.0.3")
    inside(3, "bridge", "fdb", "del", "00:00:00:00:00:00", "dev", "vxlan-7", "dst", "10.99.0.1")
    assert not reaches(1, 3)
    for node in NODES:
        converge(node, config)
    assert reaches(1, 3)
    assert reaches(3, 1)


def test_setting_the_group_keeps_the_device(nodes: Any, config: Path) -> None:
    index = inside(1, "cat", "/sys/class/net/vxlan-7/ifindex")
    converge(1, config)
    assert inside(1, "cat", "/sys/class/net/vxlan-7/ifindex") == index


def test_a_group_of_its_own_is_joined(nodes: Any, tmp_path: Path) -> None:
    config = tmp_path / "linuxbridge_agent.ini"
    config.write_text("[vxlan]\nvxlan_group = 239.0.0.0/8\n")
    converge(1, config)
    assert "239.0.0.7" in inside(1, "ip", "maddr", "show", "dev", "overlay")


def test_a_device_with_an_arp_proxy_comes_back_without_and_is_otherwise_the_same(nodes: Any, config: Path) -> None:
    _add_vxlan(1, "proxy")
    inside(1, "bridge", "fdb", "append", "00:00:00:00:00:00", "dev", "vxlan-7", "dst", "10.99.0.2")
    before = the_device(1)
    assert before.proxy
    assert converge(1, config) == ["make anew vxlan-7"]
    after = the_device(1)
    assert not after.proxy
    assert (after.vni, after.uplink, after.mtu, after.master) == (before.vni, before.uplink, before.mtu, before.master)
    assert (after.options, after.populated) == (before.options, before.populated)
    assert reaches(1, 2)
    assert reaches(2, 1)


def test_a_node_without_devices_needs_no_configuration(nodes: Any, tmp_path: Path) -> None:
    inside(1, "ip", "link", "del", "vxlan-7")
    assert converge(1, tmp_path / "is-not-there.ini") == []
