"""A node as it is when a run has ended: the Have of a specification, without a kernel. And specifications to try."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import (
    companion,
    companion_plan,
    node_anatomy,
    node_boot,
    node_nat,
    node_record,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_service import (
    RECORDER_MODE,
    File,
    Found,
    Process,
    configuration_text,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_unit import RECORDER, unit_text
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_anatomy import Device
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_boot import PATHS
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_have import Have, Link, Namespace, Record
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_services import service
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_spec import NodeSpec


def have(spec: NodeSpec) -> Have:
    """Uplinks have MTU 9000; every router is a backup."""
    numbers = iter(range(2, 100000))
    links = {name: _link(Device(name, "", 9000), next(numbers)) for name in {net.uplink for net in spec.networks}}
    flooding = {}
    for network in spec.networks:
        for device in node_anatomy.network_devices(network):
            if device.kind:
                links[device.name] = _link(device, next(numbers))
                flooding[device.name] = frozenset(device.peers) | ({network.group} if network.group else set())
            else:
                links[device.name] = _link(Device(device.name, "", 9000, device.master), links[device.name].index)
    namespaces = {}
    for router in spec.routers:
        anatomy = node_anatomy.router_anatomy(router, spec)
        inside = {"lo": _link(Device("lo", "", 65536), 1)}
        for leg in anatomy.legs:
            below = leg.device.lower and links[leg.device.lower].index
            near, far = next(numbers), next(numbers)
            inside[leg.device.name] = _link(leg.device, near, below or far, here=False)
            if leg.tap:
                links[leg.tap.name] = _link(leg.tap, far, near, here=False)
        for device in anatomy.carriers:
            inside[device.name] = _link(device, device.index or 0, links[device.lower or ""].index, here=False)
        namespaces[anatomy.namespace] = Namespace(
            inside, dict(node_anatomy.SYSCTLS), node_nat.canonical(_listed(node_nat.ruleset(router)))
        )
    files = {file.path: File(file.text, file.mode) for file in node_boot.files(spec, spec.routers)}
    record = Record(spec, node_record.owned(spec))
    files[PATHS.record] = File(node_record.write(record), node_record.MODE)
    return Have(
        record=record,
        links=links,
        namespaces=namespaces,
        existing=frozenset(namespaces),
        flooding=flooding,
        files=files,
        scripts=frozenset(map(PATHS.router, namespaces)),
        services={item.name: _found(item) for item in _services(spec)},
        recorder=File(RECORDER, RECORDER_MODE),
        enabled=True,
        companions=_companions(spec),
    )


def _companions(spec: NodeSpec) -> companion_plan.Companions:
    """What a backup has: radvd does not run."""
    found, files = {}, {}
    for router in spec.routers:
        for one in node_anatomy.router_anatomy(router, spec).companions:
            runs = one.kind.everywhere
            found[one.key] = companion_plan.Found(
                File(one.text, companion.CONFIGURATION_MODE), runs, running=runs, loaded=one.text if runs else None
            )
            files[one.kind.script] = File(one.kind.script_text, companion.SCRIPT_MODE)
            files[one.kind.template] = File(one.kind.template_text, companion.TEMPLATE_MODE)
    return companion_plan.Companions(found, files)


def empty(spec: NodeSpec) -> Have:
    """A node with the uplinks and nothing else."""
    names = sorted({network.uplink for network in spec.networks})
    return Have(links={name: _link(Device(name, "", 9000), index) for index, name in enumerate(names, 2)})


def _services(spec: NodeSpec) -> list[Any]:
    return [service(node_anatomy.router_anatomy(router, spec)) for router in spec.routers]


def _found(wanted: Any) -> Found:
    text = configuration_text(wanted)
    return Found(
        configuration=File(text, 0o640),
        unit=File(unit_text(wanted), 0o644),
        enabled=True,
        known=True,
        started=True,
        process=Process(1, loaded=text),
        state="backup",
        since=0.0,
    )


def _link(device: Device, index: int, below: int | None = None, here: bool = True) -> Link:
    return Link(device, index, below, here, up=True, carrier=True)


def _listed(objects: Any) -> str:
    """As nft would list them: with handles."""
    listed = [{kind: {**value, "handle": 1} for kind, value in item.items()} for item in objects]
    return json.dumps({"nftables": [{"metainfo": {}}, *listed]})


NAMES = st.text("abZ09_.-", min_size=1, max_size=12).map(lambda text: "n" + text[1:])


@st.composite
def calls(draw: st.DrawFn) -> dict[str, Any]:
    """Options that the module accepts: some networks, some routers with all that a router can have."""
    names = draw(st.lists(NAMES, min_size=3, max_size=5, unique=True))
    vnis = draw(st.lists(st.integers(1, 2**24 - 1), min_size=5, max_size=5, unique=True))
    networks = [_network(draw, name, vni) for name, vni in zip(names, vnis, strict=False)]
    count = draw(st.integers(0, 3))
    vrids = draw(st.lists(st.integers(1, 254), min_size=count, max_size=count, unique=True))
    routers = draw(st.lists(NAMES, min_size=count, max_size=count, unique=True))
    return {
        "networks": networks,
        "routers": [
            _router(draw, name, vrid, at, names) for at, (name, vrid) in enumerate(zip(routers, vrids, strict=False))
        ],
    }


def _network(draw: st.DrawFn, name: str, vni: int) -> dict[str, Any]:
    base = {"name": name, "kind": "vxlan", "vni": vni, "uplink": draw(st.sampled_from(["eth1", "eth2"]))}
    base["mtu"] = draw(st.sampled_from([None, 1280, 1450, 8950]))
    if draw(st.booleans()):
        return {**base, "group": "239.1.%d.%d" % (vni % 250, vni % 13)}
    return {**base, "peers": ["10.0.0.%d" % number for number in draw(st.sets(st.integers(1, 9), min_size=1))]}


def _router(draw: st.DrawFn, name: str, vrid: int, at: int, networks: list[str]) -> dict[str, Any]:
    interval = draw(st.sampled_from([0.01, 0.1, 0.5, 1, 2, 40]))
    router: dict[str, Any] = {
        "name": name,
        "virtual_router_id": vrid,
        "ha_network": networks[0],
        "ha_address": "169.254.%d.%d/18" % (192 + at, draw(st.integers(1, 254))),
        "priority": draw(st.integers(1, 254)),
        "advert_interval": interval,
        "preempt": draw(st.booleans()),
        "connection_tracking": draw(st.booleans()),
        "interfaces": [{"network": networks[1], "addresses": ["198.51.100.%d/24" % (at + 1)]}],
    }
    if draw(st.booleans()):
        router["interfaces"][0]["addresses"].append("2001:db8:1::%x/64" % (at + 1))
        modes = [None, "slaac", "dhcpv6-stateful", "dhcpv6-stateless"]
        router["interfaces"][0]["ipv6_ra_mode"] = draw(st.sampled_from(modes))
        if router["interfaces"][0]["ipv6_ra_mode"]:
            servers = st.sampled_from(["2001:db8:1::53", "2001:db8::1", "fe80::1"])
            router["interfaces"][0]["dns_nameservers"] = draw(st.lists(servers, max_size=3, unique=True))
    if interval == int(interval) and draw(st.booleans()):
        router["authentication"] = {
            "type": "PASS",
            "password": draw(st.text("abcXYZ019", min_size=1, max_size=8)),
        }
    if draw(st.booleans()):
        router["routes"] = [{"destination": "192.0.2.0/24", "nexthop": "198.51.100.254"}]
    if draw(st.booleans()):
        six = draw(st.booleans())
        router["external_gateway"] = {
            "network": networks[2],
            "addresses": [("2001:db8:2::%x/64" if six else "203.0.113.%d/24") % (at + 20)],
            "enable_snat": draw(st.booleans()),
        }
        router["external_gateway"]["nexthops"] = draw(st.sampled_from([[], ["fe80::1" if six else "203.0.113.1"]]))
        count = draw(st.integers(0, 3))
        router["floating_ips"] = [
            {
                "floating_ip_address": "203.0.113.%d" % (100 + 10 * at + n),
                "fixed_ip_address": "198.51.100.%d" % (50 + n),
            }
            for n in range(count)
        ]
    return router
