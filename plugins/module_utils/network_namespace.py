# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operation behind the module network_namespace: namespaces by their exact names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import netns
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.plan import Plan, Step
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.netns import UNITS, Namespaces, Units
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.systemd import Systemd


@dataclass(frozen=True)
class Want:
    """kill is of use with absent only."""

    namespaces: tuple[netns.Namespace, ...]
    present: bool
    kill: bool


class NetworkNamespace:
    """See converge.Operation."""

    poll_interval = 0.1

    def __init__(self, units: Units | None = None, unit_directory: str = UNITS) -> None:
        self._units = units or Systemd()
        self._unit_directory = unit_directory

    def parse(self, params: dict[str, Any]) -> Want:
        sysctls = netns.parse_sysctls(params["sysctls"] or {})
        problems = netns.problems(params["name"], sysctls)
        if problems:
            raise SpecError(problems)
        wanted = tuple(netns.Namespace(name, sysctls, params["persistent"]) for name in params["name"])
        return Want(wanted, params["state"] == "present", params["kill"])

    def connect(self, want: Want) -> Namespaces:
        namespaces = Namespaces(self._units, self._unit_directory)
        namespaces.lock()
        return namespaces

    def observe(self, port: Namespaces, want: Want) -> dict[str, netns.Found]:
        keys = [key for key, _value in want.namespaces[0].sysctls] if want.present else []
        have = port.look({namespace.name: keys for namespace in want.namespaces})
        problems = []
        for namespace in want.namespaces:
            if want.present:
                problems += netns.missing_sysctls(namespace, have[namespace.name])
            elif not want.kill:
                problems += netns.busy(namespace.name, have[namespace.name])
        if problems:
            raise SpecError(problems)
        return have

    def plan(self, have: dict[str, netns.Found], want: Want) -> Plan:
        steps: list[Step] = []
        before, after = {}, {}
        for namespace in want.namespaces:
            found = have[namespace.name]
            todo = netns.plan_present(namespace, found) if want.present else netns.plan_absent(namespace.name, found)
            shown = netns.shown(found, namespace if want.present else None)
            before[namespace.name], after[namespace.name] = shown if todo else (shown[0], shown[0])
            steps += todo
        return Plan(tuple(steps), before, after)

    def apply(self, step: Step, port: Namespaces) -> None:
        port.apply(step.verb, step.payload)

    def settle_timeout(self, want: Want) -> float:
        return 5.0

    def result(self, have: dict[str, netns.Found], want: Want, plan: Plan) -> dict[str, Any]:
        namespaces = []
        for namespace in want.namespaces:
            found = have[namespace.name]
            inside = [{"pid": pid, "command": command} for pid, command in found.processes]
            namespaces.append({"name": namespace.name, "exists": found.exists, "processes": inside})
        return {"namespaces": namespaces}
