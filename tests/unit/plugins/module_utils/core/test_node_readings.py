# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import node_readings

ROUTER = "b6206312-878e-497c-8ef7-eb384f8add96"


def test_devices_of_the_agents_count_only_with_an_address() -> None:
    names = ["eth0", "tap33fedbc5-43", "brq01234567-89", "vxlan-31"]
    links = [{"ifname": name, "flags": ["UP"], "mtu": 1500, "addr_info": []} for name in names]
    links[2]["addr_info"] = [{"family": "inet", "local": "192.0.2.1", "prefixlen": 24, "scope": "global"}]
    assert [found["name"] for found in node_readings.interfaces(json.dumps(links))] == ["eth0", "brq01234567-89"]


def test_a_route_to_a_host_has_a_length_and_what_leads_nowhere_or_everywhere_is_no_network() -> None:
    routes = [
        {"dst": "default", "dev": "eth0"},
        {"dst": "192.0.2.7", "dev": "eth0"},
        {"dst": "198.51.100.0/24", "dev": "eth2"},
        {"type": "blackhole", "dst": "203.0.113.0/24"},
    ]
    assert node_readings.routed_networks(json.dumps(routes)) == [
        {"network": "192.0.2.7/32", "interface": "eth0"},
        {"network": "198.51.100.0/24", "interface": "eth2"},
    ]


def test_rpm_packages_that_are_not_installed_have_no_version() -> None:
    installed = "openstack-neutron-common 21.2.0\npackage keepalived is not installed\n"
    candidates = "keepalived 2.2.8\nopenstack-neutron-common 26.0.0\n"
    assert node_readings.rpm_versions(installed, candidates, ["keepalived", "openstack-neutron-common"]) == {
        "keepalived": {"installed": None, "candidate": "2.2.8"},
        "openstack-neutron-common": {"installed": "21.2.0", "candidate": "26.0.0"},
    }


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("ID=debian\n", "debian"),
        ("ID=ubuntu\nID_LIKE=debian\n", "debian"),
        ('ID="rocky"\nID_LIKE="rhel centos fedora"\n', "redhat"),
        ("ID=arch\n", ""),
        ("", ""),
    ],
)
def test_the_family_is_told_by_os_release(text: str, family: str) -> None:
    assert node_readings.operating_system(text)["family"] == family


def test_the_two_processes_of_a_router_are_one_router() -> None:
    line = "keepalived\0-P\0-f\0/var/lib/neutron/ha_confs/%s/keepalived.conf\0-p\0x\0" % ROUTER
    assert node_readings.keepalived_routers([line, line, line.replace("b6", "c7")]) == 2


def test_a_keepalived_of_somebody_else_is_no_router() -> None:
    lines = ["/usr/sbin/keepalived\0--dont-fork\0", "vi\0/var/lib/neutron/ha_confs/%s/keepalived.conf\0" % ROUTER, ""]
    assert node_readings.keepalived_routers(lines) == 0
