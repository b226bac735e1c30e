# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work that runs in the background of a host between two tasks: one starts it, another ends it and takes the result."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import Problem, SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.plan import Plan, Step

#: A job ends by itself after at most this time, in seconds.
LONGEST = 86400.0
FASTEST = 1000.0

STATES = ("started", "restarted", "stopped", "absent")
STARTING = STATES[:2]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}\Z")
_NAMESPACE = re.compile(r"[^/\s\x00]{1,255}\Z")
_INTERFACE = re.compile(r"[^/\s\x00]{1,15}\Z")


@dataclass(frozen=True)
class JobWant:
    """asked: what it is to be started with, in JSON's types; empty unless state is ``started`` or ``restarted``."""

    kind: str
    name: str
    state: str
    asked: dict[str, Any]


@dataclass(frozen=True)
class JobHave:
    """asked: what it was started with; None when there is no such job. result: None as long as there is none."""

    asked: dict[str, Any] | None = None
    running: bool = False
    result: dict[str, Any] | None = None


def plan_job(have: JobHave, want: JobWant) -> Plan:
    """Raises SpecError when a job of that name runs with something else."""
    shown = "%s %s" % (want.kind, want.name)
    before = {"state": "running" if have.running else "absent" if have.asked is None else "ended"}
    steps: list[str] = []
    after = before
    if want.state == "restarted":
        steps = ["stop"] * have.running + ["remove"] * (have.asked is not None) + ["start"]
        after = {"state": "running, from now on"}
    elif want.state == "started" and not (have.running and have.asked == want.asked):
        if have.running:
            raise SpecError.one("name", "%s runs with other options; stop it first or choose another name" % shown)
        steps, after = ["remove"] * (have.asked is not None) + ["start"], {"state": "running"}
    elif want.state == "stopped" and have.running:
        steps, after = ["stop"], {"state": "ended"}
    elif want.state == "absent" and have.asked is not None:
        steps, after = ["stop"] * have.running + ["remove"], {"state": "absent"}
    return Plan(tuple(Step(verb, shown, want) for verb in steps), before, after)


def probe_want(params: dict[str, Any]) -> JobWant:
    """The options of traffic_probe. Raises SpecError with every value that is wrong."""
    problems = _common_problems(params)
    targets: list[str] = []
    for at, value in enumerate(params.get("targets") or []):
        try:
            address = ipaddress.ip_address(value.strip())
        except ValueError:
            problems.append(Problem("targets[%d]" % at, "%r is not an address; names are not looked up" % value))
            continue
        target = str(address)
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            text = "%s is an IPv4 address in IPv6's notation; give %s"
            problems.append(Problem("targets[%d]" % at, text % (target, address.ipv4_mapped)))
        if target in targets:
            problems.append(Problem("targets[%d]" % at, "%s is there twice" % target))
        targets.append(target)
    if params["state"] in STARTING and not params.get("targets"):
        problems.append(Problem("targets", "is empty; give at least one address"))
    rate = params["rate"]
    if not 0 < rate <= FASTEST:
        problems.append(Problem("rate", "%g is not above 0 and at most %g a second" % (rate, FASTEST)))
    asked = {"targets": targets, "rate": rate, "duration": params["duration"]}
    return _want("probe", params, asked, problems)


def watch_want(params: dict[str, Any]) -> JobWant:
    """The options of vrrp_watch. Raises SpecError with every value that is wrong."""
    problems = _common_problems(params)
    asked: dict[str, Any] = {"duration": params["duration"]}
    for option, pattern in (("namespaces", _NAMESPACE), ("interfaces", _INTERFACE)):
        asked[option] = sorted(set(params.get(option) or []))
        for value in asked[option]:
            if not pattern.match(value) or value in (".", ".."):
                problems.append(Problem(option, "%r is not a name the kernel could have" % value))
    if params["state"] in STARTING and not asked["namespaces"] and not asked["interfaces"]:
        problems.append(Problem("namespaces", "is empty, and so is interfaces; give at least one to watch"))
    return _want("watch", params, asked, problems)


def _want(kind: str, params: dict[str, Any], asked: dict[str, Any], problems: list[Problem]) -> JobWant:
    if problems:
        raise SpecError(problems)
    return JobWant(kind, params["name"], params["state"], asked if params["state"] in STARTING else {})


def _common_problems(params: dict[str, Any]) -> list[Problem]:
    problems = []
    if not _NAME.match(params["name"]):
        problems.append(
            Problem("name", "%r has other characters than letters, digits, '-', '_' and '.'" % params["name"])
        )
    if not 0 < params["duration"] <= LONGEST:
        problems.append(Problem("duration", "%g is not above 0 and at most %g seconds" % (params["duration"], LONGEST)))
    return problems
