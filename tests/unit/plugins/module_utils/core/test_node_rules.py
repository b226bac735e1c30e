"""Bad input: each with the path of the value, and before a node is looked at or changed."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_anatomy import Device, router_anatomy
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_have import Have, Link
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_target import parse_call, target

sys.path.insert(0, str(Path(__file__).parents[4] / "fakes"))
import settled_node

Change = Callable[[dict[str, Any]], object]


def good() -> dict[str, Any]:
    networks: list[dict[str, Any]] = [
        {"name": name, "kind": "vxlan", "vni": vni, "group": "239.0.0.%d" % vni, "uplink": "eth1"}
        for vni, name in enumerate(("ha", "blue", "green"), 1)
    ]
    router = {
        "name": "edge1",
        "virtual_router_id": 7,
        "ha_network": "ha",
        "ha_address": "169.254.192.1/18",
        "interfaces": [{"network": "blue", "addresses": ["198.51.100.1/24", "2001:db8:1::1/64"]}],
        "external_gateway": {"network": "provider", "addresses": ["203.0.113.21/24"], "nexthops": ["203.0.113.1"]},
        "floating_ips": [{"floating_ip_address": "203.0.113.17", "fixed_ip_address": "198.51.100.10"}],
        "routes": [{"destination": "192.0.2.0/24", "nexthop": "198.51.100.254"}],
    }
    other = {**router, "name": "edge2", "virtual_router_id": 8, "ha_address": "169.254.192.2/18"}
    other.update(interfaces=[{"network": "green", "addresses": ["198.51.101.1/24"]}], floating_ips=[], routes=[])
    other["external_gateway"] = {"network": "provider", "addresses": ["203.0.113.22/24"]}
    provider = {"name": "provider", "kind": "flat", "uplink": "eth2"}
    return {"networks": [*networks, provider], "routers": [router, other]}


def router(**values: Any) -> Change:
    return lambda call: call["routers"][0].update(values)


def network(at: int, **values: Any) -> Change:
    return lambda call: call["networks"][at].update(values)


def leg(**values: Any) -> Change:
    return lambda call: call["routers"][0]["interfaces"][0].update(values)


def gateway(**values: Any) -> Change:
    return lambda call: call["routers"][0]["external_gateway"].update(values)


def many(call: dict[str, Any]) -> None:
    first = {**call["routers"][0], "interfaces": [], "external_gateway": None, "floating_ips": [], "routes": []}
    call["routers"] = []
    for n in range(255):
        own = {"name": "r%d" % n, "virtual_router_id": n % 254 + 1}
        call["routers"].append({**first, **own, "ha_address": "169.254.%d.%d/18" % (200 + n // 200, n % 200 + 1)})


def floating(outer: str, inner: str) -> Change:
    return router(floating_ips=[{"floating_ip_address": outer, "fixed_ip_address": inner}])


ODD = ["two words", "a/b", "a\nb", 'a"b', "a'b", "naïve", "", "-x", "a\tb", "a;b", "$(id)", "..", "a\n"]

BAD: list[tuple[str, Change, str]] = [
    ("VRID 0", router(virtual_router_id=0), "routers[0].virtual_router_id"),
    ("VRID 255", router(virtual_router_id=255), "routers[0].virtual_router_id"),
    ("VRID 256", router(virtual_router_id=256), "routers[0].virtual_router_id"),
    ("VRID twice", router(virtual_router_id=8), "routers[1].virtual_router_id"),
    ("255 routers", many, "routers"),
    ("priority 0", router(priority=0), "routers[0].priority"),
    ("priority 255", router(priority=255), "routers[0].priority"),
    ("priority 256", router(priority=256), "routers[0].priority"),
    ("interval too short", router(advert_interval=0.005), "routers[0].advert_interval"),
    ("interval between steps", router(advert_interval=0.015), "routers[0].advert_interval"),
    ("interval too long for version 3", router(advert_interval=40.96), "routers[0].advert_interval"),
    ("interval too long", router(advert_interval=256), "routers[0].advert_interval"),
    ("fraction in version 2", router(advert_interval=0.5, version=2), "routers[0].advert_interval"),
    ("version 3 with password", router(version=3, authentication={"password": "a"}), "routers[0].authentication"),
    ("long password", router(authentication={"password": "ninechars"}), "routers[0].authentication.password"),
    ("password with #", router(authentication={"password": "a#b"}), "routers[0].authentication.password"),
    ("empty HA address", router(ha_address=""), "routers[0].ha_address"),
    ("long network name", network(0, name="thirteen-char"), "networks[0].name"),
    ("long router name", router(name="r" * 65), "routers[0].name"),
    ("long uplink of a VLAN", network(0, kind="vlan", vni=None, group=None, vlan_id=10, uplink="enp129s0f0np0"),
     "networks[0].uplink"),
    ("network address", leg(addresses=["198.51.100.0/24"]), "routers[0].interfaces[0].addresses[0]"),
    ("IPv6 network address", leg(addresses=["2001:db8:1::/64"]), "routers[0].interfaces[0].addresses[0]"),
    ("broadcast address", leg(addresses=["198.51.100.255/24"]), "routers[0].interfaces[0].addresses[0]"),
    ("no prefix length", leg(addresses=["198.51.100.1"]), "routers[0].interfaces[0].addresses[0]"),
    ("no address", leg(addresses=["10.0.0.300/24"]), "routers[0].interfaces[0].addresses[0]"),
    ("multicast address", leg(addresses=["224.0.0.5/24"]), "routers[0].interfaces[0].addresses[0]"),
    ("link-local address", leg(addresses=["fe80::1/64"]), "routers[0].interfaces[0].addresses[0]"),
    ("no addresses", leg(addresses=[]), "routers[0].interfaces[0].addresses"),
    ("IPv6 HA address", router(ha_address="2001:db8::1/64"), "routers[0].ha_address"),
    ("HA address among primary addresses", router(ha_address="169.254.0.9/24"), "routers[0].ha_address"),
    ("HA address twice", router(ha_address="169.254.192.2/18"), "routers[1].ha_address"),
    ("route of another family", router(routes=[{"destination": "2001:db8:9::/64", "nexthop": "198.51.100.9"}]),
     "routers[0].routes[0].nexthop"),
    ("IPv6 floating IP", floating("2001:db8::5", "198.51.100.9"),
     "routers[0].floating_ips[0].floating_ip_address"),
    ("unknown network", leg(network="red"), "routers[0].interfaces[0].network"),
    ("unknown HA network", router(ha_network="red"), "routers[0].ha_network"),
    ("network used twice", leg(network="ha"), "routers[0].interfaces[0].network"),
    ("gateway outside its subnet", gateway(nexthops=["203.0.114.1"]), "routers[0].external_gateway.nexthops[0]"),
    ("gateway is itself", gateway(nexthops=["203.0.113.21"]), "routers[0].external_gateway.nexthops[0]"),
    ("gateway of no family", gateway(nexthops=["2001:db8:2::1"]), "routers[0].external_gateway.nexthops[0]"),
    ("two gateways", gateway(nexthops=["203.0.113.1", "203.0.113.2"]), "routers[0].external_gateway.nexthops[1]"),
    ("overlapping subnets", gateway(addresses=["198.51.100.129/25"], nexthops=[]),
     "routers[0].external_gateway.addresses[0]"),
    ("floating IP of nobody", floating("203.0.113.17", "10.9.9.9"),
     "routers[0].floating_ips[0].fixed_ip_address"),
    ("address of another router", gateway(addresses=["203.0.113.22/24"]), "routers[1].external_gateway.addresses[0]"),
    ("MAC address of another router", lambda call: [item["external_gateway"].update(mac_address="fa:16:3e:00:00:01")
                                                    for item in call["routers"]],
     "routers[1].external_gateway.mac_address"),
    ("multicast MAC address", leg(mac_address="01:00:5e:00:00:01"), "routers[0].interfaces[0].mac_address"),
    ("advertisements without IPv6", leg(addresses=["198.51.100.1/24"], ipv6_ra_mode="slaac"),
     "routers[0].interfaces[0].ipv6_ra_mode"),
    ("advertisements of no mode", leg(ipv6_ra_mode="auto"), "routers[0].interfaces[0].ipv6_ra_mode"),
    ("slaac outside a /64", leg(addresses=["2001:db8:1::1/72"], ipv6_ra_mode="slaac"),
     "routers[0].interfaces[0].addresses[0]"),
    ("stateless outside a /64", leg(addresses=["2001:db8:1::1/56"], ipv6_ra_mode="dhcpv6-stateless"),
     "routers[0].interfaces[0].addresses[0]"),
    ("name servers that nobody is told", leg(dns_nameservers=["2001:db8::53"]),
     "routers[0].interfaces[0].dns_nameservers"),
    ("IPv4 name server", leg(ipv6_ra_mode="slaac", dns_nameservers=["192.0.2.53"]),
     "routers[0].interfaces[0].dns_nameservers[0]"),
    ("name server twice", leg(ipv6_ra_mode="slaac", dns_nameservers=["2001:db8::53", "2001:db8:0::53"]),
     "routers[0].interfaces[0].dns_nameservers[1]"),
    ("name server that is a group", leg(ipv6_ra_mode="slaac", dns_nameservers=["ff02::fb"]),
     "routers[0].interfaces[0].dns_nameservers[0]"),
    ("VNI 0", network(0, vni=0), "networks[0].vni"),
    ("VNI twice", network(1, vni=1), "networks[1].vni"),
    ("no VNI", network(0, vni=None), "networks[0].vni"),
    ("VNI of a flat network", network(3, vni=5), "networks[3].vni"),
    ("VLAN 4095", network(3, kind="vlan", vlan_id=4095), "networks[3].vlan_id"),
    ("group and peers", network(0, peers=["10.0.0.2"]), "networks[0]"),
    ("group that is none", network(0, group="10.0.0.1"), "networks[0].group"),
    ("peer that is a group", network(0, group=None, peers=["239.0.0.1"]), "networks[0].peers[0]"),
    ("next hop that is a broadcast address", gateway(nexthops=["203.0.113.255"]),
     "routers[0].external_gateway.nexthops[0]"),
    ("floating IP that is a network address", floating("203.0.113.0", "198.51.100.10"),
     "routers[0].floating_ips[0].floating_ip_address"),
    ("floating IP of a broadcast address", floating("203.0.113.17", "198.51.100.255"),
     "routers[0].floating_ips[0].fixed_ip_address"),
    ("route to a broadcast address",
     router(routes=[{"destination": "192.0.2.0/24", "nexthop": "198.51.100.255"}]), "routers[0].routes[0].nexthop"),
    ("own address that is a group", network(0, local_address="239.0.0.9"), "networks[0].local_address"),
    ("own address that is none", network(0, local_address="0.0.0.0"), "networks[0].local_address"),
    ("group with a zone", network(0, group="ff02::1%eth1"), "networks[0].group"),
    ("MTU without IPv6", network(1, mtu=1279), "networks[1].mtu"),
    ("peers of both families", network(0, group=None, peers=["10.0.0.2", "2001:db8::2"]), "networks[0].peers"),
    ("own address of the other family", network(0, local_address="2001:db8::1"), "networks[0].local_address"),
    ("IPv6 peers without an own address", network(0, group=None, peers=["2001:db8::2"]), "networks[0].local_address"),
    ("VXLAN on a bridge's port", network(0, uplink="eth2"), "networks[0].uplink"),
    ("uplink twice", lambda call: call["networks"].append({**call["networks"][3], "name": "other"}),
     "networks[4].uplink"),
    ("name twice", lambda call: call["routers"].append(call["routers"][0]), "routers[2].name"),
    ("flat HA network with more on it", router(ha_network="provider", external_gateway=None, floating_ips=[]),
     "routers[1]"),
]  # fmt: skip
BAD += [("network name %r" % name, network(1, name=name), "networks[1].name") for name in ODD]
BAD += [("router name %r" % name, router(name=name), "routers[0].name") for name in ODD]
BAD += [("uplink %r" % name, network(1, uplink=name), "networks[1].uplink") for name in ODD]


def test_the_good_call_is_accepted() -> None:
    assert len(parse_call({"state": "exact", **good()}).spec.routers) == 2


@pytest.mark.parametrize(("change", "path"), [pytest.param(*row[1:], id=row[0]) for row in BAD])
def test_bad_input_is_refused_with_its_path_and_a_remedy(change: Change, path: str) -> None:
    call = good()
    change(call)
    with pytest.raises(SpecError) as refused:
        parse_call({"state": "exact", **call})
    problems = {problem.path: problem.message for problem in refused.value.problems}
    assert path in problems, problems
    assert len(problems[path]) > 10


def test_the_carrier_of_a_network_card_with_a_long_name_has_a_name_that_linux_takes() -> None:
    call = good()
    call["networks"][0]["uplink"], call["networks"][1]["uplink"] = "enp129s0f0np0", "enp129s0f1np1"
    spec = parse_call({"state": "exact", **call}).spec
    names = [device.name for device in router_anatomy(spec.routers[0], spec).carriers]
    assert len(set(names)) == 2 and all(name.startswith("ul-") and len(name) <= 15 for name in names)


def test_stateful_addresses_need_no_64_bits() -> None:
    call = good()
    leg(addresses=["2001:db8:1::1/72"], ipv6_ra_mode="dhcpv6-stateful")(call)
    call["routers"][0].update(floating_ips=[], routes=[])
    assert parse_call({"state": "exact", **call}).spec.routers[0].interfaces[0].ipv6_ra_mode == "dhcpv6-stateful"


def test_every_problem_is_told_at_once() -> None:
    call = good()
    for change in (router(priority=0), network(1, vni=1), gateway(nexthops=["203.0.114.1"])):
        change(call)
    call["routers"][1]["priority"] = 300
    with pytest.raises(SpecError) as refused:
        parse_call({"state": "exact", **call})
    paths = {problem.path for problem in refused.value.problems}
    assert {"routers[0].priority", "routers[1].priority", "networks[1].vni"} <= paths


def on_node(change: Callable[[dict[str, Link]], object], management: str | None = None) -> list[str]:
    """Paths of what a node with changed devices refuses of the good call."""
    want = parse_call({"state": "exact", **good()})
    empty = settled_node.empty(want.spec)
    links = dict(empty.links)
    change(links)
    with pytest.raises(SpecError) as refused:
        target(Have(links=links, management=management), want)
    return [problem.path for problem in refused.value.problems]


def uplink(**values: Any) -> Callable[[dict[str, Link]], None]:
    def change(links: dict[str, Link]) -> None:
        old = links["eth2"]
        links["eth2"] = dataclasses.replace(old, device=dataclasses.replace(old.device, **values))

    return change


@pytest.mark.parametrize(
    ("change", "management", "path"),
    [
        (lambda links: links.pop("eth2"), None, "networks[3].uplink"),
        (lambda links: None, "eth2", "networks[3].uplink"),
        (uplink(master="br0"), None, "networks[3].uplink"),
        (uplink(addresses=("192.0.2.9/24",)), None, "networks[3].uplink"),
        (uplink(mtu=1400), None, "networks[3].mtu"),
        (lambda links: links.update(brqblue=Link(Device("brqblue", "bridge"), 9)), None, "networks[1].name"),
    ],
    ids=["missing", "management", "enslaved", "with an address", "small MTU", "foreign bridge"],
)
def test_what_does_not_fit_the_node_is_refused(
    change: Callable[[dict[str, Link]], object], management: str | None, path: str
) -> None:
    assert path in on_node(change, management)


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"local_address": "10.0.0.9"}, "networks[1].local_address"),
        ({"local_address": "10.0.0.1"}, None),
        ({"group": None, "peers": ["10.0.0.2", "10.0.0.1"]}, "networks[1].peers[1]"),
        ({"group": None, "peers": ["10.0.0.2"]}, None),
    ],
)
def test_a_vxlan_sends_from_an_address_of_the_node_and_to_none_of_them(
    values: dict[str, Any], path: str | None
) -> None:
    call = good()
    call["networks"][1].update(values)
    want = parse_call({"state": "exact", **call})
    empty = settled_node.empty(want.spec)
    eth1 = empty.links["eth1"]
    addressed = dataclasses.replace(eth1, device=dataclasses.replace(eth1.device, addresses=("10.0.0.1/24",)))
    have = dataclasses.replace(empty, links={**empty.links, "eth1": addressed})
    problems = []
    try:
        target(have, want)
    except SpecError as refused:
        problems = [problem.path for problem in refused.problems]
    assert problems == ([path] if path else [])


def test_a_node_whose_kernel_has_no_ipv6_is_refused_before_half_a_router_is_made() -> None:
    want = parse_call({"state": "exact", **good()})
    have = dataclasses.replace(settled_node.empty(want.spec), ipv6=False)
    with pytest.raises(SpecError, match=r"networks: the kernel of this node was started without IPv6"):
        target(have, want)
    assert target(have, parse_call({"state": "exact", "networks": [], "routers": []})).networks == ()


def test_a_vxlan_has_room_for_its_headers() -> None:
    call = good()
    call["networks"][1]["mtu"] = 8951
    want = parse_call({"state": "exact", **call})
    with pytest.raises(SpecError, match=r"networks\[1\].mtu: 8951 is larger than 8950"):
        target(settled_node.empty(want.spec), want)
