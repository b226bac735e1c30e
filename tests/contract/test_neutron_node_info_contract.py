# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same node, once told by the fake and once made in a real namespace and read by the module itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.neutron_node import node_facts
from ansible_collections.linuxbridge.vrrp.tests.fakes.fake_neutron_node import FakeNode

ROOT = Path(__file__).parents[2]
SALT = "0123456789abcdef0123456789abcdef"
MODULE = "ansible_collections.linuxbridge.vrrp.plugins.modules.neutron_node_info"

#: name -> (enabled, carrier, MTU, addresses); a name has the process id in the real node.
INTERFACES = {
    "eth0": (True, True, 1500, ["192.0.2.11/24", "2001:db8::11/64"]),
    "eth1": (False, False, 1500, []),
    "eth2": (True, True, 1600, ["198.51.100.11/24"]),
    "eth3": (True, False, 1500, []),
}

FILES = {
    "neutron.conf": (
        "[DEFAULT]\ncore_plugin = ml2\ntransport_url = rabbit://openstack:t0psecret@controller1:5672/\n"
        "l3_ha_network_name = provider\nl3_ha_net_cidr = 169.254.192.0/18\nha_vrrp_advert_int = 7\n"
        "[experimental]\nlinuxbridge = true\n"
    ),
    "plugins/ml2/ml2_conf.ini": "[ml2]\nmechanism_drivers = linuxbridge,l2population\npath_mtu = 0\n",
    "plugins/ml2/linuxbridge_agent.ini": "[vxlan]\nl2_population = true\nudp_dstport = 4789\n",
    "l3_agent.ini": "[DEFAULT]\nha_vrrp_advert_int = 1\nha_vrrp_advert_int = 3\nha_vrrp_auth_password = hunter#2\n",
    "metadata_agent.ini": "[DEFAULT]\nmetadata_proxy_shared_secret = metas3cret\n",
}


class FakeHost:
    def __init__(self) -> None:
        self.directory = "/etc/neutron"
        self.node = FakeNode(interfaces=dict(INTERFACES))

    def write(self, name: str, text: bytes) -> None:
        try:
            self.node.files["%s/%s" % (self.directory, name)] = text.decode()
        except UnicodeDecodeError:
            self.node.files["%s/%s" % (self.directory, name)] = EdgeError("it is not text in UTF-8")

    def make_directory(self, name: str) -> None:
        self.node.files["%s/%s" % (self.directory, name)] = EdgeError("Is a directory")

    def facts(self) -> dict[str, Any]:
        return node_facts(self.node, self.directory, SALT)


class RealHost:
    def __init__(self, directory: Path) -> None:
        self.directory = str(directory)
        self.namespace = "lbv-node-info-%d" % os.getpid()
        self._ip("netns", "add", self.namespace)

    def make_interfaces(self) -> None:
        for name, (enabled, carrier, mtu, addresses) in INTERFACES.items():
            peer = "tap" + name
            self._inside("link", "add", name, "mtu", str(mtu), "type", "veth", "peer", "name", peer)
            for address in addresses:
                self._inside("address", "add", address, "dev", name, *(["nodad"] if ":" in address else []))
            if enabled:
                self._inside("link", "set", name, "up")
            if carrier:
                self._inside("link", "set", peer, "up")

    def remove(self) -> None:
        self._ip("netns", "del", self.namespace)

    def write(self, name: str, text: bytes) -> None:
        path = Path(self.directory, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)

    def make_directory(self, name: str) -> None:
        Path(self.directory, name).mkdir(parents=True)

    def facts(self) -> dict[str, Any]:
        answer = self.run({"config_directory": self.directory, "salt": SALT})
        assert answer["changed"] is False
        return answer["node"]

    def run(self, arguments: dict[str, Any]) -> dict[str, Any]:
        done = subprocess.run(
            ["ip", "netns", "exec", self.namespace, sys.executable, "-m", MODULE],
            input=json.dumps({"ANSIBLE_MODULE_ARGS": {**arguments, "_ansible_check_mode": True}}),
            env={**os.environ, "PYTHONPATH": str(ROOT / ".cache/collections")},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return json.loads(done.stdout)

    def _ip(self, *arguments: str) -> None:
        subprocess.run(["ip", *arguments], check=True, timeout=10)

    def _inside(self, *arguments: str) -> None:
        self._ip("-n", self.namespace, *arguments)


@pytest.fixture(params=["fake", "real"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FakeHost | RealHost]:
    if request.param == "fake":
        yield FakeHost()
        return
    if os.geteuid() != 0:
        pytest.skip("a namespace with interfaces needs root")
    real = RealHost(tmp_path)
    try:
        real.make_interfaces()
        yield real
    finally:
        real.remove()


@pytest.fixture
def configured(host: FakeHost | RealHost) -> FakeHost | RealHost:
    for name, text in FILES.items():
        host.write(name, text.encode())
    return host


@pytest.mark.parametrize(("status", "usable"), [(0, True), (4, False), (127, None)])
def test_ebtables_is_usable_when_it_deletes_what_the_agent_deletes(status: int, usable: bool | None) -> None:
    fake = FakeHost()
    fake.node.ebtables = status
    assert fake.facts()["ebtables_usable"] is usable


def test_interfaces_are_told_with_state_mtu_and_addresses(host: FakeHost | RealHost) -> None:
    found = {interface["name"]: interface for interface in host.facts()["interfaces"]}
    assert {
        name: (each["enabled"], each["carrier"], each["mtu"], each["addresses"]) for name, each in found.items()
    } == INTERFACES


def test_a_connected_network_is_a_route_by_its_interface(host: FakeHost | RealHost) -> None:
    assert host.facts()["routes"] == [
        {"network": "192.0.2.0/24", "interface": "eth0"},
        {"network": "198.51.100.0/24", "interface": "eth2"},
    ]


def test_a_bare_host_has_no_daemons_and_nothing_to_note(host: FakeHost | RealHost) -> None:
    facts = host.facts()
    assert facts["daemons"] == dict.fromkeys(("server", "l3_agent", "linuxbridge_agent", "metadata_agent"))
    assert (facts["noted_options"], facts["unreadable"]) == ([], [])
    # The real one sees the machine's processes, so those of a lab's hosts too.
    assert isinstance(host, RealHost) or facts["ha_routers"] == 0


def test_options_are_told_as_the_daemon_reads_them(configured: FakeHost | RealHost) -> None:
    daemons = configured.facts()["daemons"]
    assert daemons["server"] == {
        "l3_ha": None,
        "max_l3_agents_per_router": None,
        "l3_ha_net_cidr": "169.254.192.0/18",
        "global_physnet_mtu": None,
        "mechanism_drivers": "linuxbridge,l2population",
        "path_mtu": "0",
        "overlay_ip_version": None,
    }
    assert daemons["l3_agent"]["ha_vrrp_advert_int"] == "3"
    assert daemons["linuxbridge_agent"]["l2_population"] == "true"
    assert daemons["linuxbridge_agent"]["udp_dstport"] == "4789"


def test_a_daemons_own_file_overrides_neutron_conf_and_without_it_neutron_conf_counts(
    configured: FakeHost | RealHost,
) -> None:
    configured.write("l3_agent.ini", b"[DEFAULT]\n")
    assert configured.facts()["daemons"]["l3_agent"]["ha_vrrp_advert_int"] == "7"


def test_a_mapping_of_another_file_is_no_mapping_of_the_agents_own(configured: FakeHost | RealHost) -> None:
    text = "[linux_bridge]\nphysical_interface_mappings = %s\n"
    configured.write("plugins/ml2/ml2_conf.ini", (text % "physnet2:eth3").encode())
    agent = configured.facts()["daemons"]["linuxbridge_agent"]
    assert agent["physical_interface_mappings"] == "physnet2:eth3"
    assert agent["physical_interface_mappings_of_its_file"] is None
    configured.write("plugins/ml2/linuxbridge_agent.ini", (text % "provider:eth1").encode())
    agent = configured.facts()["daemons"]["linuxbridge_agent"]
    assert agent["physical_interface_mappings"] == agent["physical_interface_mappings_of_its_file"] == "provider:eth1"


def test_no_secret_is_told_only_what_is_wrong_with_it(configured: FakeHost | RealHost) -> None:
    facts = configured.facts()
    assert len(facts["daemons"]["l3_agent"]["ha_vrrp_auth_password_problems"]) == 1
    assert len(facts["daemons"]["l3_agent"]["ha_vrrp_auth_password_fingerprint"]) == 64
    assert facts["daemons"]["metadata_agent"] == {"nova_metadata_host": None, "metadata_proxy_shared_secret": "set"}
    told = json.dumps(facts)
    assert "hunter" not in told and "metas3cret" not in told and "t0psecret" not in told and SALT not in told


def test_misnamed_options_and_those_of_some_releases_are_told_with_their_line(configured: FakeHost | RealHost) -> None:
    path = configured.directory + "/neutron.conf"
    assert configured.facts()["noted_options"] == [
        {"path": path, "line": 4, "section": "DEFAULT", "option": "l3_ha_network_name"},
        {"path": path, "line": 8, "section": "experimental", "option": "linuxbridge"},
    ]


def test_files_that_cannot_be_read_are_told_and_the_others_are_read(configured: FakeHost | RealHost) -> None:
    configured.write("l3_agent.ini", b"\xff\xfe\x00")
    configured.write("neutron.conf", b"core_plugin = ml2\n")
    facts = configured.facts()
    assert {file["path"].rsplit("/", 1)[1] for file in facts["unreadable"]} == {"l3_agent.ini", "neutron.conf"}
    assert facts["daemons"]["l3_agent"] is None
    assert facts["daemons"]["linuxbridge_agent"]["udp_dstport"] == "4789"


def test_a_directory_in_the_place_of_a_file_is_unreadable(host: FakeHost | RealHost) -> None:
    host.make_directory("l3_agent.ini")
    assert [file["reason"] for file in host.facts()["unreadable"]] == ["Is a directory"]


def test_every_package_is_told_even_if_it_is_not_there(host: FakeHost | RealHost) -> None:
    packages = host.facts()["packages"]
    assert set(packages) == {"neutron", "linuxbridge_agent", "keepalived"}
    assert all(set(versions) == {"installed", "candidate"} for versions in packages.values())


@pytest.mark.skipif(os.geteuid() != 0, reason="a namespace needs root")
def test_a_short_salt_is_refused(tmp_path: Path) -> None:
    real = RealHost(tmp_path)
    try:
        answer = real.run({"salt": "short"})
    finally:
        real.remove()
    assert answer["failed"] is True
    assert "16 characters" in answer["msg"]


def test_versions_and_kernel_settings_are_told() -> None:
    fake = FakeHost()
    fake.node.packages = {"neutron-common": (None, "2:21.0.0-7+deb12u1"), "keepalived": ("1:2.2.7-1", "1:2.2.8-1")}
    fake.node.files["/proc/sys/net/bridge/bridge-nf-call-iptables"] = "1\n"
    facts = fake.facts()
    assert facts["packages"] == {
        "neutron": {"installed": None, "candidate": "2:21.0.0-7+deb12u1"},
        "linuxbridge_agent": {"installed": None, "candidate": None},
        "keepalived": {"installed": "1:2.2.7-1", "candidate": "1:2.2.8-1"},
    }
    assert facts["bridge_filter"] == {"iptables": 1, "ip6tables": None, "available": True}


@pytest.mark.parametrize("available", [True, False])
def test_a_filter_that_is_not_loaded_is_available_if_its_module_is(available: bool) -> None:
    fake = FakeHost()
    fake.node.modules = {"br_netfilter"} if available else set()
    assert fake.facts()["bridge_filter"] == {"iptables": None, "ip6tables": None, "available": available}
