"""Connections through source NAT on real kernels with real keepalived and conntrackd, while nodes fail."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FAKES = Path(__file__).parents[1] / "fakes"
sys.path.insert(0, str(FAKES))
import edge_site
import virtual_node
from edge_site import KEEPALIVED, VIRTUAL
from virtual_node import Site, VirtualNode, volatile, wait_for

_WHY = virtual_node.usable() or (None if shutil.which("conntrackd") else "needs conntrackd")
pytestmark = pytest.mark.skipif(_WHY is not None, reason=_WHY or "")

UNIT = "linuxbridge-vrrp-conntrackd@qrouter-edge1.service"
SERVER = "203.0.113.1"
#: Two clients, which use the same source port: source NAT has to give one of them another.
CLIENTS = ["198.51.100.50", "198.51.100.51"]
CLIENT_HOST = """
ip netns add client; ip link add client0 type veth peer name eth0 netns client
ip link set client0 master brqblue up; ip -n client link set eth0 up
ip -n client addr add %s/24 dev eth0; ip -n client addr add %s/24 dev eth0
ip -n client route add default via 198.51.100.1
""" % tuple(CLIENTS)
SERVER_HOST = """
ip netns add server; ip link add server0 type veth peer name eth0 netns server
ip link set server0 master provider up; ip -n server link set eth0 up
ip -n server addr add 203.0.113.1/24 dev eth0
"""


def call(number: int, **values: Any) -> dict[str, Any]:
    return edge_site.quick_call(number, **{"connection_tracking": True, **values})


def make(node: VirtualNode, number: int, **values: Any) -> dict[str, Any]:
    return edge_site.done(node, call(number, **values))


def conntrackd(node: VirtualNode) -> bool:
    return edge_site.runs(node, UNIT)


def ask(node: VirtualNode, what: str) -> list[str]:
    configuration = "/etc/linuxbridge-vrrp/conntrackd/qrouter-edge1.conf"
    listing = node.run("conntrackd", "-C", configuration, what, check=False)
    return [line for line in listing.splitlines() if "dport=5000" in line]


class Reader:
    """A client of the server; words is what it has printed."""

    def __init__(self, node: VirtualNode, protocol: str, source: str) -> None:
        command = ["ip", "netns", "exec", "client", sys.executable, str(FAKES / "stream.py")]
        self.process = node.start(*command, "read", protocol, source, SERVER)
        self.words: list[str] = []
        self._thread = threading.Thread(target=self._collect, daemon=True)
        self._thread.start()

    def _collect(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.words.append(line.strip())

    def goes_on(self, patience: float = 20) -> bool:
        """Whether more comes than what may have been on its way.

        patience: in seconds. TCP sends again after 0.2 s, 0.4 s and so on: what stood still for some seconds may go on
        only as many after that.
        """
        before = len(self.words)
        return wait_for(lambda: len(self.words) > before + 10, patience) and "end" not in self.words

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._thread.join()


class World:
    """Nodes with the router, of which the first is active; a server outside, and clients on the last node."""

    def __init__(self, names: list[str], **values: Any) -> None:
        self.site = Site(volatile(), names)
        self.nodes = list(self.site.nodes.values())
        for number, node in enumerate(self.nodes, 1):
            make(node, number, **values)
            assert wait_for(lambda: edge_site.active(self.nodes) == ["n1"])
        self.nodes[-1].run("sh", "-ec", CLIENT_HOST)
        self.site.switch.run("sh", "-ec", SERVER_HOST)
        self._processes: list[subprocess.Popen[str]] = []
        self._readers: list[Reader] = []

    def connect(self, protocol: str = "tcp") -> list[Reader]:
        command = ["ip", "netns", "exec", "server", sys.executable, str(FAKES / "stream.py"), "serve", protocol]
        server = self.site.switch.start(*command, SERVER)
        self._processes.append(server)
        assert server.stdout and server.stdout.readline() == "ready\n"
        readers = [Reader(self.nodes[-1], protocol, client) for client in CLIENTS]
        self._readers += readers
        assert all(reader.goes_on() for reader in readers)
        return readers

    def close(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()
        for reader in self._readers:
            reader.close()
        self.site.close()


@pytest.fixture
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    names, values = request.param
    world = World(names, **values)
    yield world
    world.close()


TWO, THREE = (["n1", "n2"], {}), (["n1", "n2", "n3"], {})
WITHOUT = (["n1", "n2"], {"connection_tracking": False})
LEG = {"network": "blue", "addresses": [VIRTUAL, "2001:db8:1::1/64"], "ipv6_ra_mode": "slaac"}
WITH_ADVERTISEMENTS = (["n1", "n2"], {"interfaces": [LEG]})


def take_up_none(node: VirtualNode) -> None:
    """By default the kernel takes up a connection that it does not know, when a packet of the client comes before one
    of the server: it then goes on by luck."""
    node.run("ip", "netns", "exec", "qrouter-edge1", "sysctl", "-w", "net.netfilter.nf_conntrack_tcp_loose=0")


@pytest.mark.parametrize("world", [TWO], indirect=True, ids=["two nodes"])
@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_connections_go_on_when_the_active_node_dies(world: World, protocol: str) -> None:
    readers = world.connect(protocol)
    take_up_none(world.nodes[1])
    world.site.nodes["n1"].halt()
    assert wait_for(lambda: edge_site.active(world.nodes[1:]) == ["n2"])
    assert [reader.goes_on() for reader in readers] == [True, True]


@pytest.mark.parametrize("world", [WITHOUT], indirect=True, ids=["without connection tracking"])
def test_without_it_they_end(world: World) -> None:
    readers = world.connect()
    take_up_none(world.nodes[1])
    world.site.nodes["n1"].halt()
    assert wait_for(lambda: edge_site.active(world.nodes[1:]) == ["n2"])
    assert not any(reader.goes_on(4) for reader in readers)
    assert not conntrackd(world.nodes[1])


@pytest.mark.parametrize("world", [THREE], indirect=True, ids=["three nodes"])
def test_connections_go_on_when_two_of_three_nodes_die_one_after_the_other(world: World) -> None:
    readers = world.connect()
    for lost, heir in (("n1", "n2"), ("n2", "n3")):
        rest = [node for node in world.nodes if node.name >= heir]
        world.site.nodes[lost].halt()
        assert wait_for(lambda rest=rest, heir=heir: edge_site.active(rest) == [heir])
        assert [reader.goes_on() for reader in readers] == [True, True], heir


@pytest.mark.parametrize("world", [TWO], indirect=True, ids=["two nodes"])
def test_connections_go_over_and_back_and_a_backup_knows_those_that_are_open(world: World) -> None:
    readers = world.connect()
    first, second = world.nodes
    for leaves, heir in ((first, second), (second, first)):
        leaves.run("systemctl", "restart", KEEPALIVED)
        assert wait_for(lambda heir=heir: edge_site.active(world.nodes) == [heir.name])
        assert [reader.goes_on() for reader in readers] == [True, True], heir.name
        assert wait_for(lambda leaves=leaves: len(ask(leaves, "-e")) == 2)


@pytest.mark.skipif(not shutil.which("radvd"), reason="needs radvd")
@pytest.mark.parametrize("world", [WITH_ADVERTISEMENTS], indirect=True, ids=["with router advertisements"])
def test_a_conntrackd_that_hangs_keeps_the_node_neither_from_advertising_nor_from_writing_its_state(
    world: World,
) -> None:
    first, second = world.nodes
    second.run("sh", "-ec", "kill -STOP $(pgrep -x conntrackd)")
    first.run("systemctl", "stop", KEEPALIVED)
    assert wait_for(lambda: edge_site.runs(second, "linuxbridge-vrrp-radvd@qrouter-edge1.service"), 20)
    first.run("systemctl", "start", KEEPALIVED)
    world.site.cables["n2", "eth1"].pull()
    state = "/run/linuxbridge-vrrp/qrouter-edge1/state"
    assert wait_for(lambda: second.run("cat", state).strip() == "FAULT", 5)


@pytest.mark.parametrize("world", [TWO], indirect=True, ids=["two nodes"])
def test_drift_is_found_and_mended_and_no_connection_is_lost_by_it(world: World) -> None:
    readers = world.connect()
    drift = {
        "dead conntrackd": "kill -9 $(pgrep -x conntrackd)",
        "edited configuration": "sed -i s/3780/3781/ /etc/linuxbridge-vrrp/conntrackd/qrouter-edge1.conf",
        "configuration that is gone": "rm /etc/linuxbridge-vrrp/conntrackd/qrouter-edge1.conf",
        "unit that is gone": "rm /etc/systemd/system/linuxbridge-vrrp-conntrackd@.service",
        "script that is gone": "rm /etc/linuxbridge-vrrp/conntrackd/follow",
        "rule that is gone": "ip netns exec qrouter-edge1 nft flush chain inet linuxbridge_vrrp unknown",
    }
    for kind, change in drift.items():
        for number, node in enumerate(world.nodes, 1):
            node.run("sh", "-ec", change)
            assert make(node, number)["changed"], kind
            assert conntrackd(node) and node.module(call(number), check=True)["actions"] == [], kind
    assert wait_for(lambda: len(ask(world.nodes[1], "-e")) == 2)
    world.site.nodes["n1"].halt()
    assert wait_for(lambda: edge_site.active(world.nodes[1:]) == ["n2"])
    assert [reader.goes_on() for reader in readers] == [True, True]


@pytest.mark.parametrize("world", [TWO], indirect=True, ids=["two nodes"])
def test_turned_on_gathered_and_off_again_the_router_stays_active(world: World) -> None:
    node = world.nodes[0]
    since = node.module({"state": "gathered"})["routers"][0]["since"]
    gathered = node.module({"state": "gathered"})["gathered"]
    assert gathered["routers"][0]["connection_tracking"]
    assert node.module({"state": "exact", **gathered})["actions"] == []
    make(node, 1, connection_tracking=False)
    found = node.run("sh", "-c", "find /etc/linuxbridge-vrrp /etc/systemd/system -path '*conntrackd*' -type f")
    assert found == "" and not conntrackd(node)
    make(node, 1)
    assert conntrackd(node)
    assert node.module({"state": "gathered"})["routers"][0]["since"] == since
    world.site.reboot("n1")
    assert wait_for(lambda: edge_site.active(world.nodes) == ["n2"])
    assert make(node, 1)["actions"] == [] and conntrackd(node)


def test_without_the_package_nothing_is_changed_and_the_error_names_option_and_package() -> None:
    option = "routers[edge1].connection_tracking"
    edge_site.assert_package_is_asked_for(call(1), "conntrackd", option, call(1, connection_tracking=False))
