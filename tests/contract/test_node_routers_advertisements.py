"""Router advertisements on real kernels with real keepalived and radvd: of the active node only, and hosts see one."""

from __future__ import annotations

import json
import shutil
import sys
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

_WHY = virtual_node.usable() or (None if shutil.which("radvd") else "needs radvd")
pytestmark = pytest.mark.skipif(_WHY is not None, reason=_WHY or "")

UNIT = "linuxbridge-vrrp-radvd@qrouter-edge1.service"
LEG = {"network": "blue", "addresses": [VIRTUAL, "2001:db8:1::1/64"]}
#: A host in the network, on one of the nodes.
HOST = """
ip netns add host; ip link add host0 type veth peer name eth0 netns host
ip link set host0 master brqblue up
ip -n host link set eth0 up
"""


def call(number: int, **leg: Any) -> dict[str, Any]:
    told = {"ipv6_ra_mode": "slaac", "dns_nameservers": ["2001:db8:1::53"], **leg}
    given = {key: value for key, value in told.items() if value}
    return edge_site.quick_call(number, interfaces=[{**LEG, **given}])


def make(node: VirtualNode, number: int, **leg: Any) -> dict[str, Any]:
    return edge_site.done(node, call(number, **leg))


def radvd(node: VirtualNode) -> bool:
    return edge_site.runs(node, UNIT)


class Frames:
    """What a node's router sends into a network, from now on."""

    def __init__(self, node: VirtualNode) -> None:
        listing = json.loads(node.run("ip", "-j", "link", "show", "master", "brqblue", "type", "veth"))
        tap = next(link["ifname"] for link in listing if link["ifname"].startswith("tap"))
        self._process = node.start(sys.executable, str(FAKES / "frames.py"), tap)
        assert self._process.stdout and self._process.stdout.readline() == "ready\n"

    def seen(self) -> list[dict[str, Any]]:
        """Ends the watch."""
        self._process.terminate()
        return [json.loads(line) for line in self._process.communicate()[0].splitlines()]


def advertised(frames: list[dict[str, Any]]) -> list[int]:
    return [frame["advertised"] for frame in frames if frame["advertised"] is not None]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """Two nodes, the first of them active, with a host in the router's network on the second."""
    site = Site(volatile())
    for number, node in enumerate(site.nodes.values(), 1):
        make(node, number)
        assert wait_for(lambda: edge_site.active(list(site.nodes.values())) == ["n1"])
    site.nodes["n2"].run("sh", "-ec", HOST)
    yield site
    site.close()


@pytest.fixture
def nodes(site: Site) -> Iterator[list[VirtualNode]]:
    """The same; after a test the first is active again."""
    nodes = list(site.nodes.values())
    yield nodes
    for number, node in enumerate(nodes, 1):
        make(node, number)
    if edge_site.active(nodes) != ["n1"]:
        nodes[1].run("systemctl", "restart", KEEPALIVED)
    assert wait_for(lambda: edge_site.active(nodes) == ["n1"])


def default_routes(node: VirtualNode) -> list[str]:
    listing = json.loads(node.run("ip", "-n", "host", "-6", "-j", "route", "show", "default"))
    return [route["gateway"] for route in listing if route.get("protocol") == "ra"]


def solicit(node: VirtualNode) -> None:
    """Have the host ask for an advertisement, as it does when its link comes up."""
    node.ip("-n", "host", "link", "set", "eth0", "down")
    node.ip("-n", "host", "link", "set", "eth0", "up")


def test_only_the_active_node_advertises_and_after_a_failover_exactly_the_other(nodes: list[VirtualNode]) -> None:
    first, second = nodes
    watches = [Frames(node) for node in nodes]
    solicit(second)
    assert wait_for(lambda: default_routes(second) != [])
    known = default_routes(second)
    one, other = (watch.seen() for watch in watches)
    assert advertised(one) and set(advertised(one)) == {300}
    assert other == [], "a backup sends not one frame"
    watches = [Frames(node) for node in nodes]
    first.run("systemctl", "stop", KEEPALIVED)
    assert wait_for(lambda: edge_site.active(nodes) == ["n2"])
    assert default_routes(second) == known, "the host has lost its route"
    assert wait_for(lambda: radvd(second) and not radvd(first))
    solicit(second)
    assert wait_for(lambda: default_routes(second) != [])
    one, other = (watch.seen() for watch in watches)
    assert default_routes(second) == known
    assert advertised(one) == [], "a node that gives up says no last word (RFC 4861, 6.2.5)"
    assert set(advertised(other)) == {300}
    assert {(frame["mac"], frame["source"]) for frame in other if frame["advertised"]} == {
        ("fa:2f:76:9c:7a:50", "fe80::f82f:76ff:fe9c:7a50")
    }


def test_hosts_are_told_prefix_mtu_and_name_servers(nodes: list[VirtualNode]) -> None:
    host = nodes[1]
    solicit(host)
    assert wait_for(lambda: "2001:db8:1:" in host.run("ip", "-n", "host", "-6", "addr", "show", "dynamic"))
    assert wait_for(lambda: "mtu 1450" in host.run("ip", "-n", "host", "-6", "route", "show", "default"))
    assert "RDNSS 2001:db8:1::53 " in host.run("cat", "/etc/linuxbridge-vrrp/radvd/qrouter-edge1.conf")


DRIFT = {
    "dead radvd": "kill -9 -$(cat /run/linuxbridge-radvd/qrouter-edge1/pid)",
    "edited radvd.conf": "sed -i s/1450/1400/ /etc/linuxbridge-vrrp/radvd/qrouter-edge1.conf",
    "radvd.conf that is gone": "rm /etc/linuxbridge-vrrp/radvd/qrouter-edge1.conf",
    "unit that is gone": "rm /etc/systemd/system/linuxbridge-vrrp-radvd@.service",
    "script that is gone": "rm /etc/linuxbridge-vrrp/radvd/follow",
    "mode of the script": "chmod 644 /etc/linuxbridge-vrrp/radvd/follow",
    "masked unit": "systemctl stop %s; ln -s /dev/null /etc/systemd/system/%s" % (UNIT, UNIT),
}


@pytest.mark.parametrize("kind", DRIFT)
def test_drift_of_the_active_node_is_found_and_mended(nodes: list[VirtualNode], kind: str) -> None:
    nodes[0].run("sh", "-ec", DRIFT[kind])
    assert make(nodes[0], 1)["changed"], "the drift is not seen"
    assert radvd(nodes[0]) and nodes[0].module(call(1), check=True)["actions"] == []


def test_a_radvd_of_a_backup_is_stopped_and_sends_nothing_while_it_is_there(nodes: list[VirtualNode]) -> None:
    watch = Frames(nodes[1])
    nodes[1].run("systemctl", "start", UNIT)
    solicit(nodes[1])
    assert wait_for(lambda: default_routes(nodes[1]) != [])
    assert make(nodes[1], 2)["actions"] == ["stop " + UNIT]
    assert watch.seen() == [] and not radvd(nodes[1])


def test_a_unit_that_is_masked_on_a_backup_is_found_before_the_node_becomes_active(nodes: list[VirtualNode]) -> None:
    nodes[1].run("ln", "-s", "/dev/null", "/etc/systemd/system/" + UNIT)
    foreseen = nodes[1].module(call(2), check=True)
    assert make(nodes[1], 2)["actions"] == foreseen["actions"] == ["unmask " + UNIT]
    assert make(nodes[1], 2)["actions"] == [] and not radvd(nodes[1])


def test_other_words_are_a_restart_of_radvd_that_no_host_loses_its_route_by(nodes: list[VirtualNode]) -> None:
    watch = Frames(nodes[0])
    actions = make(nodes[0], 1, ipv6_ra_mode="dhcpv6-stateless")["actions"]
    assert [action for action in actions if "service" in action] == ["restart " + UNIT]
    solicit(nodes[1])
    assert wait_for(lambda: default_routes(nodes[1]) != [])
    assert set(advertised(watch.seen())) == {300}, "a lifetime of 0 takes the route away (RFC 4861, 6.2.5)"


def test_what_is_gathered_has_the_words_and_changes_nothing(nodes: list[VirtualNode]) -> None:
    gathered = nodes[0].module({"state": "gathered"})["gathered"]
    leg = gathered["routers"][0]["interfaces"][0]
    assert (leg["ipv6_ra_mode"], leg["dns_nameservers"]) == ("slaac", ["2001:db8:1::53"])
    assert nodes[0].module({"state": "exact", **gathered})["actions"] == []


def test_turned_off_it_leaves_nothing_and_the_router_stays_active(nodes: list[VirtualNode]) -> None:
    since = nodes[0].module({"state": "gathered"})["routers"][0]["since"]
    make(nodes[0], 1, ipv6_ra_mode=None, dns_nameservers=[])
    found = nodes[0].run("sh", "-c", "find /etc/linuxbridge-vrrp /etc/systemd/system -path '*radvd*' -type f")
    assert found == "" and not radvd(nodes[0])
    assert make(nodes[0], 1)["changed"] and radvd(nodes[0])
    assert nodes[0].module({"state": "gathered"})["routers"][0]["since"] == since


def test_what_radvd_refuses_is_not_written(nodes: list[VirtualNode]) -> None:
    path = "/etc/linuxbridge-vrrp/radvd/qrouter-edge1.conf"
    before = nodes[0].run("cat", path)
    nodes[0].run("sh", "-ec", "printf '#!/bin/sh\\necho no >&2; exit 1' > /run/no; chmod 755 /run/no;"
                 " mount --bind /run/no /usr/sbin/radvd")  # fmt: skip
    refused = nodes[0].module(call(1, ipv6_ra_mode="dhcpv6-stateful"))
    nodes[0].run("umount", "/usr/sbin/radvd")
    assert refused["failed"] and "radvd: no" in refused["msg"] and nodes[0].run("cat", path) == before


def test_without_the_package_nothing_is_changed_and_the_error_names_option_and_package() -> None:
    option = "routers[edge1].interfaces[blue].ipv6_ra_mode"
    edge_site.assert_package_is_asked_for(call(1), "radvd", option, call(1, ipv6_ra_mode=None, dns_nameservers=[]))


def test_a_node_that_was_booted_is_a_backup_without_radvd(site: Site, nodes: list[VirtualNode]) -> None:
    site.reboot("n1")
    assert wait_for(lambda: edge_site.active(nodes) == ["n2"] and radvd(nodes[1]))
    assert make(nodes[0], 1)["actions"] == [] and not radvd(nodes[0])
