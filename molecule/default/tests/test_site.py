"""What the guide leaves on the hosts, seen on the hosts themselves."""

from __future__ import annotations

import json

import pytest

NETWORK_NODES = ["network1", "network2"]
AGENT_NODES = [*NETWORK_NODES, "compute1", "compute2"]
#: Of the guide's router2: gateways of both subnets, and the address on the provider network.
ROUTER2_ADDRESSES = {"198.51.100.1", "fd00:198:51:100::1", "203.0.113.21", "fd00:203:0:113::21"}


def ip_json(host, arguments):
    return [entry for entry in json.loads(host.check_output("ip -j " + arguments) or "[]") if entry]


def namespaces(host):
    return [entry["name"] for entry in ip_json(host, "netns list")]


def addresses(host, namespace):
    links = ip_json(host, "-n %s address show" % namespace)
    return {address["local"] for link in links for address in link["addr_info"]}


def routers(host):
    return {name: addresses(host, name) for name in namespaces(host) if name.startswith("qrouter-")}


def options(host, path):
    """Lines of a configuration file that say something."""
    return [line for line in host.file(path).content_string.splitlines() if line and not line.startswith("#")]


def test_exactly_one_node_has_the_addresses_of_router2(hosts):
    found = {
        (node, namespace): ROUTER2_ADDRESSES & there
        for node, host in hosts("network_nodes").items()
        for namespace, there in routers(host).items()
    }
    assert [there for there in found.values() if there] == [ROUTER2_ADDRESSES]


def test_router2_is_on_both_network_nodes_and_router1_on_the_first_only(hosts):
    first, second = (set(routers(hosts(node)[node])) for node in NETWORK_NODES)
    assert len(second) == 1
    assert second < first
    assert len(first) == 2


@pytest.mark.parametrize("node", AGENT_NODES)
def test_no_vxlan_device_is_without_a_multicast_group(hosts, node):
    links = ip_json(hosts(node)[node], "-d link show type vxlan")
    assert links
    assert [link["ifname"] for link in links if "group" not in link["linkinfo"]["info_data"]] == []


@pytest.mark.parametrize("node", AGENT_NODES)
def test_layer_2_population_is_off(hosts, node):
    assert "l2_population = False" in options(hosts(node)[node], "/etc/neutron/plugins/ml2/linuxbridge_agent.ini")


def test_the_server_makes_routers_ha_and_has_no_population_driver(hosts):
    controller = hosts("controller1")["controller1"]
    assert "l3_ha = True" in options(controller, "/etc/neutron/neutron.conf")
    drivers = [
        line for line in options(controller, "/etc/neutron/plugins/ml2/ml2_conf.ini") if "mechanism_drivers" in line
    ]
    assert drivers == ["mechanism_drivers = linuxbridge"]


def test_the_old_neutron_conf_of_the_server_is_kept(hosts):
    controller = hosts("controller1")["controller1"]
    backups = controller.check_output("ls /etc/neutron/neutron.conf?*").splitlines()
    assert len(backups) == 1
    assert "l3_ha = True" not in options(controller, backups[0])
    assert controller.file(backups[0]).mode & 0o007 == 0


@pytest.mark.parametrize("unit", ["neutron-linuxbridge-agent", "neutron-l3-agent"])
def test_the_agents_of_the_new_node_run_now_and_after_a_reboot(hosts, unit):
    service = hosts("network2")["network2"].service(unit)
    assert service.is_running
    assert service.is_enabled
    assert not service.is_masked


@pytest.mark.parametrize("path", ["/etc/neutron/neutron.conf", "/etc/neutron/l3_agent.ini"])
def test_only_neutron_reads_the_secrets_of_the_new_node(hosts, path):
    file = hosts("network2")["network2"].file(path)
    assert (file.mode, file.user, file.group) == (0o640, "root", "neutron")


@pytest.mark.parametrize(("node", "address"), [("network1", "10.0.1.21"), ("network2", "10.0.1.22")])
def test_the_failover_left_the_overlay_interface_as_it_was(hosts, node, address):
    (link,) = ip_json(hosts(node)[node], "-4 address show dev eth2")
    assert "UP" in link["flags"]
    assert [found["local"] for found in link["addr_info"]] == [address]


@pytest.mark.parametrize("address", ["203.0.113.16", "203.0.113.17", "fd00:198:51:100:f816:3eff:fe00:17"])
def test_the_instances_answer_from_outside(hosts, address):
    answer = hosts("outside1")["outside1"].run("ping -c 3 -i 0.2 -W 2 %s", address)
    assert answer.rc == 0, answer.stdout
