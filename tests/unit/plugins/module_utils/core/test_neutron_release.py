# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import neutron_release


@pytest.mark.parametrize(
    ("version", "release"),
    [
        ("2:21.0.0-7+deb12u1", 21),
        ("2:17.2.1-0+deb11u1", 17),
        ("2:25.0.0-0ubuntu1~cloud0", 25),
        ("2:26.0.0~rc1-1", 26),
        ("1:12.1.1-1.el7", 12),
        ("21.2.1", 21),
        ("25", 25),
        ("", None),
        ("(none)", None),
        ("git20220101", None),
    ],
)
def test_the_release_is_read_from_the_version_of_any_distribution(version: str, release: int | None) -> None:
    assert neutron_release.major(version) == release


def test_linux_bridge_ends_with_25() -> None:
    assert neutron_release.has_linux_bridge(25)
    assert not neutron_release.has_linux_bridge(26)


@pytest.mark.parametrize(
    ("section", "option", "reading"),
    [
        ("experimental", "linuxbridge", [21, 22, 23, 24, 25]),
        ("DEFAULT", "external_network_bridge", [12, 13]),
        ("DEFAULT", "allow_overlapping_ips", list(range(12, 21))),
        ("DEFAULT", "keepalived_use_no_track", list(range(14, 22))),
        ("DEFAULT", "gateway_external_network_id", [12, 13, 14]),
        ("DEFAULT", "ha_conntrackd_enabled", [26, 27, 28]),
        ("DEFAULT", "l3_ha", list(range(12, 29))),
    ],
)
def test_an_option_is_read_by_its_releases_only(section: str, option: str, reading: list[int]) -> None:
    assert [release for release in range(12, 29) if neutron_release.reads(release, section, option)] == reading


def test_the_releases_of_an_option_are_said_in_words() -> None:
    assert neutron_release.span("DEFAULT", "external_network_bridge") == "up to 13"
    assert neutron_release.span("DEFAULT", "cleanup_on_shutdown") == "from 16 on"
    assert neutron_release.span("experimental", "linuxbridge") == "21 to 25"


@pytest.mark.parametrize(
    ("section", "option", "right_name"),
    [
        ("DEFAULT", "l3_ha_network_name", "l3_ha_network_physical_name"),
        ("DEFAULT", "ha_network_type", "l3_ha_network_type"),
        ("DEFAULT", "ha_network_physical_name", "l3_ha_network_physical_name"),
        ("DEFAULT", "l3_ha_network_physical_network", "l3_ha_network_physical_name"),
        ("DEFAULT", "ha_vrrp_auth_pass", "ha_vrrp_auth_password"),
        ("DEFAULT", "ha_vrrp_garp_master_repeat", None),
        ("vxlan", "l2population", "l2_population"),
    ],
)
def test_a_name_that_never_was_an_option_gets_the_right_one(section: str, option: str, right_name: str | None) -> None:
    found = neutron_release.misnamed(section, option)
    assert found is not None
    assert found.right_name == right_name


@pytest.mark.parametrize(
    ("section", "option"),
    [
        ("DEFAULT", "l3_ha_network_physical_name"),
        ("DEFAULT", "ha_vrrp_health_check_interval"),
        ("DEFAULT", "transport_url"),
        ("oslo_messaging_rabbit", "ha_network_type"),
        ("vxlan", "l2_population"),
    ],
)
def test_an_option_that_exists_or_is_not_neutrons_is_left_alone(section: str, option: str) -> None:
    assert neutron_release.misnamed(section, option) is None


@pytest.mark.parametrize(
    ("version", "loses"),
    [
        ("1:1.2.15-1", True),
        ("1.2.13", True),
        ("v1.2.2", True),
        ("1.1", True),
        ("1:1.2.16-1", False),
        ("1.2.24", False),
        ("1:2.2.7-1+b2", False),
        ("2.0", False),
        ("", False),
    ],
)
def test_keepalived_loses_packets_up_to_1_2_15(version: str, loses: bool) -> None:
    assert neutron_release.keepalived_loses_packets(version) is loses
