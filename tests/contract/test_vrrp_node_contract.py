"""vrrp_info and vrrp_watch on real keepalived processes: two namespaces are two nodes, a third is the switch."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_model import Configuration
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_unit import (
    Layout,
    Service,
    unit_text,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.timeline import overlap
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io import iproute
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.vrrp_node import Node, configuration_of
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.watch import Watches

NAMES = ("lbvrrp-one", "lbvrrp-two")
SWITCH = "lbvrrp-switch"
CONFIGURATION = """
vrrp_instance VR_7 {
    state BACKUP
    version 3
    interface ha-1
    virtual_router_id 7
    priority %d
    nopreempt
    advert_int 0.1
    track_interface {
        ha-1
    }
    virtual_ipaddress {
        169.254.0.7/24 dev ha-1
    }
    virtual_ipaddress_excluded {
        198.51.100.1/24 dev qr-1 no_track
        fd00:198:51:100::1/64 dev qr-1 no_track
    }
}
"""


def ip(*words: str, namespace: str = SWITCH) -> None:
    subprocess.run(["ip", "-n", namespace, *words], check=True)


class Pair:
    """Two nodes with one router; a node's router is found by the node's own name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.nodes = Node(str(folder))
        self.watches = Watches(str(folder))
        for name in (SWITCH, *(self.namespace(name) for name in NAMES)):
            subprocess.run(["ip", "netns", "add", name], check=True)
        for network in ("ha", "qr"):
            ip("link", "add", network, "type", "bridge", "mcast_snooping", "0")
            ip("link", "set", network, "up")
        for at, name in enumerate(NAMES):
            self._plug(name, at)
            self.start(name, 100 - at)

    @staticmethod
    def namespace(name: str) -> str:
        return "qrouter-" + name

    def _plug(self, name: str, at: int) -> None:
        namespace = self.namespace(name)
        for network in ("ha", "qr"):
            port = "tap%s%d" % (network, at)
            ip("link", "add", port, "type", "veth", "peer", "name", network + "-1", "netns", namespace)
            ip("link", "set", port, "master", network, "up")
            ip("link", "set", network + "-1", "up", namespace=namespace)
        ip("address", "add", "169.254.192.%d/18" % (at + 1), "dev", "ha-1", namespace=namespace)

    def start(self, name: str, priority: int) -> None:
        folder = self._folder / name
        folder.mkdir(exist_ok=True)
        path = folder / "keepalived.conf"
        path.write_text(CONFIGURATION % priority)
        command = ["keepalived", "-n", "-P", "-f", str(path), "-p", str(folder / "pid"), "-r", str(folder / "vrrp")]
        self._processes[name] = subprocess.Popen(
            ["ip", "netns", "exec", self.namespace(name), *command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def stop(self, name: str, number: int = signal.SIGTERM) -> None:
        process = self._processes.pop(name)
        os.killpg(process.pid, number)
        process.wait(10)

    def look(self) -> dict[str, dict[str, Any]]:
        return {one["name"]: one for one in self.nodes.routers(NAMES)}

    def states(self) -> list[str]:
        found = self.look()
        return [found[name]["state"] for name in NAMES]

    def close(self) -> None:
        for name in list(self._processes):
            self.stop(name)
        self.watches.stop("pair")
        for name in (SWITCH, *(self.namespace(name) for name in NAMES)):
            subprocess.run(["ip", "netns", "del", name], check=False)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    if os.geteuid() != 0 or shutil.which("keepalived") is None:
        pytest.skip("needs root and keepalived, for real VRRP in namespaces")
    made = Pair.__new__(Pair)
    try:
        made.__init__(tmp_path)  # type: ignore[misc]
        eventually(lambda: sorted(made.states()) == ["active", "backup"])
        yield made
    finally:
        made.close()


def eventually(holds: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about within %g s" % seconds
        time.sleep(0.1)


def test_exactly_one_node_is_active_with_all_addresses_and_the_other_has_none(pair: Pair) -> None:
    found = pair.look()
    active, backup = sorted(found.values(), key=lambda one: str(one["state"]))
    assert (active["state"], backup["state"]) == ("active", "backup")
    assert active["instances"][0]["addresses_missing"] == []
    assert {item["address"] for item in active["instances"][0]["addresses_present"]} == {
        "169.254.0.7/24",
        "198.51.100.1/24",
        "fd00:198:51:100::1/64",
    }
    assert backup["instances"][0]["addresses_present"] == []
    for one in (active, backup):
        assert (one["ha"], one["maker"], one["instances"][0]["faults"]) == (True, "neutron", [])
        assert one["instances"][0]["advert_interval"] == 0.1
        assert {device["role"] for device in one["devices"]} == {"ha", "interface"}
        assert len(one["keepalived"][0]["pids"]) == 2


def test_a_node_whose_keepalived_ends_is_in_fault_and_the_other_one_becomes_active(pair: Pair) -> None:
    first = NAMES[pair.states().index("active")]
    pair.stop(first)
    eventually(lambda: sorted(pair.states()) == ["active", "fault"])
    assert pair.look()[first]["instances"][0]["faults"] == ["keepalived is not running"]


def test_a_node_whose_keepalived_is_killed_is_active_still_and_so_is_the_other(pair: Pair) -> None:
    pair.stop(NAMES[pair.states().index("active")], signal.SIGKILL)
    eventually(lambda: pair.states() == ["active", "active"])


@pytest.mark.parametrize("name", ["one", "qrouter-one"])
def test_a_router_of_this_collection_whose_keepalived_is_dead_is_known_by_its_unit(tmp_path: Path, name: str) -> None:
    """node_routers names the unit after the namespace, keepalived_instance as it is told."""
    layout = Layout(settings=str(tmp_path), units=str(tmp_path))
    Path(layout.configuration(name)).parent.mkdir()
    Path(layout.configuration(name)).write_text(CONFIGURATION % 100)
    Path(layout.unit(name)).write_text(unit_text(Service(name, Configuration(), "qrouter-one")))
    subprocess.run(["ip", "netns", "add", "qrouter-one"], check=True)
    try:
        (found,) = Node(str(tmp_path / "confs"), layout).routers(["one"])
    finally:
        subprocess.run(["ip", "netns", "delete", "qrouter-one"], check=True)
    assert (found["maker"], found["ha"], found["state"]) == ("linuxbridge.vrrp", True, "fault")
    assert "keepalived is not running" in found["instances"][0]["faults"]


def test_a_node_whose_ha_interface_goes_down_is_in_fault(pair: Pair) -> None:
    first = NAMES[pair.states().index("active")]
    ip("link", "set", "ha-1", "down", namespace=pair.namespace(first))
    eventually(lambda: sorted(pair.states()) == ["active", "fault"])
    assert pair.look()[first]["instances"][0]["faults"] == ["ha-1 is down"]


def test_an_address_that_is_no_virtual_one_is_unexpected(pair: Pair) -> None:
    ip("address", "add", "198.51.100.99/24", "dev", "qr-1", namespace=pair.namespace(NAMES[1]))
    assert {"address": "198.51.100.99/24", "interface": "qr-1"} in pair.look()[NAMES[1]]["addresses_unexpected"]


def test_looking_changes_nothing(pair: Pair) -> None:
    before = iproute.show_in(map(pair.namespace, NAMES), [iproute.DEVICES, iproute.ROUTES])
    pair.look()
    assert iproute.show_in(map(pair.namespace, NAMES), [iproute.DEVICES, iproute.ROUTES]) == before


def test_a_watch_tells_that_a_clean_handover_has_no_moment_with_two(pair: Pair) -> None:
    first = NAMES[pair.states().index("active")]
    asked = {"namespaces": sorted(map(pair.namespace, NAMES)), "interfaces": [], "duration": 60.0}
    pair.watches.start("pair", asked)
    assert pair.watches.look("pair").asked == asked
    pair.stop(first)
    eventually(lambda: sorted(pair.states()) == ["active", "fault"])
    pair.watches.stop("pair")
    result = pair.watches.look("pair").result
    assert result is not None
    assert [one["complete"] for one in result["namespaces"]] == [True, True]
    held = {
        one["namespace"]: {
            (item["interface"], item["address"]): item["spans"]
            for item in one["addresses"]
            if item["address"] in ("169.254.0.7/24", "198.51.100.1/24", "fd00:198:51:100::1/64")
        }
        for one in result["namespaces"]
    }
    assert overlap(held) == []
    gone = max(span[1] for spans in held[pair.namespace(first)].values() for span in spans)
    come = min(
        span[0] for name in held if name != pair.namespace(first) for spans in held[name].values() for span in spans
    )
    assert 0 < come - gone < 2


def test_a_watch_of_a_killed_node_tells_that_two_were_active_and_since_when(pair: Pair) -> None:
    asked = {"namespaces": sorted(map(pair.namespace, NAMES)), "interfaces": [], "duration": 60.0}
    pair.watches.start("pair", asked)
    pair.stop(NAMES[pair.states().index("active")], signal.SIGKILL)
    eventually(lambda: pair.states() == ["active", "active"])
    time.sleep(0.5)
    pair.watches.stop("pair")
    result = pair.watches.look("pair").result
    assert result is not None
    gateways = {
        one["namespace"]: {
            item["address"]: item["spans"] for item in one["addresses"] if item["address"] == "198.51.100.1/24"
        }
        for one in result["namespaces"]
    }
    (twice,) = overlap(gateways)
    assert twice[1] == result["ended"]
    assert twice[1] - twice[0] >= 0.5


def test_a_watch_of_a_namespace_that_is_not_there_says_so(pair: Pair) -> None:
    with pytest.raises(EdgeError, match="there is no network namespace qrouter-nobody"):
        pair.watches.start("pair", {"namespaces": ["qrouter-nobody"], "interfaces": [], "duration": 60.0})


@pytest.mark.parametrize(
    ("words", "path"),
    [
        ("keepalived -P -f /a.conf -p /b", "/a.conf"),
        ("keepalived -P -f/a.conf", "/a.conf"),
        ("keepalived -nlPf /a.conf", "/a.conf"),
        ("keepalived -nlPf/a.conf", "/a.conf"),
        ("keepalived -P -p /f -i f -f a.conf", "a.conf"),
        ("keepalived --dont-fork --use-file=/a.conf", "/a.conf"),
        ("keepalived --use-file /a.conf", "/a.conf"),
        ("keepalived --dont-fork", "/etc/keepalived/keepalived.conf"),
    ],
)
def test_a_configuration_is_found_however_it_is_named(words: str, path: str) -> None:
    assert configuration_of(words.split()) == path
