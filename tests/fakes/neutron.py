# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Neutron's API in memory, with the interface of io.neutron.Neutron and the rules that Neutron 21 has for routers.

tests/contract/test_ha_router.py runs the same cases on this and on a real Neutron.
"""

from __future__ import annotations

import copy
import ipaddress
import itertools
import re
import uuid

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.neutron import ApiError
from ansible_collections.linuxbridge.vrrp.tests.fakes.neutron_rules import GATEWAY, INTERFACES, RouterRules, inside


class Killed(BaseException):
    """The process is gone, between two requests."""


class FakeNeutron(RouterRules):
    """admin: whether the credentials are an administrator's. settle_after: looks at a router's agents, after a change,
    until one says that it is active. stuck: agents do not take routers down. vrids: how many an HA network has.
    """

    def __init__(self, hosts=("network1", "network2"), admin=True, project="admin", settle_after=1):
        self.admin = admin
        self.settle_after = settle_after
        self.requests = []
        self.vrids = 254
        self.stuck = False
        self.quotas = {}
        self.project_id = uuid.uuid4().hex
        self._projects = [{"id": self.project_id, "name": project}]
        self._things = {name: {} for name in ("networks", "subnets", "ports", "routers", "floatingips", "agents")}
        self._hosted = {}
        self._faults = []
        for host in hosts:
            self._add("agents", {"host": host, "alive": True, "agent_type": "L3 agent", "admin_state_up": True})

    # What a test sets up beyond the API.

    def project(self, name):
        self._projects.append({"id": uuid.uuid4().hex, "name": name})
        return self._projects[-1]["id"]

    def member_of(self, project_id):
        """The same cloud for one who is no administrator."""
        member = copy.copy(self)
        member.admin, member.project_id = False, project_id
        return member

    def fail(self, method, pattern, error=None):
        """The next request that matches is refused."""
        self._faults.append((method, re.compile(pattern), error or ApiError(500, "HTTPInternalServerError", "fault")))

    def let_pass(self, method, pattern):
        """The next request that matches is not the one to be refused."""
        self._faults.append((method, re.compile(pattern), None))

    def agent_dies(self, host):
        next(agent for agent in self._things["agents"].values() if agent["host"] == host)["alive"] = False

    @property
    def changes(self):
        return [request for request in self.requests if request[0] != "GET"]

    # The interface of io.neutron.Neutron.

    def find(self, collection, **query):
        self._enter("GET", "/" + collection)
        match = re.fullmatch("routers/(.+)/l3-agents", collection)
        if match:
            return self._agents_of(match[1])
        match = re.fullmatch("agents/(.+)/l3-routers", collection)
        if match:
            host = self._one("agents", match[1])["host"]
            collection, query = "routers", {"id": [r for r, hosted in self._hosted.items() if host in hosted["hosts"]]}
        return [self._shown(collection, item) for item in self._things[collection].values() if _matches(item, query)]

    def get(self, path, **query):
        self._enter("GET", path)
        match = re.fullmatch("/quotas/(.+)/details", path)
        used = {name: self._used(name, match[1]) for name in ("router", "port")}
        limits = {name: self.quotas.get(name, -1) for name in used}
        return {"quota": {name: {"limit": limits[name], "used": used[name], "reserved": 0} for name in used}}

    def post(self, path, body):
        self._enter("POST", path)
        kind, item = next(iter(body.items()))
        make = getattr(self, "_create_" + kind)
        return {kind: copy.deepcopy(make(copy.deepcopy(item)))}

    def put(self, path, body=None):
        self._enter("PUT", path)
        collection, thing_id, *action = path.strip("/").split("/")
        if collection == "quotas":
            self.quotas.update(body["quota"])
            return body
        thing = self._one(collection, thing_id)
        if action and action[0] == "tags":
            thing["tags"] = sorted({*thing["tags"], action[1]})
            return {}
        if action:
            return getattr(self, "_" + action[0])(thing, body)
        kind, changes = next(iter(body.items()))
        if kind == "router":
            self._update_router(thing, copy.deepcopy(changes))
        else:
            thing.update(copy.deepcopy(changes))
        return {kind: self._shown(collection, thing)}

    def delete(self, path):
        self._enter("DELETE", path)
        collection, thing_id, *action = path.strip("/").split("/")
        if thing_id not in self._things[collection]:
            return
        thing = self._things[collection][thing_id]
        if action:
            thing["tags"] = [tag for tag in thing["tags"] if tag != action[1]]
        elif collection == "routers":
            self._delete_router(thing)
        elif collection == "ports" and thing["device_owner"] in (*INTERFACES, GATEWAY):
            raise ApiError(409, "ServicePortInUse", "port %s cannot be deleted directly" % thing_id)
        else:
            del self._things[collection][thing_id]

    def agents_of(self, router_ids):
        return {router_id: self.find("routers/%s/l3-agents" % router_id) for router_id in router_ids}

    def projects(self, **query):
        if not self.admin:
            raise ApiError(403, "Forbidden", "identity:list_projects is not allowed")
        return [item for item in self._projects if _matches(item, query)]

    # Rules.

    def _enter(self, method, path):
        self.requests.append((method, path))
        for fault in self._faults:
            if fault[0] == method and fault[1].search(path):
                self._faults.remove(fault)
                if fault[2] is not None:
                    raise fault[2]
                return

    def _add(self, collection, item):
        item = {"id": str(uuid.uuid4()), **item}
        self._things[collection][item["id"]] = item
        return item

    def _one(self, collection, thing_id):
        try:
            return self._things[collection][thing_id]
        except KeyError:
            raise ApiError(404, "NotFound", "%s %s could not be found" % (collection, thing_id)) from None

    def _shown(self, collection, item):
        item = copy.deepcopy(item)
        if collection == "routers" and not self.admin:
            item.pop("ha")
        return item

    def _create_network(self, item):
        return self._add("networks", {"name": "", "router:external": False, "project_id": self.project_id, **item})

    def _create_subnet(self, item):
        first = next(ipaddress.ip_network(item["cidr"]).hosts())
        return self._add("subnets", {"name": "", "gateway_ip": str(first), "project_id": self.project_id, **item})

    def _create_port(self, item):
        self._quota("port", item.get("project_id") or self.project_id)
        given = {"name": "", "device_id": "", "device_owner": "", "project_id": self.project_id, "status": "DOWN"}
        item = {**given, "binding:host_id": "", **item}
        wanted = item.get("fixed_ips")
        if wanted is None:
            wanted = [{"subnet_id": subnet["id"]} for subnet in self._subnets_of(item["network_id"])]
        item["fixed_ips"] = self._allocate(item["network_id"], wanted)
        return self._add("ports", item)

    def _create_floatingip(self, item):
        port = self._one("ports", item["port_id"]) if item.get("port_id") else None
        address = self._allocate(item["floating_network_id"], None)[0]["ip_address"]
        new = {"floating_ip_address": address, "router_id": None, "fixed_ip_address": None, **item}
        if port:
            new["fixed_ip_address"] = port["fixed_ips"][0]["ip_address"]
            new["router_id"] = next(
                other["device_id"]
                for other in self._things["ports"].values()
                if other["device_owner"] in INTERFACES
                and {ip["subnet_id"] for ip in other["fixed_ips"]} & {ip["subnet_id"] for ip in port["fixed_ips"]}
            )
        return self._add("floatingips", new)

    def _subnets_of(self, network_id):
        return [subnet for subnet in self._things["subnets"].values() if subnet["network_id"] == network_id]

    def _allocate(self, network_id, wanted):
        """Addresses: those asked for, or the first free one of each subnet asked for, or of the first IPv4 subnet."""
        subnets = self._subnets_of(network_id)
        taken = {
            (ip["subnet_id"], ip["ip_address"]) for port in self._things["ports"].values() for ip in port["fixed_ips"]
        }
        floating = {item["floating_ip_address"] for item in self._things["floatingips"].values()}
        fixed = []
        for item in wanted or [{"subnet_id": subnet["id"]} for subnet in subnets]:
            address, subnet_id = item.get("ip_address"), item.get("subnet_id")
            holding = [
                s for s in subnets if subnet_id in (None, s["id"]) and (not address or inside(address, s["cidr"]))
            ]
            if not holding:
                raise ApiError(400, "InvalidIpForNetwork", "IP address %s is not valid for the network" % address)
            subnet = holding[0]
            hosts = (str(host) for host in ipaddress.ip_network(subnet["cidr"]).hosts())
            used = {subnet["gateway_ip"], *floating}
            free = (host for host in hosts if (subnet["id"], host) not in taken and host not in used)
            address = address or next(itertools.islice(free, 1))
            if (subnet["id"], address) in taken or address in floating:
                raise ApiError(409, "IpAddressAlreadyAllocated", "IP address %s already allocated" % address)
            fixed.append({"subnet_id": subnet["id"], "ip_address": address})
        return fixed

    def _used(self, kind, project_id):
        return sum(1 for item in self._things[kind + "s"].values() if item.get("project_id") == project_id)

    def _quota(self, kind, project_id):
        limit = self.quotas.get(kind, -1)
        if 0 <= limit <= self._used(kind, project_id):
            raise ApiError(409, "OverQuota", "Quota exceeded for resources: ['%s']." % kind)

    def _needs_admin(self, needed, what):
        if needed and not self.admin:
            raise ApiError(403, "PolicyNotAuthorized", "(rule:%s) is disallowed by policy" % what)

    def _agents_of(self, router_id):
        self._needs_admin(True, "get_l3-agents")
        router = self._one("routers", router_id)
        state = self._hosted.get(router_id, {"hosts": [], "looks": 0})
        state["looks"] += 1
        alive = [agent for agent in self._things["agents"].values() if agent["alive"]]
        shown = []
        for agent in self._things["agents"].values():
            if agent["host"] not in state["hosts"]:
                continue
            ha_state = None
            if router["ha"]:
                settled = state["looks"] > self.settle_after and router["admin_state_up"]
                ha_state = "active" if settled and alive and agent is alive[0] else "standby"
            shown.append({**agent, "ha_state": ha_state})
        return shown


def _matches(item, query):
    for key, wanted in query.items():
        values = wanted if isinstance(wanted, list) else [wanted]
        if key == "fixed_ips":
            if not {"ip_address=" + ip["ip_address"] for ip in item["fixed_ips"]} & set(values):
                return False
        elif item.get(key) not in values:
            return False
    return True
