# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ha_router promises, on a fake Neutron that can be made to fail."""

from __future__ import annotations

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.ha_router_spec import argument_spec
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.ha_router_state import INTERRUPTED
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io import neutron_router_apply
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.neutron import ApiError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.neutron_router_operation import RouterOperation
from ansible_collections.linuxbridge.vrrp.tests.fakes.module_run import run
from ansible_collections.linuxbridge.vrrp.tests.fakes.neutron import FakeNeutron


class Clock:
    """Time passes in sleep only."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    from ansible_collections.linuxbridge.vrrp.plugins.module_utils import converge

    clock = Clock()
    monkeypatch.setattr(converge, "time", clock)
    monkeypatch.setattr(neutron_router_apply, "time", clock)
    return clock


@pytest.fixture
def cloud():
    return FakeNeutron()


def ha_router(cloud, **params):
    return run(RouterOperation(lambda: cloud), argument_spec(), name="router1", **params)


def subnet(cloud, cidr="198.51.100.0/24", **body):
    network = cloud.post("/networks", {"network": {"name": "inside"}})["network"]
    return cloud.post("/subnets", {"subnet": {"name": "s", "network_id": network["id"], "cidr": cidr, **body}})[
        "subnet"
    ]


def router(cloud, **params):
    result = ha_router(cloud, **params)
    assert not result["failed"], result
    return result["router"]


def stored(cloud):
    (item,) = cloud.find("routers", name="router1")
    return item


def test_turning_ha_on_takes_the_router_down_first_and_marks_it_before_that(cloud):
    made = router(cloud, ha=False)
    del cloud.requests[:]
    ha_router(cloud, ha=True, allow_interruption=True)
    path = "/routers/" + made["id"]
    tag = "%s/tags/%s" % (path, INTERRUPTED)
    assert cloud.changes == [("PUT", tag), ("PUT", path), ("PUT", path), ("PUT", path), ("DELETE", tag)]


def test_ha_changes_only_when_the_agents_have_taken_the_router_down(cloud, clock):
    router(cloud, ha=False, interfaces=[{"subnet": subnet(cloud)["id"]}])
    cloud.stuck = True
    result = ha_router(cloud, ha=True, allow_interruption=True)
    assert result["failed"] and "have not taken it down within 60 seconds" in result["msg"]
    assert "network1" in result["msg"] and "the router was down for 60.0 seconds" in result["msg"]
    assert (stored(cloud)["ha"], stored(cloud)["admin_state_up"], stored(cloud)["tags"]) == (False, True, [])
    assert result["changed"] is False


def test_agents_are_waited_for_also_when_somebody_else_took_the_router_down(cloud, clock):
    """As after a run that was killed in between: what was active on a node would stay there."""
    router(cloud, ha=False, interfaces=[{"subnet": subnet(cloud)["id"]}])
    cloud.stuck = True
    router(cloud, admin_state_up=False)
    result = ha_router(cloud, ha=True)
    assert result["failed"] and "have not taken it down within 60 seconds" in result["msg"]
    assert (stored(cloud)["ha"], stored(cloud)["admin_state_up"]) == (False, False)
    cloud.stuck = False
    router(cloud, admin_state_up=True)
    router(cloud, admin_state_up=False)
    assert router(cloud, ha=True)["ha"] is True


def test_a_dead_agent_is_not_waited_for(cloud, clock):
    router(cloud, ha=False, interfaces=[{"subnet": subnet(cloud)["id"]}])
    cloud.stuck = True
    cloud.agent_dies("network1")
    assert router(cloud, ha=True, allow_interruption=True, wait=False)["ha"] is True


@pytest.mark.parametrize("request_number", [1, 2, 3])
def test_a_step_of_the_interruption_that_fails_puts_the_old_state_back(cloud, request_number):
    made = router(cloud, ha=False, description="as before")
    before = stored(cloud)
    for _unused in range(request_number - 1):
        cloud.let_pass("PUT", "^/routers/%s$" % made["id"])
    cloud.fail("PUT", "^/routers/%s$" % made["id"])
    result = ha_router(cloud, ha=True, allow_interruption=True)
    assert result["failed"] and not result["changed"] and "the old state is put back" in result["msg"]
    assert "seconds" in result["msg"]
    assert stored(cloud) == before


def test_a_router_that_could_not_be_put_back_is_brought_up_by_the_next_run(cloud):
    made = router(cloud, ha=False)
    cloud.let_pass("PUT", "^/routers/%s$" % made["id"])
    for _unused in range(2):
        cloud.fail("PUT", "^/routers/%s$" % made["id"])
    result = ha_router(cloud, ha=True, allow_interruption=True)
    assert result["failed"] and result["changed"] and "left down" in result["msg"]
    assert (stored(cloud)["admin_state_up"], stored(cloud)["tags"]) == (False, [INTERRUPTED])
    result = ha_router(cloud)
    assert (result["changed"], result["router"]["admin_state_up"]) == (True, True)
    assert stored(cloud)["tags"] == []


def test_a_router_that_the_operator_wants_down_is_not_brought_up(cloud):
    made = router(cloud, ha=False)
    cloud.put("/routers/%s/tags/%s" % (made["id"], INTERRUPTED))
    cloud.put("/routers/%s" % made["id"], {"router": {"admin_state_up": False}})
    result = ha_router(cloud, admin_state_up=False)
    assert (result["changed"], result["router"]["admin_state_up"]) == (True, False)
    assert stored(cloud)["tags"] == []


def test_ha_and_down_together_leave_the_router_down_without_a_mark(cloud):
    router(cloud, ha=False)
    result = ha_router(cloud, ha=True, admin_state_up=False, allow_interruption=True)
    assert (result["router"]["ha"], result["router"]["admin_state_up"]) == (True, False)
    assert not [request for request in cloud.requests if "/tags/" in request[1]]


def test_the_interruption_lasts_until_an_agent_is_active(cloud, clock):
    cloud.settle_after = 5
    router(cloud, ha=False)
    result = ha_router(cloud, ha=True, allow_interruption=True)
    assert result["interruption_seconds"] == 5.0 == clock.now


def test_waiting_in_vain_says_what_each_agent_was(cloud, clock):
    cloud.settle_after = 10**6
    result = ha_router(cloud, ha=True, timeout=30)
    assert result["failed"] and result["changed"] and clock.now == 30
    assert "exactly one active agent and has 0: network1 standby, network2 standby. On" in result["msg"]
    assert result["msg"].endswith("vrrp_info tells whether its keepalived runs and has told the agent its state")
    assert result["router"]["name"] == "router1"


def test_waiting_asks_for_the_router_and_its_agents_and_not_again_for_what_does_not_change(cloud, clock):
    inside = subnet(cloud)["id"]
    cloud.settle_after = 20
    router(cloud, ha=True, interfaces=[{"subnet": inside}])
    asked = [path.split("/")[-1] for method, path in cloud.requests if method == "GET"]
    assert asked.count("l3-agents") >= 20
    # Before there is a router; when it has an HA network of its own, too; networks, that its interfaces are on them.
    assert asked.count("subnets") <= 2 and asked.count("networks") <= 3


def test_a_run_with_nothing_to_do_waits_too(cloud, clock):
    cloud.settle_after = 3
    router(cloud, ha=True, wait=False)
    result = ha_router(cloud)
    assert (result["changed"], result["failed"]) == (False, False) and clock.now > 0
    cloud.settle_after = 10**6
    assert ha_router(cloud, timeout=5)["failed"]


def test_check_mode_does_not_wait(cloud, clock):
    cloud.settle_after = 10**6
    router(cloud, ha=True, wait=False)
    assert not ha_router(cloud, check_mode=True)["failed"] and clock.now == 0


def test_a_dead_agents_word_does_not_count(cloud, clock):
    router(cloud, ha=True)
    for host in ("network1", "network2"):
        cloud.agent_dies(host)
    result = ha_router(cloud, timeout=5)
    assert result["failed"] and "network1 standby (dead)" in result["msg"]


def test_a_router_that_no_agent_hosts_is_told_so(clock):
    result = ha_router(FakeNeutron(hosts=()), ha=True, timeout=5)
    assert result["failed"] and result["msg"].endswith("exactly one active agent and has 0: no agent hosts it")


def test_used_up_virtual_router_ids_are_told_before_anything_changes(cloud):
    for number in range(254):
        cloud.post("/routers", {"router": {"name": "r%d" % number, "ha": True}})
    result = ha_router(cloud, ha=True)
    assert result["failed"] and "all 254 VRIDs" in result["msg"] and cloud.project_id in result["msg"]
    assert cloud.find("routers", name="router1") == []


def test_a_router_in_error_for_want_of_a_virtual_router_id_is_told_so(cloud):
    for number in range(255):
        cloud.post("/routers", {"router": {"name": "r%d" % number, "ha": True}})
    made = cloud.find("routers", name="r254")[0]
    assert made["status"] == "ERROR"
    result = run(RouterOperation(lambda: cloud), argument_spec(), name="r254")
    assert result["failed"] and made["id"] in result["msg"] and "all 254 VRIDs" in result["msg"]
    assert not run(RouterOperation(lambda: cloud), argument_spec(), name="r254", state="absent")["failed"]


def test_a_router_that_turns_out_in_error_is_told_with_what_was_done(cloud):
    cloud.vrids = 0
    result = ha_router(cloud, ha=True)
    assert result["failed"] and result["changed"] and "status ERROR" in result["msg"] and result["actions"]


def test_availability_zone_hints_cannot_be_changed(cloud):
    router(cloud, availability_zone_hints=["two", "one"])
    assert ha_router(cloud, availability_zone_hints=["one", "two"])["changed"] is False
    result = ha_router(cloud, availability_zone_hints=["one"])
    assert result["failed"] and "availability_zone_hints" in result["msg"] and "['one', 'two']" in result["msg"]


def test_a_failed_step_tells_what_is_done_and_what_remains(cloud):
    one, two = subnet(cloud), subnet(cloud, "203.0.113.0/24")
    wanted = {"interfaces": [{"subnet": one["id"]}, {"subnet": two["id"]}]}
    cloud.let_pass("PUT", "add_router_interface")
    cloud.fail("PUT", "add_router_interface")
    result = ha_router(cloud, **wanted)
    assert result["failed"] and result["changed"]
    assert (len(result["actions_done"]), result["actions_remaining"]) == (2, [])
    assert ha_router(cloud, **wanted)["actions"] == [result["action_failed"]]


def test_a_port_made_for_an_interface_goes_when_it_cannot_be_attached(cloud):
    on = subnet(cloud)
    cloud.fail("PUT", "add_router_interface", ApiError(409, "Conflict", "no"))
    result = ha_router(cloud, interfaces=[{"subnet": on["id"], "address": "198.51.100.9"}])
    assert result["failed"] and cloud.find("ports", network_id=on["network_id"]) == []


def test_a_name_means_the_projects_own_thing_first(cloud):
    project = cloud.project("demo")
    subnet(cloud, project_id=cloud.project("other"))
    own = subnet(cloud, project_id=project)
    made = router(cloud, project="demo", interfaces=[{"subnet": "s"}])
    assert (made["project_id"], made["interfaces"][0]["subnet_id"]) == (project, own["id"])


def test_a_name_of_two_subnets_is_told_with_their_ids(cloud):
    one, two = subnet(cloud), subnet(cloud)
    result = ha_router(cloud, interfaces=[{"subnet": "s"}])
    assert result["failed"] and one["id"] in result["msg"] and two["id"] in result["msg"]


def test_a_router_of_another_project_is_not_touched(cloud):
    cloud.post("/routers", {"router": {"name": "router1", "project_id": cloud.project("other")}})
    cloud.project("demo")
    assert ha_router(cloud, project="demo", state="absent")["changed"] is False


def test_an_id_that_is_no_routers_makes_no_router(cloud):
    unknown = "00000000-0000-4000-8000-000000000000"
    result = run(RouterOperation(lambda: cloud), argument_spec(), name=unknown)
    assert result["failed"] and unknown in result["msg"] and cloud.changes == []


def test_one_subnet_of_a_port_goes_and_the_other_stays(cloud):
    one = subnet(cloud)
    two = cloud.post("/subnets", {"subnet": {"name": "s2", "network_id": one["network_id"], "cidr": "2001:db8::/64"}})[
        "subnet"
    ]
    port = cloud.post("/ports", {"port": {"name": "p", "network_id": one["network_id"]}})["port"]
    assert len(router(cloud, interfaces=[{"port": "p"}])["interfaces"]) == 2
    left = router(cloud, interfaces=[{"subnet": two["id"]}])["interfaces"]
    assert [item["subnet_id"] for item in left] == [two["id"]]
    assert cloud.find("ports", id=port["id"])[0]["fixed_ips"] == [
        {"subnet_id": two["id"], "ip_address": left[0]["address"]}
    ]


def test_one_subnet_twice_is_refused(cloud):
    on = subnet(cloud)
    result = ha_router(cloud, interfaces=[{"subnet": "s"}, {"subnet": on["id"], "address": "198.51.100.9"}])
    assert result["failed"] and "interfaces[1]" in result["msg"] and "one interface a subnet" in result["msg"]


def test_an_address_outside_the_subnet_is_refused(cloud):
    subnet(cloud)
    result = ha_router(cloud, interfaces=[{"subnet": "s", "address": "203.0.113.9"}])
    assert result["failed"] and "203.0.113.9 is not on subnet s (198.51.100.0/24)" in result["msg"]


def test_a_subnet_without_a_gateway_address_needs_one_given(cloud):
    subnet(cloud, gateway_ip=None)
    result = ha_router(cloud, interfaces=[{"subnet": "s"}])
    assert result["failed"] and "no gateway address" in result["msg"]
    assert router(cloud, interfaces=[{"subnet": "s", "address": "198.51.100.9"}])["interfaces"]


def test_a_project_id_is_taken_at_its_word_from_who_may_not_list_projects(cloud):
    member = cloud.member_of(cloud.project("demo"))
    assert router(member, project=member.project_id, wait=False)["project_id"] == member.project_id
    result = ha_router(member, project="demo")
    assert result["failed"] and "administrator" in result["msg"]


def test_a_second_run_sends_reads_only_and_few(cloud):
    on = subnet(cloud)
    router(cloud, ha=True, interfaces=[{"subnet": on["id"]}])
    del cloud.requests[:]
    assert ha_router(cloud, ha=True, interfaces=[{"subnet": on["id"]}])["changed"] is False
    assert cloud.changes == [] and len(cloud.requests) <= 7
