# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operation behind the module keepalived_instance: one VRRP instance with its file, its unit and its process."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import keepalived_options as options
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import keepalived_service as services
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_model import Capabilities
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_unit import NODE, Layout, Service
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.plan import Plan, Step
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.keepalived import Keepalived, Units
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.systemd import Systemd


@dataclass(frozen=True)
class Have:
    """service: what the options and the present file make together; None when the instance is to be absent."""

    found: services.Found
    recorder: services.File | None
    capabilities: Capabilities
    service: Service | None


class KeepalivedInstance:
    """See converge.Operation."""

    poll_interval = 0.1

    def __init__(self, units: Units | None = None, layout: Layout = NODE) -> None:
        self._units = units or Systemd()
        self._layout = layout

    def parse(self, params: dict[str, Any]) -> dict[str, Any]:
        problems = options.name_problems(params) + options.authentication_problems(params)
        if problems:
            raise SpecError(problems)
        return params

    def connect(self, want: dict[str, Any]) -> Keepalived:
        return Keepalived(self._units, self._layout)

    def observe(self, port: Keepalived, want: dict[str, Any]) -> Have:
        name = want["name"]
        existing = port.existing(name)
        service = options.service(want, existing) if want["state"] == "present" else None
        found = port.look({name: service.namespace if service else None})[name]
        found = replace(found, left_overs=port.left_overs(name))
        return Have(found, port.recorder(), port.capabilities(), service)

    def plan(self, have: Have, want: dict[str, Any]) -> Plan:
        name, service = want["name"], have.service
        if service is None:
            steps = services.plan_removal([name], {name: have.found}, self._layout)
        else:
            args = (have.recorder, have.capabilities, self._layout)
            steps = services.plan_services([service], {name: have.found}, *args)
        before, after = services.shown(have.found, service, have.capabilities, self._layout)
        return Plan(tuple(steps), before, after if steps else before, tuple(services.restarts(steps)))

    def apply(self, step: Step, port: Keepalived) -> None:
        port.apply(step)

    def settle_timeout(self, want: dict[str, Any]) -> float:
        return 10.0

    def result(self, have: Have, want: dict[str, Any], plan: Plan) -> dict[str, Any]:
        found = have.found
        since = None if found.since is None else datetime.fromtimestamp(found.since, timezone.utc).isoformat()
        return {
            "instance": {
                "name": want["name"],
                "running": found.process is not None,
                "state": found.state,
                "since": since,
                "namespace": have.service.namespace if have.service else None,
                "configuration": self._layout.configuration(want["name"]),
                "unit": self._layout.unit(want["name"]),
            }
        }
