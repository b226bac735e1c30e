"""What a node runs when it boots: exactly the commands that make its networks and routers."""

from __future__ import annotations

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import node_boot
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_target import parse_call

PLANT = {"name": "plant", "kind": "vlan", "uplink": "eth2", "vlan_id": 100, "mtu": 1496}


def script(network: dict[str, object]) -> list[str]:
    spec = parse_call({"state": "rendered", "networks": [network], "routers": []}).spec.ordered()
    return node_boot.script(spec, "/etc/routers").splitlines()


def test_a_vlan_network_is_a_vlan_device_of_its_uplink_in_a_bridge() -> None:
    lines = script(PLANT)
    assert lines[lines.index("# network plant") : lines.index("exit $status")] == [
        "# network plant",
        "ip -force -batch - <<'END'",
        "link add name brqplant mtu 1496 type bridge mcast_snooping 0 stp_state 0",
        "link set brqplant mtu 1495",
        "link set brqplant mtu 1496",
        "link set brqplant addrgenmode none",
        "link set brqplant up",
        "END",
        "ip -force -batch - <<'END'",
        "link add name eth2.100 link eth2 mtu 1496 type vlan id 100",
        "link set eth2.100 addrgenmode none",
        "link set eth2.100 master brqplant up",
        "END",
        "",
    ]


def test_a_router_is_a_script_of_its_own_which_leaves_one_that_is_there_alone_and_undoes_one_it_cannot_make() -> None:
    spec = parse_call(
        {
            "state": "rendered",
            "networks": [{"name": "ha", "kind": "vxlan", "vni": 1, "group": "239.0.0.1", "uplink": "eth1"}],
            "routers": [{"name": "edge", "virtual_router_id": 1, "ha_network": "ha", "ha_address": "169.254.192.1/18"}],
        }
    ).spec.ordered()
    own, whole, unit = node_boot.files(spec, spec.routers)
    assert [own.path, whole.path] == ["/etc/linuxbridge-vrrp/routers/qrouter-edge.sh", "/etc/linuxbridge-vrrp/node.sh"]
    assert whole.text.endswith(
        """
for router in qrouter-edge; do
    sh "/etc/linuxbridge-vrrp/routers/$router.sh" || status=1
done

exit $status
"""
    )
    lines = own.text.splitlines()
    assert lines[2] == "[ ! -e /run/netns/qrouter-edge ] || exit 0"
    begun = [line.partition(" <<'END'") for line in lines if "<<" in line]
    assert [then for _command, _text, then in begun] == [
        " &&",
        " &&",
        " &&",
        " || { ip netns del qrouter-edge; exit 1; }",
    ]
    assert (own.mode, whole.mode, unit.mode) == (0o700, 0o700, 0o644)


def test_the_uplink_of_a_vlan_is_waited_for() -> None:
    assert "for uplink in eth2; do" in script(PLANT)


def test_systemd_runs_the_script_again_until_everything_is_made() -> None:
    assert "Restart=on-failure" in node_boot.UNIT_TEXT.splitlines()
