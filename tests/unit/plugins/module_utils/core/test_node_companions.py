"""Daemons beside keepalived: their configurations, and what is done about them."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import companion_plan, radvd
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.companion_plan import Companions
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_anatomy import router_anatomy
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_companions import KINDS, keys_of
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_have import Have
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_plan import plan
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_rendered import rendered
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_services import service
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_spec import NodeSpec
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_target import parse_call

sys.path.insert(0, str(Path(__file__).parents[4] / "fakes"))
import settled_node

RADVD = """\
# Written by linuxbridge.vrrp; changes are replaced.
interface qr-blue
{
    AdvSendAdvert on;
    MinRtrAdvInterval 30;
    MaxRtrAdvInterval 100;
    AdvManagedFlag off;
    AdvOtherConfigFlag on;
    AdvLinkMTU 1450;
    AdvRASrcAddress { fe80::f816:3eff:fe00:1; };
    prefix 2001:db8:1::/64 { AdvOnLink on; AdvAutonomous on; };
    prefix 2001:db8:2::/64 { AdvOnLink on; AdvAutonomous on; };
    RDNSS 2001:db8:1::53 2001:db8::53 { };
};
"""
CONNTRACKD = """\
# Written by linuxbridge.vrrp; changes are replaced.
Sync {
    Mode NOTRACK {
        PurgeTimeout 60
    }
    Multicast {
        IPv4_address 239.255.0.7
        Group 3780
        IPv4_interface 169.254.192.1
        Interface ha-ha
        SndSocketBuffer 1249280
        RcvSocketBuffer 1249280
        Checksum on
    }
}
General {
    Systemd on
    HashSize 8192
    HashLimit 524288
    LockFile /run/linuxbridge-conntrackd/qrouter-edge1/lock
    UNIX {
        Path /run/linuxbridge-conntrackd/qrouter-edge1/ctl
    }
    NetlinkBufferSize 2097152
    NetlinkBufferSizeMaxGrowth 8388608
    Filter From Userspace {
        Protocol Accept {
            TCP
            UDP
            SCTP
        }
        Address Ignore {
            IPv4_address 127.0.0.1
            IPv4_address 169.254.192.0/18
            IPv4_address 169.254.0.0/24
            IPv6_address ::1
        }
    }
}
"""
LEG = {
    "network": "blue",
    "addresses": ["198.51.100.1/24", "2001:db8:1::1/64", "2001:db8:2::1/64", "2001:db8:2::2/64"],
    "mac_address": "fa:16:3e:00:00:01",
    "ipv6_ra_mode": "dhcpv6-stateless",
    "dns_nameservers": ["2001:db8:1::53", "2001:db8::53"],
}
START = "start linuxbridge-vrrp-%s@qrouter-edge1.service"
STOP = "stop linuxbridge-vrrp-%s@qrouter-edge1.service"


def spec(interface: dict[str, Any] | None = None, **values: Any) -> NodeSpec:
    networks = [
        {"name": name, "kind": "vxlan", "vni": vni, "group": "239.0.0.%d" % vni, "uplink": "eth1"}
        for vni, name in enumerate(("ha", "blue"), 1)
    ]
    provider = {"name": "provider", "kind": "flat", "uplink": "eth2"}
    router = {
        "name": "edge1",
        "virtual_router_id": 7,
        "ha_network": "ha",
        "ha_address": "169.254.192.1/18",
        "interfaces": [LEG if interface is None else interface],
        "external_gateway": {"network": "provider", "addresses": ["203.0.113.21/24"]},
        "connection_tracking": True,
    }
    call = {"networks": [*networks, provider], "routers": [{**router, **values}]}
    return parse_call({"state": "exact", **call}).spec.ordered()


PLAIN = {"network": "blue", "addresses": LEG["addresses"], "mac_address": LEG["mac_address"]}


def test_the_configurations_are_these() -> None:
    files = rendered(spec())["files"]
    assert files["/etc/linuxbridge-vrrp/radvd/qrouter-edge1.conf"] == RADVD
    assert files["/etc/linuxbridge-vrrp/conntrackd/qrouter-edge1.conf"] == CONNTRACKD


@pytest.mark.parametrize(
    ("mode", "flags"),
    [
        ("slaac", ["AdvManagedFlag off", "AdvOtherConfigFlag off", "AdvAutonomous on"]),
        ("dhcpv6-stateless", ["AdvManagedFlag off", "AdvOtherConfigFlag on", "AdvAutonomous on"]),
        ("dhcpv6-stateful", ["AdvManagedFlag on", "AdvOtherConfigFlag off", "AdvAutonomous off"]),
    ],
)
def test_a_mode_is_told_by_its_flags_and_read_back_from_them(mode: str, flags: list[str]) -> None:
    text = rendered(spec({**LEG, "ipv6_ra_mode": mode}))["files"]["/etc/linuxbridge-vrrp/radvd/qrouter-edge1.conf"]
    assert all(flag + ";" in text for flag in flags)
    assert radvd.read(text) == {"qr-blue": (mode, ("2001:db8:1::53", "2001:db8::53"))}


def test_nothing_of_them_is_made_where_nobody_asked_for_them() -> None:
    want = spec(PLAIN, connection_tracking=False)
    everything = str((rendered(want), plan(settled_node.empty(want), want)))
    assert "radvd" not in everything and "conntrackd" not in everything


def test_every_template_starts_its_daemon_in_the_namespace_of_its_router() -> None:
    files = rendered(spec())["files"]
    for kind in ("radvd", "conntrackd"):
        text = files["/etc/systemd/system/linuxbridge-vrrp-%s@.service" % kind].splitlines()
        assert "NetworkNamespacePath=/run/netns/%i" in text and "NoNewPrivileges=yes" in text
        assert "RuntimeDirectory=linuxbridge-%s/%%i" % kind in text


def test_the_path_of_the_socket_fits_for_the_longest_name() -> None:
    text = rendered(spec(name="r" * 64))["files"]["/etc/linuxbridge-vrrp/conntrackd/qrouter-%s.conf" % ("r" * 64)]
    path = next(line.split()[1] for line in text.splitlines() if line.strip().startswith("Path "))
    assert len(path) <= 107


@settings(max_examples=15)
@given(settled_node.calls())
def test_what_a_node_is_looked_at_for_is_what_it_is_to_have(call: dict[str, Any]) -> None:
    want = parse_call({"state": "exact", **call}).spec.ordered()
    for router in want.routers:
        assert keys_of(router) == {one.key for one in router_anatomy(router, want).companions}


def test_the_recorder_runs_the_scripts_of_those_that_the_router_has() -> None:
    both, none = spec(), spec(PLAIN, connection_tracking=False)
    assert service(router_anatomy(both.routers[0], both)).followers == (
        "/etc/linuxbridge-vrrp/conntrackd/follow",
        "/etc/linuxbridge-vrrp/radvd/follow",
    )
    assert service(router_anatomy(none.routers[0], none)).followers == ()


def with_state(have: Have, state: str | None) -> Have:
    services = {name: dataclasses.replace(found, state=state) for name, found in have.services.items()}
    return dataclasses.replace(have, services=services)


def test_the_active_node_is_to_run_radvd_and_a_backup_is_not() -> None:
    want = spec()
    backup = settled_node.have(want)
    assert plan(backup, want).actions == []
    assert plan(with_state(backup, "master"), want).actions == [START % "radvd"]
    key = ("radvd", "qrouter-edge1")
    running = dataclasses.replace(backup.companions.found[key], running=True, loaded=RADVD)
    companions = dataclasses.replace(backup.companions, found={**backup.companions.found, key: running})
    stray = dataclasses.replace(backup, companions=companions)
    assert plan(stray, want).actions == [STOP % "radvd"]
    assert plan(with_state(stray, "master"), want).actions == []
    # Nobody knows: it may be the active one.
    assert plan(with_state(stray, None), want).actions == plan(with_state(backup, None), want).actions == []


def test_a_keepalived_that_is_restarted_is_not_active_any_more() -> None:
    active = with_state(settled_node.have(spec()), "master")
    actions = plan(active, spec(virtual_router_id=9)).actions
    assert any(action.startswith("restart linuxbridge-vrrp-qrouter-edge1") for action in actions)
    assert START % "radvd" not in actions


def test_files_come_before_keepalived_and_processes_after_it() -> None:
    actions = plan(settled_node.empty(spec()), spec()).actions
    # Enabling a unit makes systemd read all of them.
    keepalived = actions.index("enable and start linuxbridge-vrrp-qrouter-edge1.service")
    for kind in ("radvd", "conntrackd"):
        assert actions.index("write /etc/linuxbridge-vrrp/%s/qrouter-edge1.conf" % kind) < keepalived
        assert actions.index("write /etc/linuxbridge-vrrp/%s/follow" % kind) < keepalived
    tested = actions.index("test /etc/linuxbridge-vrrp/radvd/qrouter-edge1.conf")
    assert tested < actions.index("write /etc/linuxbridge-vrrp/radvd/qrouter-edge1.conf")
    written = max(at for at, action in enumerate(actions) if action.endswith(".service") and action.startswith("write"))
    assert written < keepalived < actions.index(START % "conntrackd")


def test_what_is_turned_off_is_stopped_and_its_file_goes_last_of_all() -> None:
    actions = plan(settled_node.have(spec()), spec(PLAIN, connection_tracking=False)).actions
    reload = actions.index("reload linuxbridge-vrrp-qrouter-edge1.service")
    order = [
        reload,
        actions.index(STOP % "conntrackd"),
        actions.index("remove /etc/linuxbridge-vrrp/conntrackd/qrouter-edge1.conf"),
        actions.index("remove /etc/systemd/system/linuxbridge-vrrp-conntrackd@.service"),
    ]
    assert order == sorted(order)


def test_a_router_that_goes_takes_its_daemons_along_before_its_namespace() -> None:
    actions = plan(settled_node.have(spec()), NodeSpec()).actions
    assert actions.index(STOP % "conntrackd") < actions.index("remove router qrouter-edge1")
    assert "remove /etc/linuxbridge-vrrp/radvd/qrouter-edge1.conf" in actions
    assert "remove /etc/systemd/system/linuxbridge-vrrp-radvd@.service" in actions


def test_daemons_of_routers_that_go_are_stopped_at_once() -> None:
    names = ["qrouter-edge1", "qrouter-edge2"]
    found = {(kind.name, name): companion_plan.Found(started=True) for kind in KINDS for name in names}
    steps = companion_plan.plan_removal(KINDS, names, Companions(found=found)).processes
    units = tuple(kind.unit(name) for name in names for kind in KINDS)
    assert [str(step) for step in steps] == ["stop " + " ".join(units)]
    assert steps[0].payload.units == units


def test_what_the_node_lacks_is_told_first_with_the_option_that_needs_it() -> None:
    want = spec()
    missing = Companions(missing={"radvd": "package radvd, which is not installed"})
    bare = dataclasses.replace(settled_node.empty(want), companions=missing)
    first = "need package radvd, which is not installed, for routers[edge1].interfaces[blue].ipv6_ra_mode"
    assert plan(bare, want).actions[0] == first
    plain = spec(PLAIN)
    assert not plan(bare, plain).actions[0].startswith("need")
