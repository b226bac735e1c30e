# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Neutron 21 does with routers (db/l3_db.py, l3_hamode_db.py, l3_gwmode_db.py, extraroute_db.py there)."""

from __future__ import annotations

import ipaddress

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.neutron import ApiError

GATEWAY = "network:router_gateway"
HA_INTERFACE = "network:router_ha_interface"
INTERFACES = ("network:router_interface", "network:ha_router_replicated_interface")


def inside(address, cidr):
    return ipaddress.ip_address(address) in ipaddress.ip_network(cidr)


class RouterRules:
    """The part of FakeNeutron that is about routers."""

    def _create_router(self, item):
        self._check_policy(item)
        project_id = item.get("project_id") or self.project_id
        self._needs_admin(project_id != self.project_id, "create_router")
        self._quota("router", project_id)
        gateway = item.pop("external_gateway_info", None)
        given = {"description": "", "admin_state_up": True, "ha": False, "availability_zone_hints": []}
        fixed = {"project_id": project_id, "status": "ACTIVE", "routes": [], "tags": [], "availability_zones": []}
        router = self._add("routers", {**given, **item, **fixed, "external_gateway_info": None})
        if gateway:
            try:
                self._set_gateway(router, gateway)
            except ApiError:
                del self._things["routers"][router["id"]]
                raise
        self._schedule(router)
        return self._shown("routers", router)

    def _check_policy(self, body):
        self._needs_admin("ha" in body, "update_router:ha")
        info = body.get("external_gateway_info") or {}
        self._needs_admin("enable_snat" in info, "external_gateway_info:enable_snat")
        self._needs_admin("external_fixed_ips" in info, "external_gateway_info:external_fixed_ips")

    def _update_router(self, router, changes):
        self._check_policy(changes)
        if "ha" in changes and changes["ha"] != router["ha"]:
            if changes.get("admin_state_up", router["admin_state_up"]):
                raise ApiError(400, "BadRequest", "Cannot change HA attribute of active routers.")
            self._change_ha(router, changes.pop("ha"))
        if "routes" in changes:
            self._check_routes(router, changes["routes"])
        if "external_gateway_info" in changes:
            self._set_gateway(router, changes.pop("external_gateway_info"))
        router.update(changes)
        self._report(router)

    def _change_ha(self, router, ha):
        router["ha"] = ha
        for port in self._ports_of(router, INTERFACES):
            port["device_owner"] = INTERFACES[1] if ha else INTERFACES[0]
        self._unschedule(router)
        self._schedule(router)

    def _schedule(self, router):
        """HA routers take a VRID and every agent; others the first. A router without a VRID is left in ERROR."""
        agents = [agent["host"] for agent in self._things["agents"].values() if agent["alive"]]
        if router["ha"]:
            with_vrid = [
                other
                for other in self._things["routers"].values()
                if other["ha"] and other["project_id"] == router["project_id"] and other["status"] != "ERROR"
            ]
            if len(with_vrid) > self.vrids:
                router["status"] = "ERROR"
                return
            network = self._ha_network(router["project_id"])
            for host in agents:
                self._add(
                    "ports",
                    {
                        "name": "HA port tenant " + router["project_id"],
                        "network_id": network["id"],
                        "device_id": router["id"],
                        "device_owner": HA_INTERFACE,
                        "fixed_ips": [],
                        "project_id": "",
                        "status": "DOWN",
                        "binding:host_id": host,
                    },
                )
        self._hosted[router["id"]] = {"hosts": agents if router["ha"] else agents[:1], "looks": 0}
        self._report(router)

    def _ha_network(self, project_id):
        name = "HA network tenant " + project_id
        for network in self._things["networks"].values():
            if network["name"] == name:
                return network
        return self._add("networks", {"name": name, "router:external": False, "project_id": ""})

    def _unschedule(self, router):
        for port in self._ports_of(router, (HA_INTERFACE,)):
            del self._things["ports"][port["id"]]
            if not any(other["network_id"] == port["network_id"] for other in self._things["ports"].values()):
                del self._things["networks"][port["network_id"]]
        self._hosted.pop(router["id"], None)

    def _report(self, router):
        """Agents that are alive set the status of the router's ports."""
        hosted = self._hosted.get(router["id"])
        if not hosted or not hosted["hosts"]:
            return
        hosted["looks"] = 0
        for port in self._ports_of(router, (*INTERFACES, GATEWAY, HA_INTERFACE)):
            port["binding:host_id"] = port["binding:host_id"] or hosted["hosts"][0]
            port["status"] = "ACTIVE" if router["admin_state_up"] or self.stuck else "DOWN"

    def _ports_of(self, router, owners):
        ports = list(self._things["ports"].values())
        return [port for port in ports if port["device_id"] == router["id"] and port["device_owner"] in owners]

    def _set_gateway(self, router, info):
        network_id = info["network_id"] if info else None
        current = router["external_gateway_info"]
        if network_id and not self._one("networks", network_id)["router:external"]:
            raise ApiError(400, "BadRequest", "Network %s is not an external network" % network_id)
        if current and current["network_id"] != network_id:
            if self._floating_ips_of(router):
                raise ApiError(409, "RouterExternalGatewayInUseByFloatingIp", "Gateway cannot be updated")
            for port in self._ports_of(router, (GATEWAY,)):
                del self._things["ports"][port["id"]]
            current = router["external_gateway_info"] = None
        if network_id:
            wanted = info.get("external_fixed_ips")
            if current is None:
                port = self._create_port({"network_id": network_id, "fixed_ips": wanted or None, "project_id": ""})
                port.update({"device_id": router["id"], "device_owner": GATEWAY})
            else:
                port = self._ports_of(router, (GATEWAY,))[0]
                if wanted:
                    port["fixed_ips"] = []
                    port["fixed_ips"] = self._allocate(network_id, wanted)
            snat = info.get("enable_snat", True)
            ips = [dict(ip) for ip in port["fixed_ips"]]
            router["external_gateway_info"] = {
                "network_id": network_id,
                "enable_snat": snat,
                "external_fixed_ips": ips,
            }
        self._report(router)

    def _floating_ips_of(self, router):
        return [item for item in self._things["floatingips"].values() if item["router_id"] == router["id"]]

    def _subnets_on(self, router):
        ports = self._ports_of(router, (*INTERFACES, GATEWAY))
        return [self._things["subnets"][ip["subnet_id"]] for port in ports for ip in port["fixed_ips"]]

    def _check_routes(self, router, routes):
        own = {ip["ip_address"] for port in self._ports_of(router, (*INTERFACES, GATEWAY)) for ip in port["fixed_ips"]}
        cidrs = [subnet["cidr"] for subnet in self._subnets_on(router)]
        for route in routes:
            if route["nexthop"] in own or not any(inside(route["nexthop"], cidr) for cidr in cidrs):
                raise ApiError(400, "InvalidRoutes", "Invalid format for routes")

    def _add_router_interface(self, router, body):
        if "port_id" in body:
            port = self._one("ports", body["port_id"])
            if port["device_id"]:
                raise ApiError(409, "PortInUse", "Unable to complete operation on port %s" % port["id"])
            wanted = port["fixed_ips"]
        else:
            subnet = self._one("subnets", body["subnet_id"])
            if not subnet["gateway_ip"]:
                raise ApiError(400, "BadRequest", "Subnet for router interface must have a gateway IP")
            wanted = [{"subnet_id": subnet["id"], "ip_address": subnet["gateway_ip"]}]
        self._check_overlap(router, [self._things["subnets"][ip["subnet_id"]] for ip in wanted])
        if "port_id" not in body:
            port = self._create_port(
                {"network_id": subnet["network_id"], "fixed_ips": wanted, "project_id": router["project_id"]}
            )
        port.update({"device_id": router["id"], "device_owner": INTERFACES[1 if router["ha"] else 0]})
        self._report(router)
        return {"port_id": port["id"]}

    def _check_overlap(self, router, new):
        for other in self._subnets_on(router):
            for subnet in new:
                if other["id"] == subnet["id"]:
                    raise ApiError(400, "BadRequest", "Router already has a port on subnet %s" % subnet["id"])
                one, two = ipaddress.ip_network(other["cidr"]), ipaddress.ip_network(subnet["cidr"])
                if one.version == two.version and one.overlaps(two):
                    raise ApiError(400, "BadRequest", "Cidr %s overlaps with cidr %s" % (subnet["cidr"], other["cidr"]))

    def _remove_router_interface(self, router, body):
        for port in self._ports_of(router, INTERFACES):
            if body.get("port_id", port["id"]) != port["id"]:
                continue
            gone = [ip for ip in port["fixed_ips"] if body.get("subnet_id", ip["subnet_id"]) == ip["subnet_id"]]
            if not gone:
                continue
            for ip in gone:
                self._check_not_in_use(router, self._things["subnets"][ip["subnet_id"]])
            port["fixed_ips"] = [ip for ip in port["fixed_ips"] if ip not in gone]
            if not port["fixed_ips"]:
                del self._things["ports"][port["id"]]
            return {}
        raise ApiError(404, "RouterInterfaceNotFound", "Router %s does not have an interface" % router["id"])

    def _check_not_in_use(self, router, subnet):
        for item in self._floating_ips_of(router):
            if inside(item["fixed_ip_address"], subnet["cidr"]):
                raise ApiError(409, "RouterInterfaceInUseByFloatingIP", "required by one or more floating IPs")
        for route in router["routes"]:
            if inside(route["nexthop"], subnet["cidr"]):
                raise ApiError(409, "RouterInterfaceInUseByRoute", "required by one or more routes")

    def _delete_router(self, router):
        if self._ports_of(router, INTERFACES):
            raise ApiError(409, "RouterInUse", "Router %s has ports still attached" % router["id"])
        self._set_gateway(router, None)
        self._unschedule(router)
        del self._things["routers"][router["id"]]
