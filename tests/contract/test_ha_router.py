# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ha_router on the fake, and on the Neutron of a lab when LAB_CLOUDS_YAML names its clouds.yaml."""

from __future__ import annotations

import itertools
import os
import uuid

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.ha_router_spec import argument_spec
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.ha_router_state import INTERRUPTED
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.neutron import ApiError, Neutron
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.neutron_router_operation import RouterOperation
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.neutron_router_report import router_report
from ansible_collections.linuxbridge.vrrp.tests.fakes.module_run import run
from ansible_collections.linuxbridge.vrrp.tests.fakes.neutron import FakeNeutron, Killed


class Mortal:
    """An API whose user is killed before the request that would be one change too many."""

    def __init__(self, api, changes):
        self._api = api
        self.left = changes

    def __getattr__(self, name):
        if name in ("put", "post", "delete"):
            if self.left == 0:
                raise Killed
            self.left -= 1
        return getattr(self._api, name)


class World:
    """Things of a test's own, in a project of its own, which are gone after it.

    kill_every: 1 to try each request as the last of a killed run, more to leave some out where requests take long.
    """

    def __init__(self, api, project, member, kill_every):
        self.api = api
        self.kill_every = kill_every
        self.project = project
        self.member = member
        self.tag = "contract-%s" % uuid.uuid4().hex[:8]
        self._made = []
        self._octets = itertools.count(0, 16)

    def name(self, text):
        return "%s-%s" % (self.tag, text)

    def make(self, kind, **body):
        made = self.api.post("/%ss" % kind, {kind: {"project_id": self.project, **body}})[kind]
        self._made.append("/%ss/%s" % (kind, made["id"]))
        return made

    def network(self, text, **body):
        return self.make("network", name=self.name(text), **body)

    def subnet(self, text, **body):
        """A subnet with a network of its own, on addresses of its own."""
        network_id = body.pop("network_id", None) or self.network(text)["id"]
        cidr = body.pop("cidr", "198.51.100.%d/28" % next(self._octets))
        return self.make(
            "subnet", name=self.name(text), network_id=network_id, cidr=cidr, ip_version=4, enable_dhcp=False, **body
        )

    def outside(self):
        network = self.network("outside", **{"router:external": True})
        self.subnet("outside", network_id=network["id"], cidr="203.0.113.128/26")
        return network

    def port(self, subnet, address, **body):
        ips = [{"subnet_id": subnet["id"], "ip_address": address}]
        return self.make("port", network_id=subnet["network_id"], fixed_ips=ips, **body)

    def host(self, subnet, number):
        return "%s.%d" % (subnet["gateway_ip"].rsplit(".", 1)[0], int(subnet["gateway_ip"].rsplit(".", 1)[1]) + number)

    def run(self, text="router", api=None, **params):
        params.setdefault("wait", False)
        if "project" not in params:
            params["project"] = self.project
        name = params.pop("name", None) or self.name(text)
        operation = RouterOperation(lambda: api or self.api)
        return run(operation, argument_spec(), name=name, **params)

    def router(self, text="router", **params):
        result = self.run(text, **params)
        assert not result["failed"], result
        return result["router"]

    @staticmethod
    def decided(result):
        """The router without what agents tell in their own time."""
        return {key: value for key, value in result["router"].items() if key != "agents"}

    def stored(self, text="router"):
        return self.api.find("routers", name=self.name(text))

    def clear(self):
        for item in self.api.find("floatingips", project_id=self.project):
            self.api.delete("/floatingips/%s" % item["id"])
        for item in self.api.find("routers", project_id=self.project):
            result = self.run(name=item["id"], state="absent")
            assert not result["failed"], result
        for path in reversed(self._made):
            self.api.delete(path)
        for port in self.api.find("ports", project_id=self.project):
            self.api.delete("/ports/%s" % port["id"])


def fake_world():
    api = FakeNeutron()
    project = api.project("contract")
    yield World(api, project, api.member_of(project), kill_every=1)


def lab_world():
    openstack = pytest.importorskip("openstack", reason="the real edge needs openstacksdk")
    os.environ["OS_CLIENT_CONFIG_FILE"] = os.environ["LAB_CLOUDS_YAML"]
    connection = openstack.connect(cloud=os.environ.get("LAB_CLOUD", "lab"))
    name, password = "contract-%s" % uuid.uuid4().hex[:8], uuid.uuid4().hex
    project = connection.identity.create_project(name=name, domain_id="default")
    user = connection.identity.create_user(
        name=name, password=password, domain_id="default", default_project_id=project.id
    )
    role = connection.identity.find_role("member") or connection.identity.create_role(name="member")
    connection.identity.assign_project_role_to_user(project, user, role)
    member = connection.connect_as(username=name, password=password, project_id=project.id)
    world = World(Neutron(connection), project.id, Neutron(member), kill_every=3)
    try:
        yield world
        world.clear()
    finally:
        connection.identity.delete_user(user)
        connection.identity.delete_project(project)


WORLDS = {"fake": fake_world, "lab": lab_world}


@pytest.fixture(params=["fake", pytest.param("lab", marks=pytest.mark.lab)])
def world(request):
    if request.param == "lab" and not os.environ.get("LAB_CLOUDS_YAML"):
        pytest.skip("LAB_CLOUDS_YAML names no clouds.yaml of a lab")
    yield from WORLDS[request.param]()


def test_a_router_is_made_as_asked_and_a_second_run_changes_nothing(world):
    inside, outside = world.subnet("inside"), world.outside()
    wanted = {
        "ha": True,
        "description": "for the contract",
        "interfaces": [{"subnet": inside["name"]}],
        "external_gateway": {"network": outside["name"]},
        "routes": [{"destination": "192.0.2.0/24", "nexthop": world.host(inside, 1)}],
    }
    first, second = world.run(**wanted), world.run(**wanted)
    assert first["changed"] and not first["failed"], first
    assert second["changed"] is False and second["actions"] == [], second
    router = second["router"]
    assert (router["ha"], router["admin_state_up"], router["project_id"]) == (True, True, world.project)
    assert [item["address"] for item in router["interfaces"]] == [inside["gateway_ip"]]
    assert router["external_gateway"]["network"] == outside["name"]
    assert router["external_gateway"]["enable_snat"] is True
    assert router["routes"] == wanted["routes"]
    assert router["ha_network"]["name"].endswith(world.project)


def test_check_mode_says_what_the_run_does_and_changes_nothing(world):
    inside, outside = world.subnet("inside"), world.outside()
    wanted = {"ha": True, "interfaces": [{"subnet": inside["id"]}], "external_gateway": {"network": outside["id"]}}
    checked = world.run(check_mode=True, **wanted)
    assert world.stored() == []
    done = world.run(**wanted)
    for key in ("changed", "actions", "diff"):
        assert checked[key] == done[key]
    after = done["diff"]["after"]
    known = {key: value for key, value in done["router"].items() if key in after and key != "external_gateway"}
    assert known == {key: value for key, value in after.items() if key != "external_gateway"}


def test_what_is_not_given_stays(world):
    inside, outside = world.subnet("inside"), world.outside()
    wanted = {"interfaces": [{"subnet": inside["id"]}], "external_gateway": {"network": outside["id"]}}
    before = world.decided(world.run(description="stays", ha=False, **wanted))
    result = world.run()
    assert (result["changed"], world.decided(result)) == (False, before)


def test_empty_lists_and_an_empty_gateway_make_empty(world):
    inside, outside = world.subnet("inside"), world.outside()
    world.router(
        interfaces=[{"subnet": inside["id"]}],
        external_gateway={"network": outside["id"]},
        routes=[{"destination": "192.0.2.0/24", "nexthop": world.host(inside, 1)}],
    )
    router = world.router(interfaces=[], external_gateway={}, routes=[])
    assert (router["interfaces"], router["external_gateway"], router["routes"]) == ([], None, [])


def test_interfaces_not_listed_go_and_the_others_keep_their_ports(world):
    one, two, three = world.subnet("one"), world.subnet("two"), world.subnet("three")
    world.router(interfaces=[{"subnet": one["id"]}, {"subnet": two["id"]}])
    router_id = world.stored()[0]["id"]
    kept = world.api.find("ports", device_id=router_id, network_id=two["network_id"])[0]["id"]
    router = world.router(interfaces=[{"subnet": two["id"]}, {"subnet": three["id"]}])
    assert sorted(item["subnet_id"] for item in router["interfaces"]) == sorted([two["id"], three["id"]])
    assert world.api.find("ports", device_id=router_id, network_id=two["network_id"])[0]["id"] == kept


def test_an_extra_interface_has_the_address_asked_for(world):
    inside = world.subnet("inside")
    world.router("first", interfaces=[{"subnet": inside["id"]}])
    address = world.host(inside, 4)
    wanted = {"interfaces": [{"subnet": inside["name"], "address": address}]}
    assert world.router("second", **wanted)["interfaces"][0]["address"] == address
    assert world.run("second", **wanted)["changed"] is False


def test_a_taken_gateway_address_is_told_with_its_port_before_anything_changes(world):
    inside = world.subnet("inside")
    world.router("first", interfaces=[{"subnet": inside["id"]}])
    result = world.run("second", interfaces=[{"subnet": inside["id"]}])
    port = world.api.find("ports", network_id=inside["network_id"])[0]["id"]
    assert result["failed"] and not result["changed"]
    assert inside["gateway_ip"] in result["msg"] and port in result["msg"]
    assert world.stored("second") == []


def test_an_interface_can_be_a_port_and_detaching_it_removes_the_port(world):
    inside = world.subnet("inside")
    port = world.port(inside, world.host(inside, 3), name=world.name("port"))
    wanted = {"interfaces": [{"port": port["name"]}]}
    assert world.router(**wanted)["interfaces"][0]["address"] == world.host(inside, 3)
    assert world.run(**wanted)["changed"] is False
    world.router(interfaces=[])
    assert world.api.find("ports", id=port["id"]) == []


def test_a_port_in_use_is_refused(world):
    inside = world.subnet("inside")
    port = world.port(inside, world.host(inside, 3), device_id="instance-1", device_owner="compute:nova")
    result = world.run(interfaces=[{"port": port["id"]}])
    assert result["failed"] and "in use by compute:nova instance-1" in result["msg"]
    assert world.stored() == []


def test_a_changed_address_replaces_the_interface(world):
    inside = world.subnet("inside")
    world.router(interfaces=[{"subnet": inside["id"]}])
    address = world.host(inside, 5)
    router = world.router(interfaces=[{"subnet": inside["id"], "address": address}])
    assert [item["address"] for item in router["interfaces"]] == [address]


def test_gateway_addresses_and_translation_are_set_and_kept(world):
    outside = world.outside()
    gateway = {"network": outside["name"], "addresses": ["203.0.113.150"], "enable_snat": False}
    router = world.router(external_gateway=gateway)
    assert [item["address"] for item in router["external_gateway"]["addresses"]] == ["203.0.113.150"]
    assert router["external_gateway"]["enable_snat"] is False
    assert world.run(external_gateway=gateway)["changed"] is False
    moved = {"network": outside["name"], "addresses": [{"address": "203.0.113.151", "subnet": world.name("outside")}]}
    router = world.router(external_gateway=moved)
    assert [item["address"] for item in router["external_gateway"]["addresses"]] == ["203.0.113.151"]
    assert router["external_gateway"]["enable_snat"] is False
    router = world.router(external_gateway={"network": outside["name"], "enable_snat": True})
    assert [item["address"] for item in router["external_gateway"]["addresses"]] == ["203.0.113.151"]
    assert router["external_gateway"]["enable_snat"] is True


def test_a_network_that_is_not_external_is_refused_as_a_gateway(world):
    network = world.network("inside")
    with pytest.raises(ApiError) as refusal:
        world.make("router", name=world.name("r"), external_gateway_info={"network_id": network["id"]})
    assert refusal.value.status == 400
    result = world.run(external_gateway={"network": network["name"]})
    assert result["failed"] and "not an external network" in result["msg"] and world.stored() == []


def test_neutron_refuses_ha_on_a_router_that_is_up(world):
    router = world.router(ha=False)
    with pytest.raises(ApiError) as refusal:
        world.api.put("/routers/%s" % router["id"], {"router": {"ha": True}})
    assert refusal.value.status == 400


def test_turning_ha_on_needs_leave_to_interrupt(world):
    world.router(ha=False)
    for check_mode in (True, False):
        result = world.run(ha=True, check_mode=check_mode)
        assert result["failed"] and "allow_interruption" in result["msg"] and "traffic stops" in result["msg"]
    assert world.stored()[0]["ha"] is False


def test_ha_is_turned_on_and_off_and_the_router_is_up_again(world):
    inside = world.subnet("inside")
    world.router(ha=False, interfaces=[{"subnet": inside["id"]}])
    for ha in (True, False):
        result = world.run(ha=ha, allow_interruption=True)
        assert not result["failed"], result
        assert (result["router"]["ha"], result["router"]["admin_state_up"]) == (ha, True)
        assert result["interruption_seconds"] >= 0
        assert INTERRUPTED not in world.stored()[0]["tags"]
        assert world.run(ha=ha)["changed"] is False


def test_ha_of_a_router_that_is_down_changes_without_leave_and_it_stays_down(world):
    world.router(ha=False, admin_state_up=False)
    result = world.run(ha=True)
    assert (result["router"]["ha"], result["router"]["admin_state_up"]) == (True, False)
    assert "interruption_seconds" not in result


def test_a_run_killed_anywhere_is_finished_by_the_next(world):
    inside, spare, outside = world.subnet("inside"), world.subnet("spare"), world.outside()
    wanted = {
        "ha": True,
        "allow_interruption": True,
        "interfaces": [{"subnet": inside["id"]}, {"subnet": spare["id"], "address": world.host(spare, 2)}],
        "external_gateway": {"network": outside["id"]},
        "routes": [{"destination": "192.0.2.0/24", "nexthop": world.host(inside, 1)}],
    }
    for changes in itertools.count(1, world.kill_every):
        world.run(state="absent")
        world.router(ha=False)
        mortal = Mortal(world.api, changes)
        try:
            world.run(api=mortal, **wanted)
        except Killed:
            finished = world.run(**{**wanted, "allow_interruption": world.stored()[0]["admin_state_up"]})
            assert not finished["failed"], (changes, finished)
        router = world.run(**wanted)
        assert (router["changed"], router["router"]["admin_state_up"], router["router"]["ha"]) == (False, True, True)
        assert INTERRUPTED not in world.stored()[0]["tags"]
        left = world.api.find("ports", project_id=world.project, network_id=spare["network_id"])
        assert len(left) == 1, (changes, left)
        if mortal.left > 0:
            return


def test_an_unreachable_next_hop_is_refused_before_anything_changes(world):
    inside = world.subnet("inside")
    result = world.run(
        interfaces=[{"subnet": inside["id"]}], routes=[{"destination": "192.0.2.0/24", "nexthop": "203.0.113.9"}]
    )
    assert result["failed"] and "192.0.2.0/24 via 203.0.113.9" in result["msg"] and world.stored() == []
    router = world.router(interfaces=[{"subnet": inside["id"]}])
    with pytest.raises(ApiError) as refusal:
        routes = [{"destination": "192.0.2.0/24", "nexthop": "203.0.113.9"}]
        world.api.put("/routers/%s" % router["id"], {"router": {"routes": routes}})
    assert refusal.value.status == 400


def test_an_interface_that_a_route_needs_is_not_taken_away(world):
    inside = world.subnet("inside")
    routes = [{"destination": "192.0.2.0/24", "nexthop": world.host(inside, 1)}]
    router = world.router(interfaces=[{"subnet": inside["id"]}], routes=routes)
    result = world.run(interfaces=[])
    assert result["failed"] and "192.0.2.0/24" in result["msg"]
    with pytest.raises(ApiError) as refusal:
        world.api.put("/routers/%s/remove_router_interface" % router["id"], {"subnet_id": inside["id"]})
    assert (refusal.value.status, refusal.value.kind) == (409, "RouterInterfaceInUseByRoute")
    assert world.router(interfaces=[], routes=[])["interfaces"] == []


def test_floating_ips_in_the_way_are_named_before_anything_changes(world):
    inside, outside = world.subnet("inside"), world.outside()
    world.router(interfaces=[{"subnet": inside["id"]}], external_gateway={"network": outside["id"]})
    port = world.port(inside, world.host(inside, 6))
    floating = world.make("floatingip", floating_network_id=outside["id"], port_id=port["id"])
    before = world.decided(world.run())
    for wanted in ({"interfaces": []}, {"external_gateway": {}}, {"state": "absent"}):
        result = world.run(**wanted)
        assert result["failed"] and not result["changed"], wanted
        assert floating["floating_ip_address"] in result["msg"] and floating["id"] in result["msg"]
    assert world.decided(world.run()) == before
    for path, body, kind in (
        ("/remove_router_interface", {"subnet_id": inside["id"]}, "RouterInterfaceInUseByFloatingIP"),
        ("", {"router": {"external_gateway_info": {}}}, "RouterExternalGatewayInUseByFloatingIp"),
    ):
        with pytest.raises(ApiError) as refusal:
            world.api.put("/routers/%s%s" % (before["id"], path), body)
        assert (refusal.value.status, refusal.value.kind) == (409, kind)


def test_a_name_of_two_routers_is_refused_and_an_id_is_not(world):
    ids = [world.make("router", name=world.name("router"))["id"] for _unused in range(2)]
    result = world.run(description="which?")
    assert result["failed"] and all(router_id in result["msg"] for router_id in ids)
    assert world.router(name=ids[1], description="this one")["id"] == ids[1]
    assert [item["description"] for item in world.stored() if item["id"] == ids[0]] == [""]


def test_unknown_things_are_all_named_at_once(world):
    unknown = str(uuid.uuid4())
    result = world.run(
        interfaces=[{"subnet": "no-such-subnet"}, {"port": unknown}], external_gateway={"network": "no-such-network"}
    )
    assert result["failed"] and len(result["problems"]) == 3
    for text in ("interfaces[0].subnet", "no-such-subnet", "interfaces[1].port", unknown, "no-such-network"):
        assert text in result["msg"]
    assert "no-such-project" in world.run(project="no-such-project")["msg"]
    assert world.stored() == []


def test_overlapping_subnets_are_refused_before_anything_changes(world):
    one = world.subnet("one", cidr="198.51.100.0/25")
    two = world.subnet("two", cidr="198.51.100.64/27")
    result = world.run(interfaces=[{"subnet": one["id"]}, {"subnet": two["id"]}])
    assert result["failed"] and one["name"] in result["msg"] and two["name"] in result["msg"] and world.stored() == []
    router = world.router(interfaces=[{"subnet": one["id"]}])
    with pytest.raises(ApiError) as refusal:
        world.api.put("/routers/%s/add_router_interface" % router["id"], {"subnet_id": two["id"]})
    assert refusal.value.status == 400


def test_a_full_quota_is_told_with_its_figures(world):
    world.api.put("/quotas/%s" % world.project, {"quota": {"router": 1}})
    world.router("first")
    result = world.run("second")
    assert result["failed"] and not result["changed"]
    assert "router 1 of 1 used" in result["msg"] and world.project in result["msg"]


def test_who_is_no_administrator_is_told_so_for_ha(world):
    result = world.run(api=world.member, project=None, ha=True)
    assert result["failed"] and "administrator" in result["msg"] and world.stored() == []
    router = world.router(api=world.member, project=None, wait=True)
    assert (router["ha"], router["agents"], router["project_id"]) == (None, None, world.project)
    result = world.run(api=world.member, project=None, ha=True)
    assert result["failed"] and "administrator" in result["msg"]


def test_absent_takes_everything_away_and_then_there_is_nothing_to_do(world):
    inside, outside = world.subnet("inside"), world.outside()
    world.router(
        ha=True,
        interfaces=[{"subnet": inside["id"]}],
        external_gateway={"network": outside["id"]},
        routes=[{"destination": "192.0.2.0/24", "nexthop": world.host(inside, 1)}],
    )
    assert world.run(state="absent", check_mode=True)["changed"] is True
    first, second = world.run(state="absent"), world.run(state="absent")
    assert (first["changed"], second["changed"], second["router"], world.stored()) == (True, False, None, [])


def test_waiting_ends_when_exactly_one_agent_is_active(world):
    inside, outside = world.subnet("inside"), world.outside()
    wanted = {"interfaces": [{"subnet": inside["id"]}], "external_gateway": {"network": outside["id"]}}
    router = world.router(ha=True, wait=True, timeout=180, **wanted)
    assert [agent["ha_state"] for agent in router["agents"]].count("active") == 1
    assert router["status"] == "ACTIVE"


def test_the_report_tells_a_router_its_agents_and_its_ha_network(world):
    inside, outside = world.subnet("inside"), world.outside()
    made = world.router(ha=True, interfaces=[{"subnet": inside["id"]}], external_gateway={"network": outside["id"]})
    world.router("plain", ha=False)
    found = router_report(world.api, project=world.project, ha=True)
    (told,) = found["routers"]
    assert (told["id"], told["ha_network"]) == (made["id"], made["ha_network"])
    assert [agent["host"] for agent in told["agents"]] == [agent["host"] for agent in made["agents"]]
    assert [item["address"] for item in told["interfaces"]] == [inside["gateway_ip"]]
    assert told["external_gateway"]["network_id"] == outside["id"]
    (network,) = found["ha_networks"]
    assert (network["virtual_router_ids_used"], network["virtual_router_ids_free"]) == (1, 253)
    host = told["agents"][0]["host"]
    on_host = [item["id"] for item in router_report(world.api, project=world.project, host=host)["routers"]]
    assert made["id"] in on_host
