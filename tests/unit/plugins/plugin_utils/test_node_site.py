"""Numbers of a whole site: the same on every host, and none twice."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_target import parse_call
from ansible_collections.linuxbridge.vrrp.plugins.plugin_utils.node_site import HOSTS, calls, priority

EXAMPLE = Path(__file__).parents[4] / "examples" / "edge" / "group_vars" / "node_routers.yml"
CIDR = "169.254.192.0/18"


def hosts(*names: str) -> dict[str, dict[str, Any]]:
    """Hosts as in the example site."""
    variables = yaml.safe_load(EXAMPLE.read_text())
    host = {"networks": variables["node_routers_networks"], "routers": variables["node_routers_routers"]}
    return {name: copy.deepcopy(host) for name in names or ("edge1", "edge2", "edge3")}


def problems_of(given: dict[str, dict[str, Any]]) -> list[str]:
    with pytest.raises(SpecError) as refused:
        calls(given, CIDR)
    return [str(problem) for problem in refused.value.problems]


def test_the_example_is_accepted_by_the_module_on_every_host() -> None:
    for call in calls(hosts(), CIDR).values():
        assert parse_call({"state": "exact", **call}).spec.routers


def test_hosts_differ_in_their_ha_addresses_and_priorities_only() -> None:
    found = calls(hosts(), CIDR)
    priorities = [{router.pop("priority") for router in call["routers"]} for call in found.values()]
    assert priorities == [{128}, {64}, {96}]
    addresses = [router.pop("ha_address") for call in found.values() for router in call["routers"]]
    assert len(set(addresses)) == len(addresses) == 6
    assert found["edge1"] == found["edge2"] == found["edge3"]


def test_numbers_do_not_change_when_a_router_or_a_host_is_added() -> None:
    before = calls(hosts("edge1", "edge2"), CIDR)
    more = hosts()
    for host in more.values():
        host["routers"].append({"name": "lab", "ha_network": "ha"})
    after = calls(more, CIDR)
    for name, call in before.items():
        assert after[name]["routers"][:2] == call["routers"]


def test_254_routers_get_254_virtual_router_ids_and_one_more_is_refused() -> None:
    routers = [{"name": "r%d" % number, "ha_network": "ha"} for number in range(255)]
    found = calls({"edge1": {"networks": [], "routers": routers[:254]}}, CIDR)
    assert {router["virtual_router_id"] for router in found["edge1"]["routers"]} == set(range(1, 255))
    assert any("all 254" in text for text in problems_of({"edge1": {"networks": [], "routers": routers}}))


@pytest.mark.parametrize(
    ("key", "value", "what"),
    [
        ("advert_interval", 3, "edge2.node_routers_routers[0].advert_interval: differs from that of edge1"),
        ("virtual_router_id", 9, "edge1.node_routers_routers[1].virtual_router_id: 9 is already"),
        ("ha_address", "169.254.200.1/18", "edge2.node_routers_routers[0].ha_address: 169.254.200.1 is already"),
    ],
)
def test_what_hosts_disagree_about_is_refused_by_name(key: str, value: Any, what: str) -> None:
    given = hosts("edge1", "edge2")
    given["edge2"]["routers"][0][key] = value
    if key == "ha_address":
        given["edge1"]["routers"][0][key] = value
    if key == "virtual_router_id":
        given["edge1"]["routers"][1][key] = value
        given["edge2"]["routers"].pop()
    assert any(text.startswith(what) for text in problems_of(given))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"virtual_router_id": 0}, ".virtual_router_id: 0 is out of range: 1 to 254"),
        ({"virtual_router_id": 300}, ".virtual_router_id: 300 is out of range: 1 to 254"),
        ({"interfaces": {"network": "blue"}}, ".interfaces: is no list of dictionaries"),
        ({"external_gateway": "provider"}, ".external_gateway: is no dictionary"),
        ({"priority": 0}, ".priority: 0 is out of range: 1 to 255"),
        ({"ha_network": None}, ".ha_network: is missing; every router needs it"),
        ({"ha_address": "somewhere"}, ".ha_address: somewhere is no address with a prefix length, such as"),
        ({"interfaces": [{"network": "blue", "mac_address": "fa:16"}]}, ".interfaces[0].mac_address: fa:16 is no MAC"),
        ({"interfaces": [{"addresses": ["10.0.0.1/24"]}]}, ".interfaces[0].network: is missing"),
    ],
)
def test_what_nothing_can_be_derived_from_is_refused_by_name(change: dict[str, Any], what: str) -> None:
    given = hosts("edge1")
    given["edge1"]["routers"][0].update(change)
    (text,) = problems_of(given)
    assert text.startswith("edge1.node_routers_routers[0]" + what)


def test_a_host_whose_variables_are_not_set_is_no_host_without_routers() -> None:
    given = hosts("edge1", "edge2")
    given["edge2"].update(networks=[], routers=None)
    assert problems_of(given) == [
        "edge2.node_routers_routers: is not set in the inventory, for the host or a group; to have none, set it to []"
    ]
    given["edge2"]["routers"] = []
    assert calls(given, CIDR)["edge2"] == {"networks": [], "routers": []}


@pytest.mark.parametrize(("key", "value"), [("vni", 99), ("group", "239.1.1.1"), ("kind", "flat"), ("mtu", 1400)])
def test_a_network_that_is_another_one_elsewhere_is_refused(key: str, value: Any) -> None:
    given = hosts("edge1", "edge2")
    at, network = next((at, one) for at, one in enumerate(given["edge2"]["networks"]) if one["kind"] == "vxlan")
    network[key] = value
    network["uplink"] = "eth7"
    (text,) = problems_of(given)
    assert text.startswith("edge2.node_routers_networks[%d].%s: %s differs from that of edge1" % (at, key, value))


def test_a_mac_address_that_two_routers_have_on_a_network_is_refused() -> None:
    given = hosts("edge1")
    for router in given["edge1"]["routers"]:
        router["external_gateway"]["mac_address"] = "FA-16-3E-00-00-01"
    assert any("external_gateway.mac_address: FA-16-3E-00-00-01 is already" in text for text in problems_of(given))


def test_an_address_that_routers_of_different_hosts_have_on_a_network_is_refused() -> None:
    given = hosts("edge1", "edge2")
    given["edge1"]["routers"].pop()
    given["edge2"]["routers"].pop(0)
    given["edge2"]["routers"][0]["external_gateway"]["addresses"] = ["203.0.113.101/24"]
    (text,) = problems_of(given)
    path, _colon, what = text.partition(": ")
    assert path == "edge2.node_routers_routers[0].external_gateway.addresses[0]"
    assert what == "203.0.113.101 is already that of router office on network provider: choose another"


def test_virtual_router_ids_that_hosts_give_differently_are_refused() -> None:
    given = hosts("edge1", "edge2")
    given["edge1"]["routers"][0]["virtual_router_id"] = 5
    given["edge2"]["routers"][0]["virtual_router_id"] = 6
    (text,) = problems_of(given)
    assert text.startswith("edge2.node_routers_routers[0].virtual_router_id: 6 differs from that of edge1, 5: ")


@pytest.mark.parametrize("cidr", ["here", "fd00::/64", "169.254.192.0/24"])
def test_ha_addresses_are_taken_from_an_ipv4_network_with_room(cidr: str) -> None:
    with pytest.raises(SpecError, match="node_routers_ha_cidr: %s is " % cidr):
        calls(hosts(), cidr)


@pytest.mark.parametrize("number", [0, 65, "first"])
def test_a_host_number_that_there_is_not_is_refused(number: Any) -> None:
    given = hosts("edge1", "edge2")
    given["edge2"]["number"] = number
    assert problems_of(given) == ["edge2.node_routers_number: %s is out of range: 1 to 64" % number]


@pytest.mark.parametrize(("key", "value"), [("site", "north"), ("ha_cidr", "169.254.128.0/18")])
def test_what_all_hosts_need_the_same_of_is_refused_where_one_has_another(key: str, value: str) -> None:
    given = hosts("edge1", "edge2")
    given["edge2"][key] = value
    (text,) = problems_of(given)
    assert text.startswith("edge2.node_routers_%s: is '%s', and '" % (key, value))


def test_a_host_number_that_two_hosts_have_is_refused() -> None:
    given = hosts("edge1", "edge2")
    given["edge1"]["number"] = 2
    assert problems_of(given) == [
        "edge2.node_routers_number: 2 is already that of edge1: give every host a number of its own"
    ]


def test_no_two_of_64_hosts_have_the_same_priority_and_the_first_four_are_far_apart() -> None:
    found = [priority(number) for number in range(1, HOSTS + 1)]
    assert len(set(found)) == 64 and min(found) >= 1 and max(found) == 128
    assert sorted(found[:4]) == [32, 64, 96, 128]


def test_a_priority_that_is_given_is_kept() -> None:
    given = hosts("edge1", "edge2")
    given["edge2"]["routers"][0]["priority"] = 7
    assert calls(given, CIDR)["edge2"]["routers"][0]["priority"] == 7


def test_a_priority_that_two_hosts_have_for_a_router_is_refused() -> None:
    given = hosts("edge1", "edge2")
    for host in given.values():
        host["routers"][0]["priority"] = 50
    assert problems_of(given) == [
        "edge2.node_routers_routers[0].priority: 50 is already that of router office on host edge1: choose another"
    ]
