"""node_routers on real kernels with real keepalived: made, kept, mended, moved, rebooted, and gone without a trace."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import node_addresses

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))
import edge_site
import virtual_node
from edge_site import NAMESPACE, VIRTUAL, call, done, make, networks, router
from virtual_node import Site, VirtualNode, volatile, wait_for

pytestmark = pytest.mark.skipif(virtual_node.usable() is not None, reason=virtual_node.usable() or "")


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    site = Site(volatile())
    yield site
    site.close()


@pytest.fixture(scope="module")
def made(site: Site) -> VirtualNode:
    """A node with the router; tests leave it as they found it."""
    make(site.nodes["n1"], 1)
    return site.nodes["n1"]


@pytest.fixture
def node(made: VirtualNode) -> VirtualNode:
    """The same, active."""
    assert wait_for(lambda: VIRTUAL in made.addresses(NAMESPACE), 30)
    return made


@pytest.fixture
def peer(site: Site, node: VirtualNode) -> Iterator[VirtualNode]:
    """Another node with the same router, a backup; gone afterwards, so that the first is active again."""
    make(site.nodes["n2"], 2)
    yield site.nodes["n2"]
    site.nodes["n2"].module({"state": "exact"})


def everything(node: VirtualNode) -> str:
    """All that a run could change: devices, addresses, rules and files, of the node and of its namespaces."""
    script = """
    ip -j addr | sed 's/"tentative":true,//g'; ip -j route; nft -j list ruleset; bridge fdb show | grep -c dst
    for name in $(ip netns list | cut -d' ' -f1 | sort); do echo $name
    ip netns exec $name sh -c "ip -j addr; nft -j list ruleset; sysctl -a 2>/dev/null | grep forward"; done
    for file in $(find /etc/linuxbridge-vrrp /etc/systemd/system -type f 2>/dev/null | sort); do
    echo $file $(stat -c '%i %a %Y' $file) $(md5sum < $file); done
    """
    return node.run("sh", "-c", script)


def test_check_mode_says_what_a_run_does_and_changes_nothing(site: Site) -> None:
    node = site.nodes["n2"]
    before = everything(node)
    foreseen = node.module(call(2), check=True)
    assert everything(node) == before
    done = make(node, 2)
    node.module({"state": "exact"})
    assert foreseen["changed"] and foreseen["actions"] == done["actions"] and foreseen["diff"] == done["diff"]


def test_a_second_run_changes_nothing(node: VirtualNode) -> None:
    before = everything(node)
    assert make(node, 1)["actions"] == []
    assert everything(node) == before


def test_what_is_gathered_changes_nothing_when_it_is_asked_for_exactly(node: VirtualNode) -> None:
    gathered = node.module({"state": "gathered"})
    assert not gathered["changed"]
    again = node.module({"state": "exact", **gathered["gathered"]})
    assert not again.get("failed") and again["actions"] == []


def test_no_password_is_in_a_result_or_readable_for_others(node: VirtualNode) -> None:
    results = [node.module({"state": "gathered"}), make(node, 1, priority=51)]
    results += [node.module({**call(1), "state": "rendered"}), make(node, 1)]
    assert "secret" not in json.dumps(list(results))
    found = node.run("sh", "-c", "grep -rl secret /etc/linuxbridge-vrrp /etc/systemd/system /run/linuxbridge-vrrp")
    modes = node.run("stat", "-c", "%a", *found.split()).split()
    assert found and all(mode.endswith("0") for mode in modes)


def test_the_active_node_has_every_address_and_the_other_only_its_own(node: VirtualNode, peer: VirtualNode) -> None:
    virtual = {VIRTUAL, "2001:db8:1::1/64", "203.0.113.21/24", "203.0.113.17/32", "169.254.0.7/24"}
    assert virtual <= node.addresses(NAMESPACE)
    assert peer.addresses(NAMESPACE) == {"169.254.192.30/18"}
    assert {item["state"] for item in node.module({"state": "gathered"})["routers"]} == {"master"}


def test_a_port_has_one_queue_whatever_the_number_of_processors(node: VirtualNode) -> None:
    wheres = ([], ["-netns", NAMESPACE])
    texts = [node.run("ip", "-details", "-json", *where, "link", "show", "type", "veth") for where in wheres]
    ports = [link for text in texts for link in json.loads(text) if link["ifname"].startswith(("tap", "ha-", "q"))]
    queues = {link["ifname"]: (link["num_tx_queues"], link["num_rx_queues"]) for link in ports}
    assert len(queues) == 6 and set(queues.values()) == {(1, 1)}


def test_one_more_router_leaves_the_others_alone(node: VirtualNode) -> None:
    legs = [{"network": "blue", "addresses": ["198.51.100.2/24"]}]
    other = router(1, name="edge2", vrid=8, interfaces=legs, external_gateway=None, floating_ips=[], routes=[])
    drift = "ip -n qrouter-edge1 addr add 198.51.100.77/24 dev qr-blue"
    node.run("sh", "-ec", drift)
    added = done(node, {"state": "present", "routers": [other]})
    assert "make router qrouter-edge2" in added["actions"] and not any("edge1" in one for one in added["actions"])
    assert [one["name"] for one in added["routers"]] == ["edge2"]
    removed = done(node, {"state": "absent", "routers": [{"name": "edge2"}]})
    assert "remove router qrouter-edge2" in removed["actions"] and not any("edge1" in one for one in removed["actions"])
    assert make(node, 1)["actions"] == ["remove address 198.51.100.77/24 of device qr-blue of qrouter-edge1"]


DRIFT: dict[str, str] = {
    "bridge of another kind": "ip link del brqblue; ip link add brqblue type veth peer name other",
    "bridge that is gone": "ip link del brqblue",
    "VXLAN that is gone": "ip link del vxlan-2",
    "VXLAN with another VNI": "ip link del vxlan-2; ip link add vxlan-2 type vxlan id 99 dev eth1 dstport 8472",
    "VXLAN with another group": "ip link del vxlan-2; ip link add vxlan-2 type vxlan id 2 group 239.9.9.9 dev eth1"
    " dstport 8472",
    "VXLAN in another bridge": "ip link set vxlan-2 master brqha",
    "VXLAN that is down": "ip link set vxlan-2 down",
    "MTU of a bridge": "ip link set brqblue mtu 1300",
    "MTU of a router's device": "ip -n qrouter-edge1 link set qr-blue mtu 1300",
    "MAC address": "ip -n qrouter-edge1 link set qr-blue address 02:00:00:00:00:09",
    "uplink out of its bridge": "ip link set eth2 nomaster",
    "VXLAN that does not flood to its group": "bridge fdb del 00:00:00:00:00:00 dev vxlan-2 dst 239.0.0.2 via eth1",
    "VXLAN with another TTL": "ip link set vxlan-2 type vxlan id 2 dev eth1 ttl 5",
    "snooping": "ip link set brqblue type bridge mcast_snooping 1",
    "spanning tree": "ip link set brqblue type bridge stp_state 1",
    "router's device that is gone": "ip -n qrouter-edge1 link del qr-blue",
    "router's device of another kind": "ip -n qrouter-edge1 link del qg-provider;"
    " ip -n qrouter-edge1 link add qg-provider type bridge",
    "tap in another bridge": "ip link set master brqha dev $(ip -br link show master brqblue type veth | cut -d@ -f1)",
    "carrier device that is gone": "ip -n qrouter-edge1 link del ul-eth1",
    "HA address that is missing": "ip -n qrouter-edge1 addr del 169.254.192.29/18 dev ha-ha",
    "extra address": "ip -n qrouter-edge1 addr add 198.51.100.77/24 dev qr-blue",
    "device that makes its own addresses": "ip -n qrouter-edge1 link set ha-ha addrgenmode eui64",
    "bridge that makes its own addresses": "ip link set brqblue addrgenmode random",
    "extra device of a router": "ip -n qrouter-edge1 link add qr-old type bridge",
    "changed sysctl": "ip netns exec qrouter-edge1 sysctl -qw net.ipv4.ip_forward=0",
    "changed sysctl of a device": "ip netns exec qrouter-edge1 sysctl -qw net.ipv4.conf.qr-blue.forwarding=0",
    "device without IPv6": "ip netns exec qrouter-edge1 sysctl -qw net.ipv6.conf.qg-provider.disable_ipv6=1",
    "MTU that IPv6 cannot have": "ip -n qrouter-edge1 link set qr-blue mtu 1200",
    "bridge with an MTU that IPv6 cannot have": "ip link set brqblue mtu 1200",
    "NAT rule that is gone": "ip netns exec qrouter-edge1 nft flush chain inet linuxbridge_vrrp postrouting",
    "NAT rule too many": "ip netns exec qrouter-edge1 nft add rule inet linuxbridge_vrrp silence drop",
    "edited keepalived.conf": "sed -i 's/priority 50/priority 99/' /etc/linuxbridge-vrrp/instances/qrouter-edge1.conf",
    "edited boot script": "echo exit >> /etc/linuxbridge-vrrp/node.sh",
    "edited boot script of a router": "echo exit >> /etc/linuxbridge-vrrp/routers/qrouter-edge1.sh",
    "edited unit": "echo '# x' >> /etc/systemd/system/linuxbridge-vrrp-qrouter-edge1.service",
    "mode of a file": "chmod 644 /etc/linuxbridge-vrrp/instances/qrouter-edge1.conf",
    "disabled unit": "systemctl disable linuxbridge-vrrp.service",
    "dead keepalived": "kill -9 $(cat /run/linuxbridge-vrrp/qrouter-edge1/keepalived.pid"
    " /run/linuxbridge-vrrp/qrouter-edge1/vrrp.pid)",
    "namespace that is gone": "systemctl stop linuxbridge-vrrp-qrouter-edge1.service; ip netns del qrouter-edge1",
}


@pytest.mark.parametrize("kind", DRIFT)
def test_drift_is_found_and_mended(made: VirtualNode, kind: str) -> None:
    made.run("sh", "-ec", DRIFT[kind])
    assert make(made, 1)["changed"], "the drift is not seen"
    assert made.module(call(1), check=True)["actions"] == []


def test_devices_that_a_killed_run_had_just_made_come_up_without_addresses_of_their_own(made: VirtualNode) -> None:
    made.run("systemctl", "stop", "linuxbridge-vrrp-qrouter-edge1.service")
    for device in ("ha-ha", "ul-eth1"):
        made.ip("-n", NAMESPACE, "link", "set", device, "down", "addrgenmode", "eui64")
    make(made, 1)
    found = made.addresses(NAMESPACE) - {"fe80::f82f:76ff:fe9c:7a50/64", "fe80::f840:a3ff:fe6a:8c17/64"}
    assert not [address for address in found if address.startswith("fe80")]
    assert "eui64" not in made.ip("-n", NAMESPACE, "-d", "link", "show", "ha-ha")


def test_an_active_router_without_an_address_gives_the_role_up_and_has_it_again(node: VirtualNode) -> None:
    """No other node can take over here, so keepalived became active again when it could not have the address."""
    assert wait_for(lambda: "2001:db8:1::1/64" in node.addresses(NAMESPACE), 10)
    node.ip("-n", NAMESPACE, "link", "set", "qr-blue", "mtu", "1200")
    missed = "restart linuxbridge-vrrp-qrouter-edge1.service (it is active without 2001:db8:1::1/64, "

    def foreseen() -> bool:
        mtu, *others = node.module(call(1), check=True)["actions"]
        return mtu == "set MTU of device qr-blue of " + NAMESPACE and [other[: len(missed)] for other in others] == [
            missed
        ]

    assert wait_for(foreseen, 30)
    assert len(make(node, 1)["actions"]) == 2
    assert wait_for(lambda: "2001:db8:1::1/64" in node.addresses(NAMESPACE), 15)
    time.sleep(node_addresses.SETTLED + 1)
    assert make(node, 1)["actions"] == []


def test_a_backup_has_no_address_of_its_own_when_an_mtu_was_too_small_for_a_time(peer: VirtualNode) -> None:
    for mtu in ("1200", "1450"):
        peer.ip("-n", NAMESPACE, "link", "set", "qr-blue", "mtu", mtu)
    assert peer.addresses(NAMESPACE) == {"169.254.192.30/18"}
    assert make(peer, 2)["actions"] == []


def test_after_all_that_the_router_works(node: VirtualNode) -> None:
    assert {VIRTUAL, "203.0.113.21/24"} <= node.addresses(NAMESPACE)


def test_changes_of_an_active_router_keep_its_role(node: VirtualNode) -> None:
    since = node.module({"state": "gathered"})["routers"][0]["since"]
    legs = [*router(1)["interfaces"], {"network": "green", "addresses": ["198.51.101.1/24"]}]
    more = {
        **call(1, interfaces=legs, floating_ips=[], priority=60),
        "networks": networks("ha", "blue", "green", "provider"),
    }
    actions = node.module(more)["actions"]
    assert [action for action in actions if action.startswith(("reload linux", "restart", "start"))] == [
        "reload linuxbridge-vrrp-qrouter-edge1.service"
    ]
    assert wait_for(lambda: "198.51.101.1/24" in node.addresses(NAMESPACE), 5)
    make(node, 1)
    assert wait_for(lambda: "203.0.113.17/32" in node.addresses(NAMESPACE), 5)
    assert "198.51.101.1/24" not in node.addresses(NAMESPACE)
    assert node.module({"state": "gathered"})["routers"][0]["since"] == since


def test_present_leaves_what_earlier_calls_made_and_absent_removes_only_what_is_named(node: VirtualNode) -> None:
    second = router(1, name="edge2", vrid=8, external_gateway=None, floating_ips=[], routes=[],
                    interfaces=[{"network": "blue", "addresses": ["198.51.100.2/24"]}])  # fmt: skip
    added = node.module({"state": "present", "routers": [second]})
    assert not added.get("failed"), added
    assert not any("edge1" in action for action in added["actions"])
    removed = node.module({"state": "absent", "routers": [{"name": "edge2"}]})
    assert {"qrouter-edge1"} == set(node.ip("netns", "list").replace(" (id", "\n(id").split()) & {
        "qrouter-edge1",
        "qrouter-edge2",
    }
    assert removed["changed"] and not any("edge1" in action for action in removed["actions"])
    assert node.module({"state": "absent", "routers": [{"name": "edge2"}]})["actions"] == []


FOREIGN = """
ip link add brqother type bridge; ip link add vxlan-77 type vxlan id 77 dev eth1 dstport 4789
ip netns add qrouter-other; ip -n qrouter-other link add qr-x type bridge
nft add table inet mine; nft add chain inet mine c
"""


def test_nothing_foreign_is_touched_and_nothing_of_ours_is_left(site: Site) -> None:
    node = site.add("n3")
    node.run("sh", "-ec", FOREIGN)
    before = node.run("sh", "-c", "ip -br link; ip netns list; nft list ruleset; ip -n qrouter-other -br link")
    make(node, 3)
    gone = node.module({"state": "exact"})
    assert not gone.get("failed"), gone
    after = node.run("sh", "-c", "ip -br link; ip netns list; nft list ruleset; ip -n qrouter-other -br link")
    assert after == before
    assert node.module({"state": "exact"})["actions"] == []


@pytest.mark.parametrize(
    ("made", "path"),
    [
        ("ip netns add qrouter-edge1", "routers[0].name"),
        ("ip link add brqblue type bridge", "networks[1].name"),
        ("ip link add vxlan-2 type vxlan id 200 dev eth1 dstport 8472", "networks[1].vni"),
        ("ip link add mine type vxlan id 2 dev eth1 dstport 8472", "networks[1].vni"),
        ("ip link add br0 type bridge; ip link set eth2 master br0", "networks[2].uplink"),
        ("ip addr add 192.0.2.5/24 dev eth2", "networks[2].uplink"),
        ("ip link set eth1 mtu 1400", "networks[0].mtu"),
        ("ip link set eth2 name eth9", "networks[2].uplink"),
    ],
)
def test_what_does_not_fit_the_node_is_refused_before_anything_is_changed(made: str, path: str) -> None:
    site = Site(volatile(), ["alone"])
    try:
        node = site.nodes["alone"]
        node.run("sh", "-ec", made)
        before = everything(node)
        refused = node.module(call(1))
        assert refused["failed"] and any(problem.startswith(path + ": ") for problem in refused["problems"])
        assert everything(node) == before
    finally:
        site.close()


def test_a_node_that_was_booted_comes_back_as_backup(site: Site, node: VirtualNode, peer: VirtualNode) -> None:
    site.reboot("n1")
    nodes = [node, peer]
    assert wait_for(lambda: edge_site.active(nodes) == ["n2"], 15)
    assert wait_for(lambda: node.module({"state": "gathered"})["routers"][0]["state"] == "backup", 5)
    assert make(node, 1)["actions"] == []
