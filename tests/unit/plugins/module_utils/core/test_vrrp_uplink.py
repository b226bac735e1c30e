"""Which of a node's interfaces carry an HA network, and which carry Ansible's own connection."""

from __future__ import annotations

from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.vrrp_uplink import Links


def link(index: int, name: str, kind: str = "", master: str | None = None, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"ifindex": index, "ifname": name, **more}
    if master:
        found["master"] = master
    if kind:
        found["linkinfo"] = {"info_kind": kind, "info_data": more.pop("info_data", {})}
    return found


def node(*more: dict[str, Any]) -> Links:
    return Links(
        [
            link(1, "lo"),
            link(2, "eth0"),
            link(3, "eth1", "veth", "brqflat", link_netnsid=0, link_index=40),
            link(4, "eth2"),
            link(5, "brqha", "bridge"),
            link(6, "vxlan-9", "vxlan", "brqha", info_data={"link": "eth2", "id": 9}),
            link(7, "tap1", "veth", "brqha", link_index=2, link_netnsid=1),
            link(8, "tap2", "veth", "brqha", link_index=2, link_netnsid=2),
            link(9, "brqflat", "bridge"),
            link(10, "tap3", "veth", "brqflat", link_index=3, link_netnsid=1),
            *more,
        ]
    )


def ha(index: int) -> list[dict[str, Any]]:
    return [{"ifname": "ha-0b1c2d3e-4f", "link_index": index, "link_netnsid": 0}]


def test_a_vxlan_ha_network_is_carried_by_the_interface_below_the_vxlan_device() -> None:
    assert node().uplinks(ha(7)) == ["eth2"]


def test_a_flat_ha_network_is_carried_by_the_port_of_its_bridge_though_it_is_a_veth() -> None:
    assert node().uplinks(ha(10)) == ["eth1"]


def test_a_macvlan_ha_device_is_carried_by_the_bridge_it_is_on() -> None:
    assert node().uplinks(ha(9)) == ["eth1"]


def test_a_vlan_on_a_bond_is_the_uplink_and_not_the_bonds_ports() -> None:
    links = node(
        link(11, "bond0", "bond"),
        link(12, "eth3", master="bond0"),
        link(13, "eth4", master="bond0"),
        link(14, "bond0.7", "vlan", "brqvlan", link="bond0"),
        link(15, "brqvlan", "bridge"),
        link(16, "tap4", "veth", "brqvlan", link_index=2, link_netnsid=1),
    )
    assert links.uplinks(ha(16)) == ["bond0.7"]
    assert links.carriers("bond0.7") == ["bond0", "bond0.7", "eth3", "eth4"]


def test_an_overlay_on_a_vlan_beside_the_connections_can_be_cut_without_it() -> None:
    links = node(
        link(11, "eth2.10", "vlan", link="eth2"),
        link(12, "eth2.30", "vlan", link="eth2"),
        link(13, "brqtwo", "bridge"),
        link(14, "vxlan-10", "vxlan", "brqtwo", info_data={"link": "eth2.30", "id": 10}),
        link(15, "tap4", "veth", "brqtwo", link_index=2, link_netnsid=1),
    )
    (uplink,) = links.uplinks(ha(15))
    assert uplink == "eth2.30" and uplink not in links.carriers("eth2.10")


def test_an_overlay_on_a_bond_is_the_bonds() -> None:
    links = node(
        link(11, "bond0", "bond"),
        link(12, "eth3", master="bond0"),
        link(13, "brqtwo", "bridge"),
        link(14, "vxlan-10", "vxlan", "brqtwo", info_data={"link": "bond0", "id": 10}),
        link(15, "tap4", "veth", "brqtwo", link_index=2, link_netnsid=1),
    )
    assert links.uplinks(ha(15)) == ["bond0"]


def test_only_the_ha_device_counts() -> None:
    assert node().uplinks([{"ifname": "qg-33333333-44", "link_index": 10}]) == []


def test_a_device_whose_other_end_is_gone_is_carried_by_nothing() -> None:
    assert node().uplinks(ha(99)) == []


def test_a_connection_over_a_vlan_rests_on_its_parent() -> None:
    assert node(link(11, "eth2.7", "vlan", link="eth2")).carriers("eth2.7") == ["eth2", "eth2.7"]


def test_a_connection_over_a_bridge_rests_on_its_ports_but_not_on_those_of_routers() -> None:
    assert node().carriers("brqflat") == ["brqflat", "eth1"]


def test_a_connection_over_a_plain_interface_rests_on_that_alone() -> None:
    assert node().carriers("eth0") == ["eth0"]
