# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry out the steps of a router's plan, one function a step."""

from __future__ import annotations

import time
from typing import Any, Callable

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import ha_router_plan as plan
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.ha_router_state import INTERRUPTED
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.plan import Step
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.neutron import ApiError, Neutron
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.neutron_router import PORT_NAME, Remembered


class RouterPort:
    """The edge of one router: its API, its ID once it has one, and for how long it was taken down.

    drain_timeout: seconds that the agents get to take a router down before its ha attribute changes.
    """

    poll_interval = 1.0

    def __init__(self, api: Neutron, drain_timeout: float = 60.0) -> None:
        self.api = api
        self.remembered = Remembered(api)
        self.router_id: str | None = None
        self.project_id: str | None = None
        self.down_since: float | None = None
        self._drain_timeout = drain_timeout

    @property
    def path(self) -> str:
        return "/routers/%s" % self.router_id

    def seconds_down(self) -> float | None:
        """Seconds since the router was taken down; None when it was not."""
        return None if self.down_since is None else round(time.monotonic() - self.down_since, 1)

    def apply(self, step: Step) -> None:
        functions: dict[type, Callable[[Any], None]] = {
            plan.CreateRouter: self._create,
            plan.UpdateRouter: lambda payload: self._update(payload.body),
            plan.SwitchHa: self._switch_ha,
            plan.ForgetInterruption: lambda payload: self.api.delete("%s/tags/%s" % (self.path, INTERRUPTED)),
            plan.AddInterface: self._add_interface,
            plan.RemoveInterface: self._remove_interface,
            plan.DeleteRouter: lambda payload: self.api.delete(self.path),
        }
        try:
            functions[type(step.payload)](step.payload)
        except ApiError as error:
            self._explain(error)
            raise

    def _create(self, payload: plan.CreateRouter) -> None:
        router = self.api.post("/routers", {"router": dict(payload.body)})["router"]
        self.router_id, self.project_id = router["id"], router["project_id"]

    def _update(self, body: Any) -> None:
        self.api.put(self.path, {"router": dict(body)})

    def _switch_ha(self, payload: plan.SwitchHa) -> None:
        """The tag goes first, so that a run that is killed here leaves word for the next one to bring the router up."""
        if not payload.take_down:
            self._drain()
            self._update({"ha": payload.ha})
            return
        if payload.bring_up:
            self.api.put("%s/tags/%s" % (self.path, INTERRUPTED))
        self.down_since = time.monotonic()
        changed = False
        try:
            self._update({"admin_state_up": False})
            self._drain()
            self._update({"ha": payload.ha})
            changed = True
            if payload.bring_up:
                self._update({"admin_state_up": True})
        except EdgeError as error:
            self._put_back(error, not payload.ha if changed else None)
            raise
        if payload.bring_up:
            self.api.delete("%s/tags/%s" % (self.path, INTERRUPTED))

    def _put_back(self, error: EdgeError, ha: bool | None) -> None:
        """Undo what _switch_ha did, and add to the error how that went; ha: its old value if it has been changed."""
        try:
            if ha is not None:
                self._update({"admin_state_up": False})
                self._update({"ha": ha})
            self._update({"admin_state_up": True})
            self.api.delete("%s/tags/%s" % (self.path, INTERRUPTED))
        except EdgeError as second:
            message = (
                "%s; putting the old state back failed too: %s; the router is left down, the next run brings it up"
            )
            error.args = (message % (error, second),)
            error.changed = True
        else:
            down = "%s; the old state is put back; the router was down for %.1f seconds"
            error.args = (down % (error, self.seconds_down() or 0),)

    def _drain(self) -> None:
        """Wait until living agents have taken the router down.

        An agent that sees a router with another ha before it has seen it down makes the new one over the old one, and
        leaves the old one's addresses where they are (_process_updated_router in Neutron's L3 agent).
        """
        agents = self.api.find(self.path.lstrip("/") + "/l3-agents")
        alive = {agent["host"] for agent in agents if agent["alive"]}
        deadline = time.monotonic() + self._drain_timeout
        while True:
            ports = self.api.find("ports", device_id=self.router_id)
            up = [port for port in ports if port["status"] == "ACTIVE" and port.get("binding:host_id") in alive]
            if not up:
                return
            if time.monotonic() >= deadline:
                where = ", ".join("port %s on %s" % (port["id"], port["binding:host_id"]) for port in up)
                message = (
                    "the agents have not taken it down within %g seconds: still active is %s; look at the agents' logs"
                )
                raise EdgeError(message % (self._drain_timeout, where))
            time.sleep(self.poll_interval)

    def _add_interface(self, payload: plan.AddInterface) -> None:
        port_id = payload.port_id
        if port_id is None and payload.address is not None:
            port_id = self._make_port(payload)
        body = {"port_id": port_id} if port_id else {"subnet_id": payload.subnet_id}
        try:
            self.api.put(self.path + "/add_router_interface", body)
        except ApiError:
            if port_id and not payload.port_id:
                self.api.delete("/ports/%s" % port_id)
            raise

    def _make_port(self, payload: plan.AddInterface) -> str:
        port = {
            "name": PORT_NAME % self.router_id,
            "network_id": payload.network_id,
            "project_id": self.project_id,
            "fixed_ips": [{"subnet_id": payload.subnet_id, "ip_address": payload.address}],
        }
        return str(self.api.post("/ports", {"port": port})["port"]["id"])

    def _remove_interface(self, payload: plan.RemoveInterface) -> None:
        body = {"port_id": payload.port_id} if payload.port_id else {"subnet_id": payload.subnet_id}
        try:
            self.api.put(self.path + "/remove_router_interface", body)
        except ApiError as error:
            if error.status != 404:
                raise

    def _explain(self, error: ApiError) -> None:
        """Add to what the API said what it left out."""
        if error.kind == "OverQuota":
            error.args = (str(error) + self._quotas(),)
        elif error.kind in ("RouterInterfaceInUseByFloatingIP", "RouterExternalGatewayInUseByFloatingIp"):
            used = self.api.find("floatingips", router_id=self.router_id)
            error.args = ("%s; its floating IPs: %s" % (error, ", ".join(ip["floating_ip_address"] for ip in used)),)

    def _quotas(self) -> str:
        project_id = self.project_id or self.api.project_id
        try:
            quota = self.api.get("/quotas/%s/details" % project_id)["quota"]
        except ApiError:
            return "; delete some, or let an administrator raise the quota"
        full = [
            "%s %d of %d used" % (name, item["used"], item["limit"])
            for name, item in sorted(quota.items())
            if 0 <= item["limit"] <= item["used"] + item["reserved"]
        ]
        return "; quota of project %s: %s" % (project_id, ", ".join(full))
