# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.ha_router_spec import Route, WantGateway, parse


def problems(**params):
    with pytest.raises(SpecError) as refusal:
        parse({"name": "r", **params})
    return [str(problem) for problem in refusal.value.problems]


def test_what_is_not_given_is_none_and_what_is_empty_is_empty():
    unset, empty = parse({"name": "r"}), parse({"name": "r", "interfaces": [], "routes": [], "external_gateway": {}})
    assert (unset.interfaces, unset.routes, unset.external_gateway, unset.ha) == (None, None, None, None)
    assert (empty.interfaces, empty.routes, empty.external_gateway) == ((), (), WantGateway(None))


def test_a_gateway_with_unset_suboptions_is_no_gateway():
    suboptions = {"network": None, "addresses": None, "enable_snat": None}
    assert parse({"name": "r", "external_gateway": suboptions}).external_gateway == WantGateway(None)


def test_gateway_addresses_are_plain_or_dictionaries():
    gateway = {"network": "n", "addresses": ["203.0.113.5", {"subnet": "s"}, {"address": "2001:DB8::05"}]}
    wanted = parse({"name": "r", "external_gateway": gateway}).external_gateway
    assert [(item.address, item.subnet) for item in wanted.addresses] == [
        ("203.0.113.5", None),
        (None, "s"),
        ("2001:db8::5", None),
    ]


def test_routes_are_normal_sorted_and_without_duplicates():
    routes = [
        {"destination": "2001:DB8:0::/48", "nexthop": "2001:db8::0001"},
        {"destination": "192.0.2.0/24", "nexthop": "198.51.100.1"},
        {"destination": "192.0.2.0/255.255.255.0", "nexthop": "198.51.100.1"},
    ]
    assert parse({"name": "r", "routes": routes}).routes == (
        Route("192.0.2.0/24", "198.51.100.1"),
        Route("2001:db8::/48", "2001:db8::1"),
    )


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"name": " "}, "name: is empty"),
        ({"timeout": 0}, "timeout: 0 is not"),
        ({"interfaces": [{}]}, "interfaces[0]: give either subnet or port"),
        ({"interfaces": [{"subnet": "s", "port": "p"}]}, "interfaces[0]: give either subnet or port"),
        ({"interfaces": [{"port": "p", "address": "192.0.2.1"}]}, "interfaces[0].address: 192.0.2.1: a port brings"),
        ({"interfaces": [{"subnet": "s", "address": "192.0.2.300"}]}, 'interfaces[0].address: "192.0.2.300" is not'),
        ({"external_gateway": {"enable_snat": False}}, "external_gateway.network: is missing"),
        ({"external_gateway": {"network": "n", "addresses": []}}, "external_gateway.addresses: a gateway has"),
        ({"external_gateway": {"network": "n", "addresses": [7]}}, "external_gateway.addresses[0]: 7 is neither"),
        ({"external_gateway": {"network": "n", "addresses": [{"ip": "x"}]}}, "external_gateway.addresses[0]: {'ip'"),
        ({"external_gateway": {"network": "n", "addresses": ["x"]}}, 'external_gateway.addresses[0].address: "x" is'),
        ({"routes": [{"destination": "everywhere", "nexthop": "192.0.2.1"}]}, 'routes[0].destination: "everywhere"'),
        ({"routes": [{"destination": "192.0.2.1/24", "nexthop": "192.0.2.1"}]}, "host bits set; 192.0.2.0/24?"),
        ({"routes": [{"destination": "2001:db8::/64", "nexthop": "192.0.2.1"}]}, "routes[0].nexthop: 192.0.2.1 is not"),
        ({"routes": [{"destination": "192.0.2.0/24", "nexthop": "x"}]}, 'routes[0].nexthop: "x" is not an address'),
    ],
)
def test_bad_input_is_told_with_its_path(params, told):
    (problem,) = problems(**params)
    assert told in problem


def test_every_problem_is_told_at_once():
    assert len(problems(timeout=0, interfaces=[{}, {}], routes=[{"destination": "x", "nexthop": "y"}])) == 5
