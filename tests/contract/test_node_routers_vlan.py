"""A VLAN network on real kernels: two nodes hear each other over it, and drift is mended."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))
import edge_site
import virtual_node
from virtual_node import Site, volatile, wait_for

NETWORK = {"name": "blue", "kind": "vlan", "uplink": "eth2", "vlan_id": 100}


def unusable() -> str | None:
    """Why there can be no VLAN devices here, from trying to make one."""
    if virtual_node.usable():
        return virtual_node.usable()
    tried = "ip link add up0 type veth peer name up1 && ip link add link up0 name up0.100 type vlan id 100"
    command = ["unshare", "--net", "sh", "-c", tried]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "this kernel has no VLAN devices (8021q): " + done.stderr.strip() if done.returncode else None


pytestmark = pytest.mark.skipif(unusable() is not None, reason=unusable() or "")


def call(number: int) -> dict[str, object]:
    given = edge_site.call(number, external_gateway=None, floating_ips=[])
    given["networks"] = [*edge_site.networks("ha"), NETWORK]
    return given


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site(volatile())
    for number, node in enumerate(site.nodes.values(), 1):
        edge_site.done(node, call(number))
    yield site
    site.close()


def test_the_active_router_answers_over_the_vlan(site: Site) -> None:
    nodes = list(site.nodes.values())
    assert wait_for(lambda: len(edge_site.active(nodes)) == 1, 15)
    backup = next(node for node in nodes if node.name not in edge_site.active(nodes))
    backup.ip("addr", "add", "198.51.100.9/24", "dev", "brqblue")
    backup.run("ping", "-c", "1", "-W", "2", "198.51.100.1")


def test_a_vlan_with_another_number_is_made_anew_and_then_nothing_is_left_to_do(site: Site) -> None:
    node = site.nodes["n1"]
    node.run("sh", "-c", "ip link del eth2.100; ip link add link eth2 name eth2.100 type vlan id 99")
    assert node.module(call(1), check=True)["actions"] == ["remake device eth2.100"]
    assert node.module(call(1))["changed"]
    assert node.module(call(1))["actions"] == []
