# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node that boots in a bad moment: it has whole routers or none, says so, and has them when it is run again."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))
import virtual_node
from edge_site import NAMESPACE, call, done, make
from virtual_node import Site, VirtualNode, volatile

pytestmark = pytest.mark.skipif(virtual_node.usable() is not None, reason=virtual_node.usable() or "")

START = "start linuxbridge-vrrp-qrouter-edge1.service"


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site(volatile(), ["n1"])
    make(site.nodes["n1"], 1)
    yield site
    site.close()


def boots(node: VirtualNode) -> bool:
    """Whether the script for the boot says that it has made everything. It waits for uplinks half a second."""
    script = "sed 's/-ge 20/-ge 1/' /etc/linuxbridge-vrrp/node.sh > /run/node.sh; sh /run/node.sh && echo yes"
    return node.run("sh", "-c", script, check=False) == "yes\n"


def test_an_uplink_that_comes_later_than_the_boot_waits_gives_whole_routers(site: Site) -> None:
    node = site.nodes["n1"]
    node.halt()
    node.boot()
    assert not boots(node) and NAMESPACE not in node.ip("netns")
    site.wire("n1")
    assert boots(node) and done(node, call(1))["actions"] == [START]


@pytest.mark.parametrize("refused", ["nft", "sysctl"])
def test_a_router_is_not_there_without_its_rules_and_sysctls(site: Site, refused: str) -> None:
    node = site.nodes["n1"]
    site.reboot("n1", start=False)
    program = {"nft": "/run/bin/nft", "sysctl": "/run/bin/ip"}[refused]
    text = {"nft": "exit 1", "sysctl": 'case "$*" in *"sh -e") exit 1 ;; esac; exec /sbin/ip "$@"'}[refused]
    node.run("sh", "-ec", "cat > %s; chmod 755 %s" % (program, program), text="#!/bin/sh\n%s\n" % text)
    assert not boots(node) and NAMESPACE not in node.ip("netns")
    node.run("rm", program)
    assert boots(node) and done(node, call(1))["actions"] == [START]


def test_the_script_for_the_boot_changes_nothing_on_a_living_node(site: Site) -> None:
    node = site.nodes["n1"]
    assert boots(node) and done(node, call(1))["actions"] == []
