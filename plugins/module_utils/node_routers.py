# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What node_routers is made of: one call, the node before and after it, and what the user is told."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.companion_plan import Processes
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_service import NOTHING
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_gather import gather, lost
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_have import Have
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_plan import plan
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_rendered import rendered
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_spec import NodeSpec, without_passwords
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_target import Want, parse_call, target
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.plan import Plan, Step
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.node import Node


class NodeRouters:
    """The operation of node_routers, for converge()."""

    poll_interval = 0.1
    #: Seconds within which keepalived has taken away, after a reload, the addresses that are no longer its own.
    SETTLE = 10.0

    def __init__(self) -> None:
        #: What the node is to have; the first look decides it, and what a run itself changes does not change it.
        self._target: NodeSpec | None = None
        #: What the node has, for state gathered.
        self._gathered = NodeSpec()

    def parse(self, params: dict[str, Any]) -> Want:
        return parse_call(params)

    def connect(self, want: Want) -> Node | None:
        if want.state == "rendered":
            return None
        node = Node()
        if want.state != "gathered":
            node.lock()
        return node

    def observe(self, port: Node | None, want: Want) -> Have:
        if port is None:
            return Have()
        return port.look(want)

    def plan(self, have: Have, want: Want) -> Plan:
        if want.state == "gathered":
            self._gathered = gather(have)
            return Plan(warnings=tuple(lost(have, self._gathered)))
        if want.state == "rendered":
            return Plan()
        if self._target is None:
            self._target = target(have, want)
        return plan(have, self._target)

    def apply(self, step: Step, port: Node) -> None:
        port.apply(step)

    def follows(self, step: Step) -> bool:
        """The daemons beside a router's keepalived follow its state. While their scripts are just being installed, the
        recorder that tells them may be the one before, and the router becomes active or a backup."""
        return isinstance(step.payload, Processes)

    def settle_timeout(self, want: Want) -> float:
        return self.SETTLE

    def result(self, have: Have, want: Want, plan: Plan) -> dict[str, Any]:
        if want.state == "rendered":
            return {"rendered": rendered(want.spec.ordered())}
        result: dict[str, Any] = {"routers": _states(have)}
        return {**result, "gathered": without_passwords(self._gathered)} if want.state == "gathered" else result


def _states(have: Have) -> list[dict[str, Any]]:
    """Each router that is there, and what keepalived last said of it."""
    found = []
    for namespace in sorted(have.record.owned.namespaces & set(have.namespaces)):
        service = have.services.get(namespace, NOTHING)
        name = namespace[len("qrouter-") :]
        since = None if service.since is None else datetime.fromtimestamp(service.since, timezone.utc).isoformat()
        found.append({"name": name, "namespace": namespace, "state": service.state, "since": since})
    return found
