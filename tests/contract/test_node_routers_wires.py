"""node_routers on real kernels: wires of bridges that change, and callers from outside who keep their address."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FAKES = Path(__file__).parents[1] / "fakes"
sys.path.insert(0, str(FAKES))
import virtual_node
from edge_site import NAMESPACE, VIRTUAL, call, done, networks
from virtual_node import Site, VirtualNode, volatile, wait_for

pytestmark = pytest.mark.skipif(virtual_node.usable() is not None, reason=virtual_node.usable() or "")

#: One more card, which takes larger frames.
CARD = "ip link add eth7 mtu 9000 type veth peer name far7 mtu 9000; ip link set far7 up; ip link set eth7 up"
#: A host on a network, as the others are joined to it.
HOST = """
ip netns add {name}; ip link add {name}0 type veth peer name eth0 netns {name}
ip link set {name}0 master {bridge} up; ip -n {name} link set lo up; ip -n {name} link set eth0 up
ip -n {name} addr add {address}/24 dev eth0; ip -n {name} route add default via {gateway}
"""
#: Answers one datagram with the address that it came from, which it also prints.
ECHO = """
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.bind(("", 5000)); s.settimeout(20); print("ready", flush=True)
    data, peer = s.recvfrom(100); s.sendto(peer[0].encode(), peer); print(peer[0], flush=True)
"""
ASK = """
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.settimeout(5); s.connect(("%s", 5000)); s.send(b"?"); print(s.recv(100).decode())
"""


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    site = Site(volatile(), ["n1"])
    yield site
    site.close()


@pytest.fixture
def node(site: Site) -> Iterator[VirtualNode]:
    """A node with the router and a third card; afterwards it has neither."""
    found = site.nodes["n1"]
    found.run("sh", "-ec", CARD)
    done(found, call(1))
    yield found
    done(found, {"state": "exact"})
    found.ip("link", "del", "eth7")


def ports(node: VirtualNode, bridge: str) -> list[str]:
    """What leads out of a bridge."""
    found = node.run("ls", "/sys/class/net/%s/brif" % bridge).split()
    return [name for name in found if not name.startswith("tap")]


def changed(**networks_: dict[str, Any]) -> dict[str, Any]:
    """The call with some values of networks changed."""
    wanted = call(1)
    for network in wanted["networks"]:
        network.update(networks_.get(network["name"], {}))
    return wanted


def test_a_flat_network_on_another_card_leaves_the_first_one(node: VirtualNode) -> None:
    wanted = changed(provider={"uplink": "eth7"})
    actions = done(node, wanted)["actions"]
    assert ports(node, "brqprovider") == ["eth7"]
    assert actions.index("set master of device eth2") < actions.index("set master of device eth7")
    assert done(node, wanted)["actions"] == []


def test_a_card_that_a_killed_run_has_not_taken_out_is_taken_out_by_the_next(node: VirtualNode) -> None:
    wanted = changed(provider={"uplink": "eth7"})
    before = node.run("cat", "/etc/linuxbridge-vrrp/node.json")
    done(node, wanted)
    after = node.run("cat", "/etc/linuxbridge-vrrp/node.json")
    # As if it had been killed once it had written down what it was about to do.
    assert '"uplinks": ["eth2"]' in before and '"uplinks": ["eth7"]' in after
    begun = after.replace('"uplinks": ["eth7"]', '"uplinks": ["eth2", "eth7"]')
    begun = begun.replace('"unfinished": false', '"unfinished": true')
    node.run("sh", "-c", "cat > /etc/linuxbridge-vrrp/node.json", text=begun)
    node.ip("link", "set", "eth2", "master", "brqprovider")
    done(node, wanted)
    assert ports(node, "brqprovider") == ["eth7"]


def test_a_foreign_port_stays_in_the_bridge(node: VirtualNode) -> None:
    node.ip("link", "set", "eth7", "master", "brqblue")
    done(node, changed(provider={"mtu": 1400}))
    assert ports(node, "brqblue") == ["eth7", "vxlan-2"]


def test_a_network_with_another_number_is_not_joined_to_the_first_one(node: VirtualNode) -> None:
    wanted = changed(blue={"vni": 77})
    actions = done(node, wanted)["actions"]
    assert ports(node, "brqblue") == ["vxlan-77"]
    assert actions.index("set master of device vxlan-2") < actions.index("make device vxlan-77")
    assert "vxlan-2:" not in node.ip("link")
    assert done(node, wanted)["actions"] == []


def test_a_bridge_keeps_its_mtu_whatever_its_uplink_has(node: VirtualNode) -> None:
    wanted = changed(provider={"uplink": "eth7"})
    wanted["routers"][0].update(external_gateway=None, floating_ips=[])
    done(node, wanted)
    assert node.run("cat", "/sys/class/net/brqprovider/mtu") == "1500\n"


def test_a_bridge_whose_ipv6_comes_back_with_its_mtu_has_no_address(node: VirtualNode) -> None:
    wanted = changed(blue={"mtu": 1280})
    done(node, wanted)
    assert done(node, wanted)["actions"] == []
    node.ip("link", "set", "brqblue", "mtu", "1200")
    assert done(node, wanted)["actions"] == ["set MTU of device brqblue"]
    assert "inet6" not in node.ip("addr", "show", "brqblue")
    assert done(node, wanted)["actions"] == []


def carriers(node: VirtualNode) -> list[str]:
    return [
        name for name in node.run("ip", "netns", "exec", NAMESPACE, "ls", "/sys/class/net").split() if "ul-" in name
    ]


def test_the_uplinks_of_a_router_change_one_by_one_and_all(node: VirtualNode) -> None:
    one, two = {"uplink": "eth1"}, {"uplink": "eth7"}
    for ha, blue, found in ((one, two, ["ul-eth1", "ul-eth7"]), (two, two, ["ul-eth7"]), (one, one, ["ul-eth1"])):
        wanted = changed(ha=ha, blue=blue)
        done(node, wanted)
        assert carriers(node) == found
        assert done(node, wanted)["actions"] == []
        assert wait_for(lambda: VIRTUAL in node.addresses(NAMESPACE), 30)


def test_a_router_whose_ha_interface_was_deleted_becomes_active_again(node: VirtualNode) -> None:
    assert wait_for(lambda: VIRTUAL in node.addresses(NAMESPACE), 30)
    node.ip("-n", NAMESPACE, "link", "del", "ha-ha")
    assert wait_for(lambda: VIRTUAL not in node.addresses(NAMESPACE), 10)
    done(node, call(1))
    assert wait_for(lambda: VIRTUAL in node.addresses(NAMESPACE), 30)
    assert done(node, call(1))["actions"] == []


def test_an_ha_address_changes_within_its_subnet_and_the_router_stays_active(node: VirtualNode) -> None:
    assert wait_for(lambda: VIRTUAL in node.addresses(NAMESPACE), 30)
    old, new = call(1)["routers"][0]["ha_address"], "169.254.192.200/18"
    done(node, call(1, ha_address=new))
    found = node.addresses(NAMESPACE)
    assert new in found and old not in found and VIRTUAL in found


def test_a_file_that_is_no_text_any_more_is_written_anew(node: VirtualNode) -> None:
    path = "/etc/linuxbridge-vrrp/instances/qrouter-edge1.conf"
    before = node.run("cat", path)
    node.run("sh", "-c", "printf 'caf\\351\\0' > " + path)
    actions = done(node, call(1))["actions"]
    assert "write " + path in actions and node.run("cat", path) == before


def test_networks_without_routers_are_there_after_a_boot(site: Site) -> None:
    node = site.add("n2")
    done(node, {"state": "exact", "networks": networks("ha", "provider"), "routers": []})
    site.reboot("n2")
    assert ports(site.nodes["n2"], "brqprovider") == ["eth2"]


@pytest.fixture
def hosts(node: VirtualNode) -> Iterator[VirtualNode]:
    """With a host outside, and two inside, of which one has the floating IP."""
    inside = {"gateway": VIRTUAL.partition("/")[0], "bridge": "brqblue"}
    names = {"server": "198.51.100.10", "client": "198.51.100.50"}
    scripts = [HOST.format(name=name, address=address, **inside) for name, address in names.items()]
    scripts.append(HOST.format(name="outer", address="203.0.113.50", gateway="203.0.113.21", bridge="brqprovider"))
    assert wait_for(lambda: VIRTUAL in node.addresses(NAMESPACE), 30)
    node.run("sh", "-ec", "".join(scripts))
    yield node
    node.run("sh", "-ec", "for name in server client outer; do ip netns del $name; done")


@pytest.mark.parametrize(("client", "seen"), [("outer", "203.0.113.50"), ("client", "203.0.113.21")])
def test_a_host_behind_a_floating_ip_sees_who_calls_from_outside(hosts: VirtualNode, client: str, seen: str) -> None:
    """From inside it sees the router, for it would answer the other one directly."""
    server = hosts.start("ip", "netns", "exec", "server", sys.executable, "-c", ECHO)
    assert server.stdout and server.stdout.readline() == "ready\n"
    answer = hosts.run("ip", "netns", "exec", client, sys.executable, "-c", ASK % "203.0.113.17")
    assert answer == seen + "\n"
    server.communicate()
