# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What preflight says of a site: one claim a finding, and a healthy site of which nothing is said."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.linuxbridge.vrrp.plugins.filter.site_findings import (
    findings_table,
    overlapping,
    site_findings,
    site_ha_network_is_settled,
    site_neutron_release,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.vrrp_password import summary

ROOT = Path(__file__).parents[4]
GROUPS = {
    "controllers": ["controller1"],
    "network_nodes": ["network1", "network2", "network3"],
    "compute_nodes": ["compute1"],
}
SALT = "a salt of this run of the tests"
NODES = [*GROUPS["network_nodes"], *GROUPS["compute_nodes"]]


with open(ROOT / "roles/preflight/meta/argument_specs.yml", encoding="utf-8") as _file:
    ACCEPTABLE = yaml.safe_load(_file)["argument_specs"]["main"]["options"]["preflight_accepted"]["choices"]


def _interface(name: str, *addresses: str, **differing: Any) -> dict[str, Any]:
    usual = {"name": name, "enabled": True, "carrier": True, "mtu": 1500, "master": "", "addresses": list(addresses)}
    return {**usual, **differing}


def _host(number: int) -> dict[str, Any]:
    password = summary("s3cret", SALT)
    agent = {
        "ha_vrrp_advert_int": None,
        "ha_vrrp_auth_type": None,
        "ha_vrrp_auth_password_fingerprint": password["fingerprint"],
        "ha_vrrp_auth_password_problems": password["problems"],
    }
    node = {
        "python": "3.11.2",
        "operating_system": {"name": "Debian GNU/Linux 12 (bookworm)", "family": "debian"},
        "interfaces": [
            _interface("eth0", "192.0.2.%d/24" % number),
            _interface("eth1"),
            _interface("eth2", "198.51.100.%d/24" % number),
        ],
        "routes": [{"network": "192.0.2.0/24", "interface": "eth0"}],
        "packages": {
            "neutron": {"installed": "2:21.0.0-7+deb12u1", "candidate": "2:21.0.0-7+deb12u1"},
            "linuxbridge_agent": {"installed": "2:21.0.0-7+deb12u1", "candidate": "2:21.0.0-7+deb12u1"},
            "keepalived": {"installed": "1:2.2.7-1+b2", "candidate": "1:2.2.7-1+b2"},
        },
        "bridge_filter": {"available": True, "iptables": 1, "ip6tables": 1},
        "ebtables_usable": True,
        "ha_routers": 0,
        "daemons": {
            "server": {"mechanism_drivers": "linuxbridge"},
            "l3_agent": agent,
            "linuxbridge_agent": {"l2_population": "false"},
        },
        "noted_options": [],
        "unreadable": [],
    }
    return {"wanted": {"overlay_interface": "eth2", "provider_interface": "eth1"}, "node": node, "failure": ""}


class Site:
    """A healthy site to spoil."""

    def __init__(self) -> None:
        names = [name for members in GROUPS.values() for name in members]
        self.hosts = {name: _host(number) for number, name in enumerate(names, start=11)}
        self.groups = copy.deepcopy(GROUPS)
        self.api: dict[str, Any] = {}
        self.accepted: list[str] = []
        self.agents: list[dict[str, Any]] = []

    def node(self, name: str) -> dict[str, Any]:
        return self.hosts[name]["node"]

    def want(self, *names: str, **wanted: Any) -> None:
        for name in names or self.hosts:
            self.hosts[name]["wanted"].update(wanted)

    def make_bare(self, name: str) -> None:
        node = self.node(name)
        for versions in node["packages"].values():
            versions["installed"] = None
        node["daemons"] = {"server": None, "l3_agent": None, "linuxbridge_agent": None}

    def findings(self) -> list[dict[str, Any]]:
        """All findings; whatever can stop a run can also be accepted."""
        found = site_findings(self.hosts, self.groups, self.api, self.accepted, self.agents)
        assert [each for each in found if each["severity"] == "error" and each["check"] not in ACCEPTABLE] == []
        return found

    def only(self) -> dict[str, Any]:
        """The one finding there is."""
        found = self.findings()
        assert len(found) == 1, found
        return found[0]

    def error(self) -> dict[str, Any]:
        """The one finding there is, which is an error."""
        assert self.only()["severity"] == "error"
        return self.only()


@pytest.fixture
def site() -> Site:
    return Site()


def test_nothing_is_said_of_a_healthy_site(site: Site) -> None:
    assert site.findings() == []


def test_a_bare_host_as_third_network_node_is_fine(site: Site) -> None:
    site.make_bare("network3")
    site.want(ha_vrrp_auth_password_fingerprint=summary("s3cret", SALT)["fingerprint"])
    assert site.findings() == []


# hosts


def test_one_network_node_is_an_error(site: Site) -> None:
    del site.hosts["network2"], site.hosts["network3"]
    site.groups["network_nodes"] = ["network1"]
    assert site.error()["check"] == "too_few_network_nodes"
    assert "has 1" in site.only()["what"]


def test_no_network_node_is_the_same_error(site: Site) -> None:
    site.groups["network_nodes"] = []
    assert (site.only()["severity"], site.only()["check"]) == ("error", "too_few_network_nodes")


def test_two_network_nodes_are_a_warning(site: Site) -> None:
    site.groups["network_nodes"] = ["network1", "network2"]
    assert (site.only()["severity"], site.only()["check"]) == ("warning", "only_two_network_nodes")
    assert site.only()["hosts"] == ["network1", "network2"]


def test_a_site_without_controllers_is_an_error(site: Site) -> None:
    site.groups["controllers"] = []
    assert site.error()["check"] == "no_controller"


def test_a_host_that_does_not_answer_is_a_finding_with_the_reason(site: Site) -> None:
    site.hosts["network2"].update(node=None, failure="Connection refused")
    assert (site.error()["check"], site.error()["hosts"]) == ("host_not_examined", ["network2"])
    assert "Connection refused" in site.only()["what"]


def test_a_host_lost_earlier_in_the_run_is_an_error(site: Site) -> None:
    site.hosts["network2"] = {}
    assert (site.only()["severity"], site.only()["check"]) == ("error", "host_not_examined")


def test_a_host_left_out_with_limit_is_an_error_and_still_counts_as_network_node(site: Site) -> None:
    del site.hosts["network2"]
    assert site.error()["check"] == "host_left_out"
    site.accepted = ["host_left_out"]
    assert (site.only()["severity"], site.only()["check"]) == ("warning", "host_left_out")


def test_overlay_addresses_in_different_networks_are_an_error(site: Site) -> None:
    site.node("compute1")["interfaces"][2]["addresses"] = ["198.51.101.5/24"]
    assert site.error()["check"] == "overlay_routed"
    assert "198.51.100.0/24: network1, network2, network3; 198.51.101.0/24: compute1" in site.only()["what"]


def test_the_overlay_address_that_the_inventory_names_is_the_one_that_counts(site: Site) -> None:
    site.node("compute1")["interfaces"][2]["addresses"].insert(0, "198.51.101.5/24")
    assert site.error()["check"] == "overlay_routed"
    site.want("compute1", overlay_address="198.51.100.15")
    assert site.findings() == []


def test_the_address_of_an_agents_tunnels_is_not_changed_unasked(site: Site) -> None:
    interface, agent = site.node("compute1")["interfaces"][2], site.node("compute1")["daemons"]["linuxbridge_agent"]
    interface["addresses"] = ["198.51.100.200/24", "198.51.100.15/24"]
    agent["local_ip"] = "198.51.100.15"
    assert site.findings() == []
    site.want("compute1", overlay_address="198.51.100.200/24")
    assert site.error()["check"] == "local_ip_changes"
    assert "local_ip is 198.51.100.15, and a run would set 198.51.100.200, of eth2" in site.only()["what"]
    site.want("compute1", overlay_address="")
    agent["local_ip"] = "192.0.2.15"
    assert site.error()["check"] == "local_ip_changes"


def test_a_group_that_no_agents_can_be_on_is_an_error(site: Site) -> None:
    for group in ("compute_nodes", "network_nodes", ""):
        site.want(dhcp_metadata_on=group)
        assert site.findings() == []
    site.want(dhcp_metadata_on="network_node")
    assert site.error()["check"] == "dhcp_metadata_on_unknown"
    assert site.only()["hosts"] == NODES


def test_an_agent_that_neutron_knows_by_another_name_is_a_warning(site: Site) -> None:
    site.agents = [{"binary": "neutron-linuxbridge-agent", "host": name} for name in NODES]
    assert site.findings() == []
    site.agents[-1]["host"] = "compute1.example.com"
    assert (site.only()["severity"], site.only()["check"]) == ("warning", "agent_unknown")
    assert site.only()["hosts"] == ["compute1"]
    site.want("compute1", agent_node_host="compute1.example.com")
    assert site.findings() == []
    site.agents.pop(0)
    site.node("network1")["daemons"]["linuxbridge_agent"] = None
    assert [each for each in site.findings() if each["check"] == "agent_unknown"] == []


@pytest.mark.parametrize("kind", ["AH", "PASS", "", None])
def test_a_kind_of_authentication_that_neutron_knows_is_fine(site: Site, kind: str | None) -> None:
    site.want(ha_vrrp_auth_type=kind)
    assert site.findings() == []


def test_another_kind_of_authentication_is_an_error(site: Site) -> None:
    site.want(ha_vrrp_auth_type="PLAIN")
    assert site.error()["check"] == "vrrp_auth_type_unknown"


@pytest.mark.parametrize(
    ("mappings", "conflict"),
    [
        ("provider:eth0", "provider:eth0"),
        ("public:eth1", "public:eth1"),
        ("public:eth0, provider : eth1", "provider : eth1"),
        ("provider:eth1,public:eth0", None),
        ("public:eth0", None),
    ],
)
def test_a_mapping_that_keeps_the_agent_from_starting_is_an_error(
    site: Site, mappings: str, conflict: str | None
) -> None:
    site.want("compute1", physical_network="provider")
    agent = site.node("compute1")["daemons"]["linuxbridge_agent"]
    agent["physical_interface_mappings"] = agent["physical_interface_mappings_of_its_file"] = mappings
    if conflict is None:
        assert site.findings() == []
        return
    assert site.error()["check"] == "provider_mapping_conflicts"
    assert "has %s, and the inventory wants provider:eth1;" % conflict in site.only()["what"]


@pytest.mark.parametrize(
    ("mappings", "own", "hidden"),
    [
        ("physnet2:eth3", None, "physnet2:eth3"),
        ("provider:eth1, physnet2:eth3", None, "physnet2:eth3"),
        ("provider:eth2", None, "provider:eth2"),
        ("provider:eth1", None, None),
        ("provider:eth1,physnet2:eth3", "provider:eth1,physnet2:eth3", None),
        (None, None, None),
    ],
)
def test_mappings_that_another_file_has_are_not_hidden(
    site: Site, mappings: str | None, own: str | None, hidden: str | None
) -> None:
    site.want("compute1", physical_network="provider")
    agent = site.node("compute1")["daemons"]["linuxbridge_agent"]
    agent["physical_interface_mappings"], agent["physical_interface_mappings_of_its_file"] = mappings, own
    if hidden is None:
        assert site.findings() == []
        return
    assert site.error()["check"] == "provider_mapping_hidden"
    assert "physical_interface_mappings has %s, but not in" % hidden in site.only()["what"]


@pytest.mark.parametrize("driver", ["noop", "neutron.agent.firewall.NoopFirewallDriver"])
def test_a_firewall_that_lets_all_pass_is_not_turned_on_unasked(site: Site, driver: str) -> None:
    options = site.node("compute1")["daemons"]["linuxbridge_agent"]
    options["firewall_driver"] = "iptables"
    assert site.findings() == []
    options["firewall_driver"] = driver
    assert site.error()["check"] == "firewall_driver_changes"
    assert driver in site.only()["what"]


@pytest.mark.parametrize(
    ("host", "daemon", "wanted"),
    [
        ("network1", "l3_agent", {}),
        ("compute1", "linuxbridge_agent", {}),
        ("compute1", "metadata_agent", {"metadata": True}),
    ],
)
def test_agents_that_are_to_come_and_would_upgrade_the_others_are_an_error(
    site: Site, host: str, daemon: str, wanted: dict[str, Any]
) -> None:
    site.want(host, **wanted)
    site.node(host)["packages"]["neutron"]["candidate"] = "2:21.0.0-7+deb12u2"
    site.node(host)["daemons"]["metadata_agent"] = {"nova_metadata_host": "controller1"}
    assert site.findings() == []
    site.node(host)["daemons"][daemon] = None
    # Without an L3 agent it has no password either.
    found = [one for one in site.findings() if one["check"] != "vrrp_options_differ"]
    assert [(one["severity"], one["check"]) for one in found] == [("error", "agents_would_upgrade")]
    assert "lacks (%s)" % daemon in found[0]["what"]


def test_an_unreadable_file_is_an_error_that_names_it(site: Site) -> None:
    site.node("network1")["unreadable"] = [{"path": "/etc/neutron/l3_agent.ini", "reason": "Permission denied"}]
    assert site.error()["check"] == "file_unreadable"
    assert "/etc/neutron/l3_agent.ini" in site.only()["what"]


def test_python_before_3_9_is_an_error(site: Site) -> None:
    site.node("compute1")["python"] = "3.8.10"
    assert (site.error()["check"], site.error()["hosts"]) == ("python_too_old", ["compute1"])


@pytest.mark.parametrize("version", ["3.9.2", "3.10.0", "3.14.0rc1"])
def test_python_3_9_and_newer_is_fine(site: Site, version: str) -> None:
    site.node("compute1")["python"] = version
    assert site.findings() == []


@pytest.mark.parametrize(("name", "told"), [("Arch Linux", "Arch Linux"), ("", "a system without /etc/os-release")])
def test_another_operating_system_is_an_error(site: Site, name: str, told: str) -> None:
    site.node("compute1")["operating_system"] = {"name": name, "family": ""}
    assert site.only()["what"] == "%s is not supported" % told
    assert site.error()["check"] == "operating_system_unsupported"


def test_a_missing_variable_is_named(site: Site) -> None:
    site.want("network2", missing=["neutron_transport_url"])
    assert site.error()["check"] == "variable_missing"
    assert "neutron_transport_url" in site.only()["what"]


def test_what_the_metadata_agent_needs_may_be_in_its_file_already(site: Site) -> None:
    site.want("compute1", metadata_missing=["nova_metadata_host", "metadata_proxy_shared_secret"])
    configured = {"nova_metadata_host": "controller1", "metadata_proxy_shared_secret": "set"}
    site.node("compute1")["daemons"]["metadata_agent"] = configured
    assert site.findings() == []
    configured["metadata_proxy_shared_secret"] = ""
    assert site.only()["what"] == "the variable metadata_proxy_shared_secret has no value"
    site.node("compute1")["daemons"]["metadata_agent"] = None
    assert len(site.findings()) == 2


# release and packages


def test_the_release_is_that_of_the_controllers_packages(site: Site) -> None:
    site.node("network1")["packages"]["neutron"]["installed"] = "2:20.0.0-1"
    site.want(neutron_release=17)
    assert site_neutron_release(site.hosts, site.groups) == 21
    site.node("controller1")["packages"]["neutron"]["installed"] = None
    assert site_neutron_release(site.hosts, site.groups) == 17
    site.want(neutron_release="")
    assert site_neutron_release(site.hosts, site.groups) == 20


def test_a_site_without_packages_of_neutron_needs_to_be_told_the_release(site: Site) -> None:
    for host in site.hosts:
        site.node(host)["packages"]["neutron"] = {"installed": None, "candidate": None}
    assert (site.only()["severity"], site.only()["check"]) == ("warning", "neutron_release_unknown")
    site.want("controller1", neutron_release=25)
    assert site.findings() == []
    site.want("controller1", neutron_release=26)
    assert (site.only()["severity"], site.only()["check"]) == ("error", "neutron_without_linux_bridge")


def test_neutron_26_says_why_not_and_what_is_left(site: Site) -> None:
    site.node("network1")["packages"]["neutron"]["installed"] = "2:26.0.0-1"
    found = site.only()
    assert (found["severity"], found["check"]) == ("error", "neutron_without_linux_bridge")
    assert "removed from Neutron in 26.0.0 (2025.1)" in found["what"]
    assert "stay at Neutron 25" in found["remedy"] and "node_routers" in found["remedy"]


def test_neutron_26_offered_to_a_host_that_needs_packages_is_an_error(site: Site) -> None:
    site.make_bare("network3")
    site.want(ha_vrrp_auth_password_fingerprint=summary("s3cret", SALT)["fingerprint"])
    site.node("network3")["packages"]["neutron"]["candidate"] = "2:26.0.0-1"
    site.node("network3")["packages"]["linuxbridge_agent"]["candidate"] = None
    assert (site.only()["severity"], site.only()["check"]) == ("error", "neutron_without_linux_bridge")


def test_neutron_26_offered_to_a_host_that_has_its_packages_is_a_warning(site: Site) -> None:
    site.node("network1")["packages"]["neutron"]["candidate"] = "2:26.0.0-1"
    assert (site.only()["severity"], site.only()["check"]) == ("warning", "neutron_without_linux_bridge")


def test_neutron_11_is_too_old(site: Site) -> None:
    for host in site.hosts:
        site.node(host)["packages"]["neutron"]["installed"] = "2:11.0.4-1"
    assert site.error()["check"] == "neutron_too_old"


@pytest.mark.parametrize(("keepalived", "severity"), [("1:2.2.7-1", "error"), (None, "warning")])
def test_a_bare_host_needs_a_source_of_neutron(site: Site, keepalived: str | None, severity: str) -> None:
    site.make_bare("network3")
    site.want(ha_vrrp_auth_password_fingerprint=summary("s3cret", SALT)["fingerprint"])
    packages = site.node("network3")["packages"]
    packages["neutron"]["candidate"] = packages["linuxbridge_agent"]["candidate"] = None
    packages["keepalived"]["candidate"] = keepalived
    assert (site.only()["severity"], site.only()["check"]) == (severity, "neutron_not_offered")


def test_neutron_12_is_not(site: Site) -> None:
    for host in site.hosts:
        site.node(host)["packages"]["neutron"]["installed"] = "2:12.1.1-1"
    assert site.findings() == []


def test_agents_older_than_the_server_are_a_warning(site: Site) -> None:
    site.node("network2")["packages"]["neutron"]["installed"] = "2:20.0.0-1"
    assert (site.only()["severity"], site.only()["check"]) == ("warning", "neutron_releases_differ")
    assert site.only()["remedy"] == "upgrade the host soon after the server"


def test_agents_newer_than_the_server_are_a_warning(site: Site) -> None:
    site.node("network2")["packages"]["neutron"]["installed"] = "2:22.0.0-1"
    assert (site.only()["severity"], site.only()["check"]) == ("warning", "neutron_releases_differ")
    assert site.only()["remedy"] == "upgrade the server first"


@pytest.mark.parametrize(("maximum", "told"), [(3, "is 3"), (0, "is 0 (all)")])
def test_keepalived_1_2_15_loses_packets_with_three_agents_a_router(site: Site, maximum: int, told: str) -> None:
    site.want("controller1", max_l3_agents_per_router=maximum)
    site.node("network2")["packages"]["keepalived"]["installed"] = "1:1.2.15-1"
    assert (site.error()["check"], site.error()["hosts"]) == ("keepalived_loses_packets", ["network2"])
    assert site.error()["what"].endswith("max_l3_agents_per_router " + told)


@pytest.mark.parametrize(("version", "maximum"), [("1:1.2.15-1", 2), ("1:1.2.16-1", 3)])
def test_keepalived_is_fine_with_two_agents_a_router_or_from_1_2_16(site: Site, version: str, maximum: int) -> None:
    site.node("controller1")["daemons"]["server"]["max_l3_agents_per_router"] = str(maximum)
    site.node("network2")["packages"]["keepalived"]["installed"] = version
    assert site.findings() == []


@pytest.mark.parametrize(
    ("option", "remedy"),
    [
        ("l3_ha_network_name", "it is called l3_ha_network_physical_name"),
        ("ha_network_type", "it is called l3_ha_network_type"),
        ("l3_ha_network_physical_network", "it is called l3_ha_network_physical_name"),
        ("ha_vrrp_garp_master_delay", "remove it"),
    ],
)
def test_a_misnamed_option_is_a_warning_with_its_place_and_right_name(site: Site, option: str, remedy: str) -> None:
    place = {"path": "/etc/neutron/neutron.conf", "line": 7, "section": "DEFAULT", "option": option}
    site.node("controller1")["noted_options"] = [place]
    found = site.only()
    assert (found["severity"], found["check"], found["remedy"]) == ("warning", "option_misnamed", remedy)
    assert "/etc/neutron/neutron.conf, line 7" in found["what"]


def test_an_option_of_another_release_is_a_note(site: Site) -> None:
    place = {"path": "l3_agent.ini", "line": 3, "section": "DEFAULT", "option": "external_network_bridge"}
    site.node("network1")["noted_options"] = [place]
    assert (site.only()["severity"], site.only()["check"]) == ("note", "option_of_other_release")
    assert "only releases up to 13" in site.only()["what"]


def test_an_option_that_the_release_reads_is_not_worth_a_word(site: Site) -> None:
    place = {"path": "neutron.conf", "line": 3, "section": "experimental", "option": "linuxbridge"}
    site.node("controller1")["noted_options"] = [place]
    assert site.findings() == []


def test_layer_2_population_is_a_note_for_server_and_agents(site: Site) -> None:
    site.node("controller1")["daemons"]["server"]["mechanism_drivers"] = "linuxbridge, l2population"
    site.node("compute1")["daemons"]["linuxbridge_agent"]["l2_population"] = "True"
    found = site.findings()
    assert {(each["severity"], each["check"]) for each in found} == {("note", "l2_population_on")}
    assert [host for each in found for host in each["hosts"]] == ["controller1", "compute1"]


# interfaces and networks


@pytest.mark.parametrize(("role", "name"), [("overlay", "eth2"), ("provider", "eth1")])
def test_a_missing_interface_is_an_error_that_lists_those_there(site: Site, role: str, name: str) -> None:
    site.node("network2")["interfaces"] = [i for i in site.node("network2")["interfaces"] if i["name"] != name]
    assert (site.error()["check"], site.error()["hosts"]) == ("interface_missing", ["network2"])
    assert role in site.only()["what"] and "eth0" in site.only()["remedy"]


@pytest.mark.parametrize("index", [1, 2])
@pytest.mark.parametrize("missing", ["enabled", "carrier"])
def test_an_interface_that_is_down_is_an_error(site: Site, index: int, missing: str) -> None:
    site.node("compute1")["interfaces"][index][missing] = False
    assert (site.error()["check"], site.error()["hosts"]) == ("interface_down", ["compute1"])


def test_only_the_overlay_interface_needs_an_address(site: Site) -> None:
    for index in (1, 2):
        site.node("network1")["interfaces"][index]["addresses"] = []
    assert (site.error()["check"], site.error()["hosts"]) == ("interface_without_address", ["network1"])
    assert "eth2" in site.only()["what"]


def test_an_overlay_address_that_moved_to_the_agents_bridge_is_found_there(site: Site) -> None:
    overlay = site.node("network1")["interfaces"][2]
    site.node("network1")["interfaces"].append(_interface("brq01234567-89", *overlay["addresses"]))
    overlay.update(addresses=[], master="brq01234567-89")
    assert "no IPv4 address of its own" in site.only()["what"]
    site.want("network1", overlay_address="198.51.100.12")
    assert site.findings() == []


def test_without_an_ipv4_address_the_overlay_address_must_be_given(site: Site) -> None:
    site.node("network1")["interfaces"][2].update(addresses=["2001:db8::1/64"], mtu=1520)
    found = site.only()
    assert (found["check"], found["hosts"]) == ("interface_without_address", ["network1"])
    assert found["remedy"] == "set overlay_address to one that it has: 2001:db8::1"


def test_an_overlay_address_that_the_interface_does_not_have_is_an_error(site: Site) -> None:
    site.want("network1", overlay_address="198.51.100.99")
    assert site.error()["check"] == "interface_without_address"
    assert site.only()["remedy"] == "set overlay_address to one that it has: 198.51.100.12"


def test_a_controller_needs_no_overlay(site: Site) -> None:
    site.node("controller1")["interfaces"] = [_interface("eth0", "192.0.2.11/24")]
    assert site.findings() == []


def test_vxlan_takes_50_bytes_of_the_overlay_mtu(site: Site) -> None:
    site.node("network1")["interfaces"][2]["mtu"] = 1499
    assert (site.error()["check"], site.error()["hosts"]) == ("overlay_mtu_too_small", ["network1"])
    assert "networks of MTU 1450 need 1500" in site.only()["what"]


def test_vxlan_over_ipv6_takes_70(site: Site) -> None:
    for host in NODES:
        site.node(host)["interfaces"][2].update(addresses=["2001:db8::1/64"], mtu=1519)
        site.want(host, overlay_address="2001:db8::1")
    assert "of MTU 1450 need 1520" in site.only()["what"]
    site.node("controller1")["daemons"]["server"]["overlay_ip_version"] = "6"
    assert site.findings() == []


@pytest.mark.parametrize("option", ["path_mtu", "global_physnet_mtu"])
def test_a_smaller_path_mtu_of_the_server_makes_a_small_overlay_mtu_enough(site: Site, option: str) -> None:
    site.node("network1")["interfaces"][2]["mtu"] = 1400
    site.node("controller1")["daemons"]["server"][option] = "1400"
    assert site.findings() == []


def test_jumbo_frames_need_a_jumbo_overlay(site: Site) -> None:
    site.node("controller1")["daemons"]["server"]["global_physnet_mtu"] = "9000"
    assert site.only()["hosts"] == NODES


def test_a_server_option_that_is_no_number_counts_as_its_default(site: Site) -> None:
    site.node("controller1")["daemons"]["server"]["path_mtu"] = "1400 # bytes"
    assert site.findings() == []


@pytest.mark.parametrize("cidr", ["198.51.100.0/25", "198.51.0.0/16", "192.0.2.0/24"])
def test_a_ha_network_that_overlaps_a_hosts_network_is_an_error(site: Site, cidr: str) -> None:
    site.want("controller1", l3_ha_net_cidr=cidr)
    assert {each["check"] for each in site.findings()} == {"ha_network_in_use"}


def test_a_ha_network_that_overlaps_a_route_is_an_error_of_the_host_that_has_it(site: Site) -> None:
    site.node("compute1")["routes"].append({"network": "169.254.200.0/24", "interface": "eth0"})
    found = site.only()
    assert (found["check"], found["hosts"]) == ("ha_network_in_use", ["compute1"])
    assert found["what"] == "l3_ha_net_cidr 169.254.192.0/18 overlaps 169.254.200.0/24 (route by eth0)"


def test_the_route_of_hosts_that_name_themselves_is_no_network_in_use(site: Site) -> None:
    site.node("compute1")["routes"].append({"network": "169.254.0.0/16", "interface": "eth0"})
    assert site.findings() == []


def test_a_ha_network_that_overlaps_a_subnet_is_an_error_and_its_own_subnets_do_not_count(site: Site) -> None:
    ha = {"name": "HA subnet tenant f986edf55ae945e2bef3cb4bfd589928", "id": "1", "cidr": "169.254.192.0/18"}
    site.api = {"subnets": [ha, dict(ha, name="HA subnet project 0")]}
    assert site.findings() == []
    site.api["subnets"].append({"name": "", "id": "6843314a", "cidr": "169.254.192.0/24"})
    assert site.error()["check"] == "ha_network_in_use"
    assert "subnet 6843314a" in site.only()["what"]


def test_an_api_that_does_not_answer_is_an_error_with_the_reason(site: Site) -> None:
    site.api = {"msg": "Cloud site was not found.", "failed": False}
    assert (site.only()["severity"], site.only()["check"]) == ("error", "api_not_answering")
    assert "Cloud site was not found" in site.only()["what"]


@pytest.mark.parametrize(
    ("l3_ha", "cidr", "wanted", "settled"),
    [
        ("True", "169.254.192.0/18", "169.254.192.0/18", True),
        ("yes", None, "169.254.192.0/18", True),
        ("true", "198.18.0.0/16", None, True),
        ("True", None, "198.18.0.0/16", False),
        ("False", "169.254.192.0/18", "169.254.192.0/18", False),
        (None, None, None, False),
    ],
)
def test_the_ha_network_is_settled_when_every_server_has_the_one_that_is_wanted(
    site: Site, l3_ha: str | None, cidr: str | None, wanted: str | None, settled: bool
) -> None:
    site.node("controller1")["daemons"]["server"].update(l3_ha=l3_ha, l3_ha_net_cidr=cidr)
    site.want("controller1", l3_ha_net_cidr=wanted)
    assert site_ha_network_is_settled(site.hosts, site.groups) is settled
    site.hosts["controller1"]["node"] = None
    assert site_ha_network_is_settled(site.hosts, site.groups) is False


@pytest.mark.parametrize("cidr", ["169.254.192.0", "169.254.192.0/33", "ha-net", "10.9.0.1/24", "fd00::/64"])
def test_a_ha_network_that_is_none_is_an_error(site: Site, cidr: str) -> None:
    site.want("controller1", l3_ha_net_cidr=cidr)
    assert site.error()["check"] == "ha_network_invalid"
    assert cidr in site.only()["what"]


def test_ipv6_networks_do_not_overlap_an_ipv4_ha_network() -> None:
    assert overlapping("169.254.192.0/18", ["2001:db8::/32", "0.0.0.0/1", "169.254.0.0/17"]) == []


def test_a_bridge_filter_that_is_off_is_a_note(site: Site) -> None:
    site.node("network2")["bridge_filter"] = {"available": True, "iptables": 0, "ip6tables": None}
    found = site.only()
    assert (found["severity"], found["check"]) == ("note", "bridge_filter_off")
    assert found["what"] == "net.bridge.bridge-nf-call-iptables and net.bridge.bridge-nf-call-ip6tables are not 1"


def test_ebtables_that_hangs_the_agent_is_an_error_on_compute_nodes(site: Site) -> None:
    site.node("compute1")["ebtables_usable"] = False
    found = site.only()
    assert (found["severity"], found["check"], found["hosts"]) == ("error", "ebtables_unusable", ["compute1"])
    assert "update-alternatives --set ebtables /usr/sbin/ebtables-legacy" in found["remedy"]


@pytest.mark.parametrize(("host", "usable"), [("compute1", None), ("network1", False)])
def test_ebtables_does_not_matter_without_the_agent_or_without_instances(
    site: Site, host: str, usable: bool | None
) -> None:
    site.node(host)["ebtables_usable"] = usable
    assert site.findings() == []


def test_a_kernel_without_bridge_filter_is_an_error(site: Site) -> None:
    site.node("network2")["bridge_filter"] = {"available": False, "iptables": None, "ip6tables": None}
    assert (site.only()["severity"], site.only()["check"]) == ("error", "bridge_filter_missing")


# VRRP and VXLAN options


@pytest.mark.parametrize(("option", "value"), [("ha_vrrp_advert_int", "5"), ("ha_vrrp_auth_type", "AH")])
def test_an_option_of_vrrp_that_differs_on_one_node_is_an_error(site: Site, option: str, value: str) -> None:
    site.node("network2")["daemons"]["l3_agent"][option] = value
    found = site.only()
    assert found["check"] == "vrrp_options_differ"
    assert found["what"].startswith("%s would differ" % option)
    assert "%s on network2" % value in found["what"]


def test_the_default_written_out_is_no_difference(site: Site) -> None:
    site.node("network2")["daemons"]["l3_agent"]["ha_vrrp_advert_int"] = "2"
    assert site.findings() == []


def test_what_the_inventory_sets_for_all_nodes_is_no_difference(site: Site) -> None:
    site.node("network2")["daemons"]["l3_agent"]["ha_vrrp_advert_int"] = "5"
    site.want(ha_vrrp_advert_int=3)
    assert site.findings() == []


def test_a_bare_node_would_get_the_default_where_the_others_have_something_else(site: Site) -> None:
    site.make_bare("network3")
    site.node("network3")["daemons"]["l3_agent"] = None
    for host in ("network1", "network2"):
        site.node(host)["daemons"]["l3_agent"]["ha_vrrp_auth_password_fingerprint"] = ""
        site.node(host)["daemons"]["l3_agent"]["ha_vrrp_advert_int"] = "1"
    assert "1 on network1, network2; 2 on network3" in site.only()["what"]


def test_passwords_that_differ_are_told_apart_without_being_shown(site: Site) -> None:
    other = summary("0ther", SALT)["fingerprint"]
    site.node("network2")["daemons"]["l3_agent"]["ha_vrrp_auth_password_fingerprint"] = other
    site.node("network3")["daemons"]["l3_agent"]["ha_vrrp_auth_password_fingerprint"] = ""
    found = site.only()
    assert found["check"] == "vrrp_options_differ"
    assert found["what"].startswith("ha_vrrp_auth_password would differ")
    assert "password 1 on network1; password 2 on network2; no password on network3" in found["what"]
    assert other not in repr(found)


@pytest.mark.parametrize(("option", "value"), [("udp_dstport", "4789"), ("vxlan_group", "239.1.1.1")])
def test_an_option_of_vxlan_that_differs_on_any_host_is_an_error(site: Site, option: str, value: str) -> None:
    site.node("compute1")["daemons"]["linuxbridge_agent"][option] = value
    assert (site.error()["check"], site.error()["hosts"]) == ("vxlan_options_differ", NODES)


@pytest.mark.parametrize("password", ["ninechars", "pass#wd", "pass!wd", "a b", 'a"b', "a{b", "a}b", "a$b", "pässwörd"])
def test_a_password_that_keepalived_would_cut_is_an_error_that_does_not_show_it(site: Site, password: str) -> None:
    judged = summary(password, SALT)
    site.want(
        *GROUPS["network_nodes"],
        ha_vrrp_auth_password_fingerprint=judged["fingerprint"],
        ha_vrrp_auth_password_problems=judged["problems"],
    )
    found = site.only()
    assert (found["check"], found["hosts"]) == ("vrrp_password_unusable", GROUPS["network_nodes"])
    assert password not in repr(found)


def test_a_bad_password_on_the_nodes_is_an_error_only_if_it_stays(site: Site) -> None:
    for host in GROUPS["network_nodes"]:
        site.node(host)["daemons"]["l3_agent"]["ha_vrrp_auth_password_problems"] = ["it is too long"]
    assert site.error()["check"] == "vrrp_password_unusable"
    site.want(ha_vrrp_auth_password_fingerprint=summary("g00d", SALT)["fingerprint"])
    assert site.findings() == []


def test_a_changed_interval_on_a_live_site_is_an_error(site: Site) -> None:
    site.node("network1")["ha_routers"] = 1
    site.want(ha_vrrp_advert_int=1)
    found = site.only()
    assert (found["severity"], found["check"], found["hosts"]) == ("error", "vrrp_change_on_live_site", ["network1"])
    assert "from 2 to 1" in found["what"]


def test_a_changed_password_on_a_live_site_is_an_error(site: Site) -> None:
    site.node("network1")["ha_routers"] = 1
    site.want(ha_vrrp_auth_password_fingerprint=summary("other", SALT)["fingerprint"])
    assert site.error()["check"] == "vrrp_change_on_live_site"
    assert site.only()["what"].startswith("ha_vrrp_auth_password would change while")


def test_an_accepted_change_on_a_live_site_is_a_warning(site: Site) -> None:
    site.node("network1")["ha_routers"] = 1
    site.want(ha_vrrp_advert_int=1)
    site.accepted = ["vrrp_change_on_live_site"]
    assert site.only()["severity"] == "warning"


def test_what_a_live_site_already_has_may_be_in_the_inventory(site: Site) -> None:
    for host in GROUPS["network_nodes"]:
        site.node(host)["ha_routers"] = 1
    site.want(ha_vrrp_advert_int=2, ha_vrrp_auth_password_fingerprint=summary("s3cret", SALT)["fingerprint"])
    assert site.findings() == []


# all together


def test_every_finding_of_every_host_is_told_at_once_the_errors_first(site: Site) -> None:
    site.groups["network_nodes"] = ["network1", "network2"]
    site.node("network1")["bridge_filter"]["iptables"] = 0
    site.node("network1")["interfaces"][1]["enabled"] = False
    site.node("compute1")["interfaces"][1]["enabled"] = False
    site.hosts["controller1"].update(node=None, failure="timed out")
    assert findings_table(site.findings()) == [
        "ERROR    controller1: could not be examined: timed out\n"
        "         -> make it answer to `ansible controller1 -m ansible.builtin.ping --become`, or take it out of the "
        "inventory; a site is changed as a whole [host_not_examined]",
        "ERROR    network1, compute1: the provider interface eth1 is down\n"
        "         -> `ip link set eth1 up`, and make it come up at boot in the host's network configuration "
        "[interface_down]",
        "WARNING  network1, network2: with two network nodes nothing is left to take over while one of them is down\n"
        "         -> add a third host to the group network_nodes [only_two_network_nodes]",
        "NOTE     network1: net.bridge.bridge-nf-call-iptables is not 1\n"
        "         -> nothing to do: the site's playbook sets it, as security groups need it [bridge_filter_off]",
        "preflight: 2 errors, 1 warning, 1 note",
    ]


def test_a_site_without_findings_has_a_summary_too(site: Site) -> None:
    assert findings_table(site.findings()) == ["preflight: 0 errors, 0 warnings, 0 notes"]


def test_every_check_that_can_be_accepted_exists() -> None:
    core = ROOT / "plugins/module_utils/core"
    source = "".join(path.read_text(encoding="utf-8") for path in sorted(core.glob("site_findings*.py")))
    assert [check for check in ACCEPTABLE if '"%s"' % check not in source] == []
