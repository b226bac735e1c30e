"""vrrp_info on a node of its own with real keepalived: what died, what lost its name, what a file may say."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_unit import Layout
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.vrrp_node import Node

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))
import virtual_node
from virtual_node import CHECKOUT, VirtualNode, volatile, wait_for

pytestmark = pytest.mark.skipif(virtual_node.usable() is not None, reason=virtual_node.usable() or "")

MODULE = """
import importlib, json, sys
from ansible.module_utils.testing import patch_module_args
module = importlib.import_module("ansible_collections.linuxbridge.vrrp.plugins.modules." + sys.argv[1])
with patch_module_args(json.loads(sys.argv[2])):
    module.main()
"""
RUNTIME = "/run/linuxbridge-vrrp/"
ADDRESS = "169.254.0.7/24"
#: In the namespace red: ha-1 and qr-1, each with a carrier.
RED = """
for i in ha-1 qr-1; do ip -n red link add $i type veth peer name x$i; done
for i in ha-1 xha-1 qr-1 xqr-1; do ip -n red link set $i up; done
ip -n red address add 169.254.192.1/18 dev ha-1
ip -n red address add 198.51.100.2/24 dev qr-1
"""
INSTANCE = """
vrrp_instance %(name)s {
    version 3
    interface %(interface)s
    virtual_router_id 7
    advert_int 0.1
    %(more)s
    virtual_ipaddress {
        %(address)s
    }
}
"""


@pytest.fixture
def node() -> Iterator[VirtualNode]:
    directory = volatile()
    made = VirtualNode("alone", directory)
    try:
        module(made, "network_namespace", name=["red"])
        shell(made, RED)
        yield made
    finally:
        made.halt()
        shutil.rmtree(directory, ignore_errors=True)


def shell(node: VirtualNode, text: str) -> str:
    return node.run("sh", "-ec", text)


def module(node: VirtualNode, noun: str, **options: Any) -> dict[str, Any]:
    path = "PYTHONPATH=%s" % (CHECKOUT / ".cache" / "collections")
    result: dict[str, Any] = json.loads(
        node.run(path, sys.executable, "-c", MODULE, noun, json.dumps(options), check=False)
    )
    assert not result.get("failed"), result["msg"]
    return result


def look(node: VirtualNode, *names: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = module(node, "vrrp_info", **({"routers": names} if names else {}))["routers"]
    return found


def make(node: VirtualNode, name: str, interface: str, address: str, namespace: str | None = None) -> None:
    place = {"namespace": namespace} if namespace else {}
    options = {"interface": interface, "virtual_addresses": [{"address": address}], "advert_interval": 0.1, **place}
    module(node, "keepalived_instance", name=name, virtual_router_id=7, **options)
    inside = ["ip", "-n", namespace] if namespace else ["ip"]
    assert wait_for(lambda: address in node.run(*inside, "address"))


def kill(node: VirtualNode, name: str) -> None:
    shell(node, "kill -9 $(cat %s%s/vrrp.pid %s%s/keepalived.pid)" % (RUNTIME, name, RUNTIME, name))


def start(node: VirtualNode, text: str, options: str = "-n -l -P -f /run/k.conf", held: str = ADDRESS) -> None:
    """keepalived in red, started by hand in /run."""
    node.run("tee", "/run/k.conf", text=text)
    pids = "-p /run/k.pid -r /run/kv.pid"
    shell(node, "cd /run; setsid ip netns exec red keepalived %s %s > /run/k.log 2>&1 &" % (pids, options))
    assert wait_for(lambda: held in node.ip("-n", "red", "address")), node.run("cat", "/run/k.log")


def written(address: str = ADDRESS, more: str = "", name: str = "VR", interface: str = "ha-1") -> str:
    return INSTANCE % {"name": name, "interface": interface, "more": more, "address": address}


def test_a_router_whose_keepalived_was_killed_is_active_while_its_addresses_are_there(node: VirtualNode) -> None:
    make(node, "gw", "ha-1", ADDRESS, "red")
    kill(node, "gw")
    for found in (look(node), look(node, "red")):
        (router,) = found
        assert (router["name"], router["state"], router["maker"]) == ("red", "active", "linuxbridge.vrrp")
        assert router["instances"][0]["faults"] == ["keepalived is not running"]


def test_a_killed_keepalived_of_the_nodes_own_namespace_is_not_forgotten(node: VirtualNode) -> None:
    shell(node, "ip link add va type veth peer name vb; ip link set va up; ip link set vb up")
    shell(node, "ip address add 198.51.100.3/24 dev va")
    make(node, "one", "va", "198.51.100.9/24")
    kill(node, "one")
    (router,) = look(node)
    assert (router["namespace"], router["state"]) == (None, "active")
    assert router["instances"][0]["faults"] == ["keepalived is not running"]


def test_a_router_whose_namespace_lost_its_name_is_found_by_its_process(node: VirtualNode) -> None:
    make(node, "gw", "ha-1", ADDRESS, "red")
    node.ip("netns", "delete", "red")
    for found in (look(node), look(node, "red")):
        (router,) = found
        pids = router["keepalived"][0]["pids"]
        assert (router["name"], router["state"], len(pids)) == ("red", "active", 2)
        assert router["namespace"] in ["/proc/%d/ns/net" % pid for pid in pids]
        assert ADDRESS in node.run("nsenter", "--net=" + router["namespace"], "ip", "address")


def test_a_router_of_a_container_is_none_of_the_node(node: VirtualNode, tmp_path: Path) -> None:
    """Its namespaces have no name on the node, either."""
    start(node, written())
    node.run("touch", "--date=@1700000000.5", "/run/k.conf")
    (file,) = look(node)[0]["keepalived"]
    assert (file["configuration"], file["written"]) == ("/run/k.conf", 1700000000.5)
    outside = Node(str(tmp_path), Layout(settings=str(tmp_path))).routers()
    assert "/run/k.conf" not in [file["configuration"] for one in outside for file in one["keepalived"]]


def test_a_namespace_with_the_name_of_an_instance_elsewhere_is_not_its(node: VirtualNode) -> None:
    make(node, "gw", "ha-1", ADDRESS, "red")
    node.ip("netns", "add", "qrouter-gw")
    assert [(one["namespace"], one["ha"], one["maker"], one["state"]) for one in look(node)] == [
        ("qrouter-gw", False, None, None),
        ("red", True, "linuxbridge.vrrp", "active"),
    ]


def test_of_several_instances_the_record_is_that_of_the_one_that_is_active(node: VirtualNode) -> None:
    make(node, "one", "ha-1", ADDRESS, "red")
    make(node, "two", "qr-1", "198.51.100.9/24", "red")
    node.ip("-n", "red", "link", "set", "ha-1", "down")
    assert wait_for(lambda: node.run("cat", RUNTIME + "one/state") == "FAULT\n")
    (router,) = look(node)
    assert (router["state"], router["recorded_state"]) == ("active", "active")
    assert router["since"] is not None


@pytest.mark.parametrize(
    ("text", "held", "named"),
    [
        ("include /run/more/*.conf\n", ADDRESS, "include"),
        ("$VIP=%s\n%s" % (ADDRESS, written("$VIP")), ADDRESS, "$VIP"),
        ("$P=77\n" + written("169.254.0.8/24", "priority $P"), "169.254.0.8/24", "$P"),
        (written("@one 169.254.0.7/24\n@two 169.254.0.8/24"), ADDRESS, "@one, @two"),
        (written(more="use_vmac"), ADDRESS, "use_vmac"),
    ],
    ids=["include", "address", "priority", "condition", "vmac"],
)
def test_what_is_not_understood_is_named_and_the_state_is_not_guessed(
    node: VirtualNode, text: str, held: str, named: str
) -> None:
    shell(node, "mkdir /run/more")
    node.run("tee", "/run/more/a.conf", text=written())
    start(node, text, "-n -l -P -i one -f /run/k.conf", held)
    (router,) = look(node)
    assert router["keepalived"][0]["problem"] == "it has what is not understood here: " + named
    assert (router["ha"], router["state"]) == (True, None)


@pytest.mark.parametrize("options", ["-nlPf /run/k.conf", "-nlPf/run/k.conf", "-n -l -P -f k.conf"])
def test_a_process_is_read_with_its_own_configuration(node: VirtualNode, options: str) -> None:
    start(node, written(), options)
    (router,) = look(node)
    assert (router["keepalived"][0]["configuration"], router["state"]) == ("/run/k.conf", "active")


def test_the_loopback_has_addresses_and_can_be_tracked(node: VirtualNode) -> None:
    text = written(ADDRESS + " dev lo", "track_interface {\n lo\n }")
    start(node, text)
    (router,) = look(node)
    assert (router["state"], router["instances"][0]["faults"]) == ("active", [])
    assert "lo" not in [device["name"] for device in router["devices"]]


def test_an_instance_is_in_fault_with_what_it_tracks_at_weight_0(node: VirtualNode) -> None:
    start(node, written(more="track_interface {\n qr-1 weight 0\n }"))
    node.ip("-n", "red", "link", "set", "qr-1", "down")
    assert wait_for(lambda: ADDRESS not in node.ip("-n", "red", "address"))
    (router,) = look(node)
    assert (router["state"], router["instances"][0]["faults"]) == ("fault", ["qr-1 is down"])


def test_an_instance_is_in_fault_with_another_one_of_its_sync_group(node: VirtualNode) -> None:
    second = written("198.51.100.9/24", name="V2", interface="qr-1")
    start(node, written() + second + "vrrp_sync_group G {\n group {\n VR\n V2\n }\n}\n")
    node.ip("-n", "red", "link", "set", "qr-1", "down")
    assert wait_for(lambda: ADDRESS not in node.ip("-n", "red", "address"))
    (router,) = look(node)
    found = {one["name"]: (one["state"], one["faults"]) for one in router["instances"]}
    assert found == {"VR": ("fault", ["V2 of its sync group is in fault"]), "V2": ("fault", ["qr-1 is down"])}
