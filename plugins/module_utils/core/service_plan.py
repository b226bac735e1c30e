# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a service runs with the configuration that is on disk, and what to do when it does not.

A service is current when its files were last written before it was started. That is read from the node each time,
so a run that was killed between writing a file and restarting the service is made up for by the next one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import Problem, SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.plan import Plan, Step

CURRENT, STOPPED, HELD = STATES = ("current", "stopped", "held")

#: Unit file states in which systemd starts a unit at boot, or in which there is nothing to enable.
_ENABLED = ("enabled", "static", "alias", "indirect", "generated")


@dataclass(frozen=True)
class Service:
    """A service as wanted.

    changed: its configuration changes in this run, whatever the files' times say. settings: of the unit's section
    Service, kept in a drop-in; None leaves the drop-in alone.
    """

    name: str
    state: str = CURRENT
    files: tuple[str, ...] = ()
    changed: bool = False
    settings: Mapping[str, str] | None = None

    @property
    def drop_in(self) -> str:
        """Path of the drop-in that keeps the settings."""
        unit = self.name if "." in self.name else self.name + ".service"
        return "/etc/systemd/system/%s.d/linuxbridge-vrrp.conf" % unit

    @property
    def drop_in_text(self) -> str | None:
        """What the drop-in is to say; "" for none at all, None when that is of no matter."""
        if self.settings is None or self.state != CURRENT:
            return None
        lines = ["%s=%s" % setting for setting in sorted(self.settings.items())]
        return "\n".join(["# Kept by linuxbridge.vrrp.service_current.", "[Service]", *lines, ""]) if lines else ""


@dataclass(frozen=True)
class Unit:
    """A unit as systemd has it.

    started: seconds since the epoch, None when it does not run. outdated: its files have changed since systemd read
    them.
    """

    load_state: str
    active_state: str = "inactive"
    unit_file_state: str = ""
    started: float | None = None
    outdated: bool = False

    @property
    def there(self) -> bool:
        return self.load_state != "not-found"

    @property
    def masked(self) -> bool:
        return self.load_state == "masked"

    @property
    def running(self) -> bool:
        return self.active_state in ("active", "reloading")

    @property
    def enabled(self) -> bool:
        return self.unit_file_state in _ENABLED


@dataclass(frozen=True)
class Have:
    """What a look at the node gives.

    units: by name. written: each file's time of last writing, None for one that is not there. called: when the
    module was called. All times are seconds since the epoch by the node's clock. drop_ins: text of each drop-in by its
    path, "" for one that is not there.
    """

    units: Mapping[str, Unit]
    written: Mapping[str, float | None]
    called: float
    drop_ins: Mapping[str, str] = field(default_factory=dict)


def services_from(params: Mapping[str, Any]) -> tuple[Service, ...]:
    """Module parameters to services; raises SpecError for a name that is given twice or is not a unit's."""
    services = tuple(
        Service(given["name"], given["state"], tuple(given["files"] or ()), given["changed"], given.get("settings"))
        for given in params["services"]
    )
    problems = []
    for index, service in enumerate(services):
        path = "services[%d].name" % index
        if service.name in [other.name for other in services[:index]]:
            problems.append(Problem(path, "%s is named twice; name each service once" % service.name))
        if not service.name or service.name.startswith("-") or set(service.name) & set(" \t\n/*?["):
            problems.append(Problem(path, '"%s" is not the name of a unit' % service.name))
        for name, value in (service.settings or {}).items():
            if not name.isalnum() or not isinstance(value, str) or "\n" in value:
                message = "not a setting of systemd; give a name of letters and a text of one line"
                problems.append(Problem("services[%d].settings.%s" % (index, name), message))
    if problems:
        raise SpecError(problems)
    return services


def plan_services(have: Have, want: tuple[Service, ...]) -> Plan:
    """Steps in the order of the services, each with verbs unmask, enable, start, restart, stop, disable or mask.

    Before all of them drop-ins are written or removed, and systemd reads units anew if it has to, so that a service is
    stopped as its files say now.
    """
    outdated = [service for service in want if service.state == CURRENT and have.units[service.name].outdated]
    steps = [
        Step("write" if service.drop_in_text else "remove", service.drop_in, service.drop_in_text)
        for service in want
        if service.drop_in_text not in (None, have.drop_ins.get(service.drop_in, ""))
    ]
    if outdated or steps:
        steps.append(Step("daemon-reload", "systemd"))
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for service in want:
        found = _steps(service, have)
        steps += [Step(verb, service.name) for verb in found]
        before[service.name] = _shown(service, have)
        after[service.name] = _AFTER[service.state] if found or service in outdated else before[service.name]
        if service.drop_in_text is not None:
            before[service.name] = {**before[service.name], "drop_in": have.drop_ins.get(service.drop_in, "")}
            after[service.name] = {**after[service.name], "drop_in": service.drop_in_text}
    return Plan(tuple(steps), before, after)


def not_installed(have: Have, want: tuple[Service, ...]) -> list[str]:
    """Services whose unit's file is not there; a mask hides whether it is."""
    return [service.name for service in want if not have.units[service.name].there or have.units[service.name].masked]


def newer_file(service: Service, have: Have) -> str | None:
    """What the running service has not read: the path of the file written last, None when it has read all."""
    started = have.units[service.name].started
    times = {path: have.written.get(path) for path in service.files}
    # A time in the future (a clock that was set back) must not restart the service for ever.
    newer = {
        path: min(time, have.called)
        for path, time in times.items()
        if time is not None and (started is None or min(time, have.called) > started)
    }
    if newer:
        return max(newer, key=lambda path: newer[path])
    if service.changed and (started is None or started < have.called):
        return service.files[-1] if service.files else "its configuration"
    return None


def _steps(service: Service, have: Have) -> list[str]:
    unit = have.units[service.name]
    if service.state == HELD:
        return [] if unit.there else ["mask"]
    if service.state == STOPPED:
        stop = ["stop"] if unit.there and unit.active_state not in ("inactive", "failed") else []
        return stop + (["disable"] if unit.there and unit.unit_file_state in ("enabled", "enabled-runtime") else [])
    steps = ["unmask"] if unit.masked else []
    if not unit.enabled:
        steps.append("enable")
    if not unit.running:
        steps.append("start")
    elif newer_file(service, have):
        steps.append("restart")
    return steps


def _shown(service: Service, have: Have) -> dict[str, Any]:
    unit = have.units[service.name]
    if not unit.there:
        return {"installed": False}
    shown: dict[str, Any] = {"active": unit.active_state, "at_boot": unit.unit_file_state or unit.load_state}
    if service.state == CURRENT and unit.outdated:
        shown["unit"] = "read before its files were changed"
    if service.state == CURRENT and unit.running:
        newer = newer_file(service, have)
        shown["configuration"] = "older than %s" % newer if newer else "current"
    return shown


_AFTER: dict[str, dict[str, Any]] = {
    CURRENT: {"active": "active", "at_boot": "enabled", "configuration": "current"},
    STOPPED: {"active": "inactive", "at_boot": "disabled"},
    HELD: {"active": "inactive", "at_boot": "masked"},
}
