# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The layers of ha_router, put together for converge()."""

from __future__ import annotations

from typing import Any, Callable

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.ha_router_plan import make_plan
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.ha_router_spec import Want, parse
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.ha_router_state import Have, unsettled
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.ha_router_view import details
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.plan import Plan, Step
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.neutron import Neutron
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.neutron_router import observe
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.neutron_router_apply import RouterPort


class RouterOperation:
    """login: opens the API; it is called after the options have been found good."""

    poll_interval = 1.0

    def __init__(self, login: Callable[[], Neutron]) -> None:
        self._login = login
        self._interruption: dict[str, float] = {}

    def parse(self, params: dict[str, Any]) -> Want:
        return parse(params)

    def connect(self, want: Want) -> RouterPort:
        return RouterPort(self._login())

    def observe(self, port: RouterPort, want: Want) -> Have:
        have = observe(port.api, port.remembered, want, port.router_id)
        if have.router is not None:
            port.router_id, port.project_id = have.router.id, have.router.project_id
        else:
            port.project_id = have.target.project_id
        down = port.seconds_down()
        if down is not None:
            self._interruption = {"interruption_seconds": down}
        return have

    def plan(self, have: Have, want: Want) -> Plan:
        return make_plan(have, want)

    def apply(self, step: Step, port: RouterPort) -> None:
        port.apply(step)

    def settle_timeout(self, want: Want) -> float:
        return want.timeout if want.wait else 0

    def pending(self, have: Have, want: Want) -> str:
        return unsettled(have) if want.wait and want.present else ""

    def result(self, have: Have, want: Want, plan: Plan) -> dict[str, Any]:
        shown = (plan.after or None) if plan.steps else details(have)
        return {"router": shown, **self._interruption}
