# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.oslo_ini import parse
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.vxlan_flooding import (
    FLOOD,
    Device,
    Entry,
    Groups,
    Have,
    Want,
    devices_from,
    groups_from,
    plan_flooding,
)

ALL_NODES = Want(("/etc/neutron/neutron.conf",), forget=False)
LAST = Want(("/etc/neutron/neutron.conf",), forget=True)
PEERS = (Entry(FLOOD, "10.0.0.2"), Entry("fa:16:3e:00:00:01", "10.0.0.2"))


def device(**given: Any) -> Device:
    return Device(**{"name": "vxlan-101", "vni": 101, "uplink": "eth2", **given})


def have(*devices: Device) -> Have:
    return Have(devices, Groups())


def link(vni: int = 101, name: str = "", **data: Any) -> dict[str, Any]:
    info = {"id": vni, "link": "eth2", "local": "10.0.0.1", "port": 8472, "ttl": 32, **data}
    return {"ifname": name or "vxlan-%d" % vni, "mtu": 1450, "master": "brq1", "linkinfo": {"info_data": info}}


def entry(**given: Any) -> dict[str, Any]:
    return {"mac": FLOOD, "ifname": "vxlan-101", "dst": "10.0.0.2", "flags": ["self"], "state": "permanent", **given}


def test_a_device_without_a_group_gets_it_in_place() -> None:
    plan = plan_flooding(have(device(populated=PEERS)), ALL_NODES)
    assert plan.actions == ["set the group of vxlan-101"]
    assert plan.steps[0].payload.group == "224.0.0.1"


def test_peers_in_the_table_stay_until_every_node_has_its_group() -> None:
    plan = plan_flooding(have(device(populated=PEERS)), ALL_NODES)
    assert plan.after["vxlan-101"]["populated_entries"] == plan.before["vxlan-101"]["populated_entries"]


def test_a_device_with_an_arp_proxy_is_made_anew_and_still_floods_to_its_peers() -> None:
    plan = plan_flooding(have(device(proxy=True, populated=PEERS)), ALL_NODES)
    assert plan.actions == ["make anew vxlan-101"]
    assert plan.after["vxlan-101"] == {
        "group": "224.0.0.1",
        "arp_proxy": False,
        "populated_entries": ["00:00:00:00:00:00 via 10.0.0.2"],
    }


def test_what_population_wrote_is_taken_out_of_a_device_that_has_its_group() -> None:
    plan = plan_flooding(have(device(group="224.0.0.1", populated=PEERS)), LAST)
    assert plan.actions == ["remove populated entries of vxlan-101"]


def test_a_device_with_a_group_and_nothing_populated_is_left_alone() -> None:
    plan = plan_flooding(have(device(group="239.1.1.1")), LAST)
    assert plan.actions == []
    assert plan.before == plan.after


def test_a_group_that_differs_from_the_configuration_is_the_operators() -> None:
    assert plan_flooding(have(device(group="239.1.1.1")), ALL_NODES).actions == []


@pytest.mark.parametrize(
    ("groups", "vni", "expected"),
    [
        (Groups(), 101, "224.0.0.1"),
        (Groups("239.0.0.0/8"), 101, "239.0.0.101"),
        (Groups("239.0.0.0/8"), 70000, "239.1.17.112"),
        (Groups("239.1.2.0/28"), 101, "239.1.2.5"),
        (Groups("239.9.9.9", (("239.1.1.1", 100, 200),)), 200, "239.1.1.1"),
        (Groups("239.9.9.9", (("239.1.1.1", 100, 200),)), 201, "239.9.9.9"),
        (Groups("ff05::/120"), 101, "ff05::65"),
    ],
)
def test_the_group_of_a_vni_is_the_agents(groups: Groups, vni: int, expected: str) -> None:
    assert groups.of(vni) == expected


def test_the_agents_options_come_from_the_file_read_last() -> None:
    files = [parse("[vxlan]\nvxlan_group = 239.1.1.1\n"), parse("[VXLAN]\nvxlan_group = 239.0.0.0/8\n")]
    ranges = parse("[vxlan]\nmulticast_ranges = 239.5.5.5:1:10, ff05::1:20:30\n")
    assert groups_from([*files, ranges]) == Groups("239.0.0.0/8", (("239.5.5.5", 1, 10), ("ff05::1", 20, 30)))


def test_files_that_say_nothing_mean_the_agents_default() -> None:
    assert groups_from([parse("[DEFAULT]\n")]) == Groups("224.0.0.1")


@pytest.mark.parametrize("group", ["", "10.0.0.0/8", "nonsense"])
def test_a_group_that_cannot_be_flooded_to_is_refused(group: str) -> None:
    with pytest.raises(SpecError, match=r"\[vxlan\] vxlan_group"):
        groups_from([parse("[vxlan]\nvxlan_group = %s\n" % group)])


@pytest.mark.parametrize("ranges", ["239.1.1.1:5", "10.0.0.1:1:5", "239.1.1.1:9:5", "239.1.1.1:a:5"])
def test_a_range_the_agent_refuses_is_refused(ranges: str) -> None:
    with pytest.raises(SpecError, match=r"\[vxlan\] multicast_ranges"):
        groups_from([parse("[vxlan]\nmulticast_ranges = %s\n" % ranges)])


def test_only_the_agents_devices_are_read() -> None:
    devices = devices_from([link(7), link(5), link(9, name="vxlan9"), link(8, link="")], [])
    assert [found.name for found in devices] == ["vxlan-5", "vxlan-7"]


def test_a_device_is_read_with_the_options_it_was_made_with() -> None:
    found = link(proxy=True, port_range={"low": 0, "high": 0}, tos="0x10")
    assert devices_from([found], []) == (
        device(proxy=True, master="brq1", options=("local", "10.0.0.1", "dstport", "8472", "ttl", "32", "tos", "0x10")),
    )
    ports = devices_from([link(port_range={"low": 40000, "high": 50000})], [])[0]
    assert ports.options[-3:] == ("srcport", "40000", "50000")


def test_populated_are_written_entries_to_a_peer_and_neither_learned_ones_nor_the_group() -> None:
    table = [
        entry(),
        entry(mac="fa:16:3e:00:00:01"),
        entry(mac="fa:16:3e:00:00:02", state=""),
        entry(dst="224.0.0.1", via="eth2"),
        entry(ifname="vxlan-102"),
        {"mac": "fa:16:3e:00:00:03", "ifname": "vxlan-101", "master": "brq1", "flags": [], "state": "permanent"},
    ]
    assert devices_from([link(group="224.0.0.1")], table)[0].populated == PEERS
