"""Never two: at no moment do two nodes have a router's addresses, whatever link is cut."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))
import edge_site
import virtual_node
from edge_site import KEEPALIVED, NAMESPACE, VIRTUAL, make
from virtual_node import Site, VirtualNode, volatile, wait_for

pytestmark = pytest.mark.skipif(virtual_node.usable() is not None, reason=virtual_node.usable() or "")

_EVENT = re.compile(r"\[(\S+)\] (Deleted )?\d+: \S+ +inet (\S+) ")


class Watch:
    """When a node had the router's address, to the microsecond, as its kernel told."""

    def __init__(self, node: VirtualNode) -> None:
        self._had = VIRTUAL in node.addresses(NAMESPACE)
        self._begin = datetime.now()
        self._process = node.start("ip", "-n", NAMESPACE, "-ts", "-o", "monitor", "address")

    def periods(self) -> list[tuple[datetime, datetime]]:
        """Ends the watch."""
        self._process.terminate()
        text = self._process.communicate()[0]
        found, since = [], self._begin if self._had else None
        for time, deleted, address in _EVENT.findall(text):
            if address == VIRTUAL:
                moment = datetime.fromisoformat(time)
                if deleted and since:
                    found.append((since, moment))
                since = None if deleted else moment
        return [*found, (since, datetime.max)] if since else found


def together(one: list[tuple[datetime, datetime]], other: list[tuple[datetime, datetime]]) -> list[Any]:
    """The moments at which both had it."""
    return [(a, b) for a in one for b in other if a[0] < b[1] and b[0] < a[1]]


@pytest.fixture(params=["vxlan", "flat"])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """Two nodes with a router, active on one; the HA network is a VXLAN, or a network of its own wire."""
    site = Site(volatile())
    for number, node in enumerate(site.nodes.values(), 1):
        call = edge_site.call(number)
        if request.param == "flat":
            call["networks"][0] = {"name": "ha", "kind": "flat", "uplink": "eth2"}
            call["networks"].pop()
            call["routers"][0].update(external_gateway=None, floating_ips=[])
        edge_site.done(node, call)
    assert wait_for(lambda: len(edge_site.active(list(site.nodes.values()))) == 1, 30)
    yield site
    site.close()


@pytest.mark.parametrize("how", ["set down", "cable pulled"])
def test_a_node_whose_uplink_goes_has_lost_its_addresses_before_another_has_them(site: Site, how: str) -> None:
    nodes = list(site.nodes.values())
    first, second = sorted(nodes, key=lambda node: node.name != edge_site.active(nodes)[0])
    device = "eth2" if "brqha" in first.ip("link", "show", "eth2") else "eth1"
    watches = [Watch(first), Watch(second)]
    if how == "set down":
        first.ip("link", "set", device, "down")
    else:
        site.cables[first.name, device].pull()
    assert wait_for(lambda: edge_site.active([first, second]) == [second.name], 15)
    state = first.run("cat", "/run/linuxbridge-vrrp/qrouter-edge1/state").strip()
    if how == "set down":
        first.ip("link", "set", device, "up")
    else:
        site.cables[first.name, device].plug()
    assert wait_for(lambda: first.run("cat", "/run/linuxbridge-vrrp/qrouter-edge1/state").strip() == "BACKUP", 10)
    assert not wait_for(lambda: edge_site.active([first, second]) != [second.name], 5), "it did not come back as backup"
    one, other = (watch.periods() for watch in watches)
    assert state == "FAULT" and one and other
    assert together(one, other) == []


def test_a_keepalived_that_was_killed_and_is_not_started_again_has_left_no_address(site: Site) -> None:
    """systemd runs what is to be done after it, also when it cannot start it again or nobody wants that."""
    nodes = list(site.nodes.values())
    first, second = sorted(nodes, key=lambda node: node.name != edge_site.active(nodes)[0])
    other = second.addresses(NAMESPACE)
    runtime = "/run/linuxbridge-vrrp/qrouter-edge1"
    first.run("sh", "-c", "kill -9 $(cat %s/keepalived.pid %s/vrrp.pid)" % (runtime, runtime))
    first.run("systemctl", "stop", KEEPALIVED)
    assert len(first.addresses(NAMESPACE)) == len(other) == 1, "the address on the HA network is all that it has"
    assert wait_for(lambda: edge_site.active(nodes) == [second.name], 15)


def test_exactly_one_of_three_nodes_is_active_after_each_of_them_has_failed() -> None:
    site = Site(volatile(), ["n1", "n2", "n3"])
    try:
        nodes = list(site.nodes.values())
        # Backups take over after 3 intervals and a skew of (256 - priority) / 256 intervals (RFC 5798, 6.1): at 2 s the
        # second waits half a second longer than the first, which is more than a busy machine lets a process wait.
        for number, (node, priority) in enumerate(zip(nodes, (128, 64, 1), strict=True), 1):
            make(node, number, priority=priority, advert_interval=2)
        assert wait_for(lambda: len(edge_site.active(nodes)) == 1, 15)
        for _turn in nodes:
            watches = [Watch(node) for node in nodes]
            name = edge_site.active(nodes)[0]
            site.cables[name, "eth1"].pull()
            assert wait_for(lambda lost=name: edge_site.active(nodes) not in ([], [lost]), 15)
            site.cables[name, "eth1"].plug()
            periods = [watch.periods() for watch in watches]
            pairs = [(periods[a], periods[b]) for a in range(3) for b in range(a)]
            assert [found for pair in pairs for found in together(*pair)] == []
            assert len(edge_site.active(nodes)) == 1
    finally:
        site.close()
