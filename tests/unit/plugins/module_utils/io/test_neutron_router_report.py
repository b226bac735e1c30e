# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.neutron_router_report import router_report
from ansible_collections.linuxbridge.vrrp.tests.fakes.neutron import FakeNeutron


@pytest.fixture
def cloud():
    """demo has two HA routers and one that is not; admin has one that is not."""
    cloud = FakeNeutron(settle_after=0)
    demo = cloud.project("demo")
    for name, ha in (("a", True), ("b", True), ("c", False)):
        cloud.post("/routers", {"router": {"name": name, "ha": ha, "project_id": demo}})
    cloud.post("/routers", {"router": {"name": "d"}})
    return cloud


def names(found):
    return [item["name"] for item in found["routers"]]


def test_all_routers_are_told_with_agents_and_who_is_active(cloud):
    found = router_report(cloud)
    assert names(found) == ["a", "b", "c", "d"]
    first, third = found["routers"][0], found["routers"][2]
    assert first["agents"] == [
        {"host": "network1", "alive": True, "ha_state": "active"},
        {"host": "network2", "alive": True, "ha_state": "standby"},
    ]
    assert (first["active_hosts"], first["project"]) == (["network1"], "demo")
    assert third["active_hosts"] is None
    assert (third["agents"], third["ha_network"]) == ([{"host": "network1", "alive": True, "ha_state": None}], None)


def test_ha_networks_tell_the_virtual_router_ids_of_all_the_projects_routers(cloud):
    found = router_report(cloud, name="a")
    (network,) = found["ha_networks"]
    assert network["id"] == found["routers"][0]["ha_network"]["id"]
    assert network["name"] == found["routers"][0]["ha_network"]["name"] == "HA network tenant " + network["project_id"]
    assert (network["project"], network["virtual_router_ids_used"], network["virtual_router_ids_free"]) == (
        "demo",
        2,
        252,
    )


def test_a_router_in_error_uses_no_virtual_router_id(cloud):
    cloud.vrids = 2
    made = cloud.post(
        "/routers", {"router": {"name": "e", "ha": True, "project_id": cloud.projects(name="demo")[0]["id"]}}
    )
    assert made["router"]["status"] == "ERROR"
    assert router_report(cloud)["ha_networks"][0]["virtual_router_ids_used"] == 2


def test_projects_without_ha_routers_have_no_ha_network(cloud):
    found = router_report(cloud, project="admin")
    assert (found["ha_networks"], [item["name"] for item in found["projects"]]) == ([], ["admin"])


@pytest.mark.parametrize(
    ("filters", "told"),
    [
        ({"name": "b"}, ["b"]),
        ({"name": "none"}, []),
        ({"project": "demo"}, ["a", "b", "c"]),
        ({"ha": True}, ["a", "b"]),
        ({"ha": False}, ["c", "d"]),
        ({"host": "network2"}, ["a", "b"]),
        ({"host": "network1", "ha": False, "project": "demo"}, ["c"]),
    ],
)
def test_filters_add_up(cloud, filters, told):
    assert names(router_report(cloud, **filters)) == told


def test_a_router_is_found_by_its_id(cloud):
    router_id = cloud.find("routers", name="b")[0]["id"]
    assert names(router_report(cloud, name=router_id)) == ["b"]


def test_a_host_without_an_agent_and_an_unknown_project_are_errors(cloud):
    with pytest.raises(SpecError, match='"compute1" has no L3 agent; hosts that have one: network1, network2'):
        router_report(cloud, host="compute1")
    with pytest.raises(SpecError, match="no-such-project"):
        router_report(cloud, project="no-such-project")


def test_requests_are_few_and_one_a_router_told(cloud):
    del cloud.requests[:]
    router_report(cloud, ha=True)
    assert len(cloud.requests) == 3 + 2 and cloud.changes == []


def test_who_may_not_see_agents_and_projects_is_told_the_rest(cloud):
    member = cloud.member_of(cloud.projects(name="demo")[0]["id"])
    first = router_report(member)["routers"][0]
    assert (first["name"], first["ha"], first["agents"], first["active_hosts"], first["project"]) == (
        "a",
        None,
        None,
        None,
        None,
    )


def test_interfaces_and_the_gateway_are_told(cloud):
    outside = cloud.post("/networks", {"network": {"name": "outside", "router:external": True}})["network"]
    inside = cloud.post("/networks", {"network": {"name": "inside"}})["network"]
    for network, cidr in ((outside, "203.0.113.0/24"), (inside, "198.51.100.0/24")):
        subnet = cloud.post("/subnets", {"subnet": {"network_id": network["id"], "cidr": cidr}})["subnet"]
    router = cloud.find("routers", name="a")[0]["id"]
    cloud.put("/routers/%s/add_router_interface" % router, {"subnet_id": subnet["id"]})
    cloud.put("/routers/%s" % router, {"router": {"external_gateway_info": {"network_id": outside["id"]}}})
    told = router_report(cloud, name="a")["routers"][0]
    assert [(item["subnet_id"], item["address"]) for item in told["interfaces"]] == [(subnet["id"], "198.51.100.1")]
    assert told["external_gateway"] == {"network_id": outside["id"], "addresses": ["203.0.113.2"]}
