"""What the nodes are in the end, and what they do for the networks."""

from __future__ import annotations

import json

import pytest

#: The addresses that are on the active node only.
OFFICE = {
    "169.254.0.21/24",
    "198.51.100.1/24",
    "fd00:198:51:100::1/64",
    "203.0.113.21/24",
    "203.0.113.101/32",
    "fd00:203:0:113::21/64",
}
PLANT = {"169.254.0.252/24", "192.0.2.1/24", "203.0.113.22/24"}
#: Tells whoever connects the address that it sees.
MIRROR = """
import socket
with socket.create_server(("203.0.113.1", 7000)) as server:
    while True:
        connection, peer = server.accept()
        connection.sendall(peer[0].encode())
        connection.close()
"""
REACH = "import socket; print(socket.create_connection(('%s', 22), 5).recv(3).decode())"
LOOK = "import socket; print(socket.create_connection(('203.0.113.1', 7000), 5, ('%s', 0)).recv(99).decode())"


@pytest.fixture(scope="module")
def outside(hosts):
    """The host outside, with the mirror."""
    host = hosts("outside")["outside1"]
    host.check_output("systemd-run --quiet --collect --unit=mirror python3 -c %s", MIRROR)
    host.check_output("timeout 10 sh -c 'until ss -lnt | grep -q :7000; do sleep 0.1; done'")
    yield host
    host.check_output("systemctl stop mirror")


@pytest.fixture(scope="module")
def client(hosts):
    """A host in the office."""
    return hosts("clients")["client1"]


def addresses(host, namespace):
    links = [link for link in json.loads(host.check_output("ip -n %s -j address show", namespace)) if link]
    return {"%s/%d" % (entry["local"], entry["prefixlen"]) for link in links for entry in link["addr_info"]}


@pytest.mark.parametrize(("router", "virtual"), [("office", OFFICE), ("plant", PLANT)])
def test_exactly_one_of_three_nodes_has_the_addresses_and_the_others_none_of_them(hosts, router, virtual):
    there = [addresses(host, "qrouter-" + router) & virtual for host in hosts("node_routers").values()]
    assert sorted(map(len, there)) == [0, 0, len(virtual)]


@pytest.mark.parametrize(
    "unit", ["linuxbridge-vrrp", "linuxbridge-vrrp-qrouter-office", "linuxbridge-vrrp-qrouter-plant"]
)
def test_every_unit_runs_now_and_after_a_reboot(hosts, unit):
    services = [host.service(unit) for host in hosts("node_routers").values()]
    assert [(service.is_running, service.is_enabled) for service in services] == [(True, True)] * 3


def test_no_daemon_has_a_mount_namespace_of_its_own(hosts):
    # systemd makes one by reading all mounts many times, and each router's network namespace is two of them.
    look = "for pid in $(ip netns pids qrouter-office) 1; do readlink /proc/$pid/ns/mnt; done"
    found = {name: set(host.check_output(look).split()) for name, host in hosts("node_routers").items()}
    assert {name: len(namespaces) for name, namespaces in found.items()} == dict.fromkeys(found, 1)


def test_no_unit_of_any_node_has_failed(hosts):
    found = {name: host.check_output("systemctl --failed --no-legend") for name, host in hosts("node_routers").items()}
    assert found == dict.fromkeys(found, "")


@pytest.mark.parametrize("path", ["node.json", "node.sh", "routers/qrouter-office.sh", "instances/qrouter-office.conf"])
def test_nobody_but_root_reads_what_may_have_passwords(hosts, path):
    files = [host.file("/etc/linuxbridge-vrrp/" + path) for host in hosts("node_routers").values()]
    assert [(file.user, file.mode & 0o007) for file in files] == [("root", 0)] * 3


@pytest.mark.parametrize("address", ["203.0.113.101", "fd00:198:51:100::10"])
def test_the_host_outside_reaches_the_floating_ip_and_over_ipv6_the_host_itself(outside, address):
    # A router answers pings of a floating IP itself, but has no SSH.
    assert outside.check_output("python3 -c %s", REACH % address) == "SSH"


def test_a_host_without_a_floating_ip_is_seen_as_the_gateway(outside, client):
    assert client.check_output("python3 -c %s", LOOK % "198.51.100.11") == "203.0.113.21"


def test_a_host_with_a_floating_ip_is_seen_as_that(outside, client):
    assert client.check_output("python3 -c %s", LOOK % "198.51.100.10") == "203.0.113.101"


def test_a_connection_through_source_nat_has_lived_through_failover_and_reboot(client):
    asked = int(client.file("/run/stream").content_string)
    client.check_output("sleep 2")
    assert client.service("stream").is_running
    assert int(client.file("/run/stream").content_string) > asked > 100


def test_only_the_active_node_advertises_the_office_over_ipv6(hosts):
    found = {}
    for name, host in hosts("node_routers").items():
        pids = host.check_output("ip netns pids qrouter-office").split()
        programs = [host.file("/proc/%s/comm" % pid).content_string.strip() for pid in pids]
        found[name] = ("radvd" in programs, "198.51.100.1/24" in addresses(host, "qrouter-office"))
    assert sorted(found.values()) == [(False, False), (False, False), (True, True)]
