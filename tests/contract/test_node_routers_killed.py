"""node_routers killed at random moments: the next run finishes the work; nothing foreign or half-written is seen."""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import node_record

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))
import virtual_node
from edge_site import call, done, networks, router
from virtual_node import Site, VirtualNode, volatile

pytestmark = pytest.mark.skipif(virtual_node.usable() is not None, reason=virtual_node.usable() or "")

KILLS = 50
FOREIGN = """
ip link add brother type bridge; ip netns add qrouter-other; ip -n qrouter-other link add qr-x type bridge
nft add table inet mine; nft add chain inet mine c
"""
#: Units are kept running, as systemd does.
KEEPS = "mkdir -p /run/systemctl-stand-in; touch /run/systemctl-stand-in/keeps"
SHOW = """
ip -br link show type bridge | grep other; ip netns list | grep -c other; nft list ruleset
ip -n qrouter-other -br link
"""


def two() -> dict[str, Any]:
    """Another specification: another router besides, another network, daemons beside the first, and changes of it."""
    green = {"network": "green", "addresses": ["198.51.101.1/24", "2001:db8:2::1/64"], "ipv6_ra_mode": "slaac"}
    legs = [*router(1)["interfaces"], green]
    second = {"interfaces": [{"network": "blue", "addresses": ["198.51.100.2/24"]}], "external_gateway": None}
    spec = call(1, interfaces=legs, floating_ips=[], routes=[], priority=60, connection_tracking=True)
    spec["networks"] = networks("ha", "blue", "green", "provider")
    spec["routers"].append(router(1, name="edge2", vrid=8, floating_ips=[], routes=[], **second))
    return spec


def assert_whole(node: VirtualNode) -> None:
    """Every file under its own name is whole: the record is as it was written, and each of the others has its end."""
    text = node.run("cat", "/etc/linuxbridge-vrrp/node.json", check=False)
    assert not text or node_record.write(node_record.read(text, "node.json")) == text
    for files, end in (("instances/*.conf", "}"), ("node.sh", "exit $status"), ("routers/*.sh", "END")):
        last = node.run("sh", "-c", "tail -n 1 -q /etc/linuxbridge-vrrp/%s 2>/dev/null" % files, check=False)
        assert set(last.splitlines()) <= {end}


def test_a_run_that_is_killed_anywhere_is_finished_by_the_next() -> None:
    random.seed(5798)
    site = Site(volatile(), ["n1"])
    try:
        node = site.nodes["n1"]
        node.run("sh", "-ec", FOREIGN)
        node.run("sh", "-ec", KEEPS)
        foreign = node.run("sh", "-c", SHOW)
        specs = [call(1), two(), {"state": "exact"}]
        longest = 0.0
        for spec in specs:
            begin = time.monotonic()
            done(node, spec)
            longest = max(longest, time.monotonic() - begin)
        killed = 0
        for turn in range(10 * KILLS):
            spec = specs[turn % 3]
            if not node.module(spec, kill_after=random.uniform(0.02, longest)):
                killed += 1
            assert_whole(node)
            if turn % 3 != 1 or not killed % 2:
                done(node, spec)
            assert node.run("sh", "-c", SHOW) == foreign
            if killed >= KILLS:
                break
        assert killed == KILLS
        for spec in specs:
            done(node, spec)
            assert node.module(spec)["actions"] == []
    finally:
        site.close()


def test_a_killed_run_is_finished_by_a_call_that_names_another_router() -> None:
    random.seed(3768)
    third = {"interfaces": [{"network": "blue", "addresses": ["198.51.100.3/24"]}], "external_gateway": None}
    other = router(1, name="edge3", vrid=9, floating_ips=[], routes=[], **third)
    site = Site(volatile(), ["n1"])
    try:
        node = site.nodes["n1"]
        node.run("sh", "-ec", KEEPS)
        finished = 0
        for _turn in range(100):
            done(node, call(1))
            node.module(two(), kill_after=random.uniform(0.1, 0.6))
            if node_record.read(node.run("cat", "/etc/linuxbridge-vrrp/node.json"), "node.json").unfinished:
                done(node, {"state": "present", "routers": [other]})
                assert node.module({**two(), "state": "present"})["actions"] == []
                finished += 1
            if finished == 10:
                break
        assert finished == 10
    finally:
        site.close()
