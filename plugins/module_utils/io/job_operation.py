# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The layers of traffic_probe and vrrp_watch, put together for converge()."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable, Protocol

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.job import JobHave, JobWant, plan_job
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.plan import Plan, Step


class JobPort(Protocol):
    """Where jobs of one kind run."""

    def look(self, name: str) -> JobHave:
        """What is there of a job, with its result once it has ended."""

    def start(self, name: str, asked: dict[str, Any]) -> None:
        """Start it; it ends by itself after asked["duration"] seconds."""

    def stop(self, name: str) -> None:
        """End it and keep its result."""

    def remove(self, name: str) -> None:
        """Forget its result."""


class JobOperation:
    """parse: options to JobWant. make_port: opens the host. empty: the result of a job that is not there."""

    poll_interval = 0.1

    def __init__(
        self,
        parse: Callable[[dict[str, Any]], JobWant],
        make_port: Callable[[], JobPort],
        empty: dict[str, Any],
    ) -> None:
        self._parse = parse
        self._make_port = make_port
        self._empty = empty
        self._started = False

    def parse(self, params: dict[str, Any]) -> JobWant:
        return self._parse(params)

    def connect(self, want: JobWant) -> JobPort:
        return self._make_port()

    def observe(self, port: JobPort, want: JobWant) -> JobHave:
        return port.look(want.name)

    def plan(self, have: JobHave, want: JobWant) -> Plan:
        """What has been restarted is only to be running."""
        return plan_job(have, replace(want, state="started") if self._started else want)

    def apply(self, step: Step, port: JobPort) -> None:
        want: JobWant = step.payload
        if step.verb == "start":
            port.start(want.name, want.asked)
            self._started = True
        elif step.verb == "stop":
            port.stop(want.name)
        else:
            port.remove(want.name)

    def settle_timeout(self, want: JobWant) -> float:
        return 2.0

    def result(self, have: JobHave, want: JobWant, plan: Plan) -> dict[str, Any]:
        found = have.result if want.state == "stopped" else None
        return dict(self._empty if found is None else found, running=have.running)
