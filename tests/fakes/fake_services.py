# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine with systemd's rules for units, and a clock of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.service_plan import Have, Service, Unit

NOT_THERE = Unit("not-found")


class FakeServices:
    """read_only refuses every verb: what is current needs none."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.called = self.now
        self.units: dict[str, Unit] = {}
        self.written: dict[str, float | None] = {}
        self.drop_ins: dict[str, str] = {}
        self.read_only = False

    def install(self, name: str) -> None:
        """What a package does: its unit is there; it is started unless it is masked."""
        if not self.units.get(name, NOT_THERE).masked:
            self.units[name] = Unit("loaded", "active", "enabled", self.tick())

    def write(self, path: str) -> None:
        self.written[path] = self.tick()

    def add_drop_in(self, name: str) -> None:
        self.units[name] = replace(self.units[name], outdated=True)

    def call(self) -> FakeServices:
        """A new call of the module."""
        self.called = self.tick()
        return self

    def tick(self) -> float:
        self.now += 1
        return self.now

    def look(self, services: Sequence[Service]) -> Have:
        units = {service.name: self.units.get(service.name, NOT_THERE) for service in services}
        written = {path: self.written.get(path) for service in services for path in service.files}
        drop_ins = {service.drop_in: self.drop_ins.get(service.drop_in, "") for service in services}
        return Have(units, written, self.called, drop_ins)

    def do(self, verb: str, name: str, text: str | None = None) -> None:
        if self.read_only:
            raise AssertionError("%s %s on a machine that must not change" % (verb, name))
        if verb in ("write", "remove"):
            self.drop_ins[name] = text or ""
            return
        unit = self.units.get(name, NOT_THERE)
        if verb == "daemon-reload":
            self.units = {known: replace(unit, outdated=False) for known, unit in self.units.items()}
            return
        if verb == "mask":
            self.units[name] = replace(unit, load_state="masked", unit_file_state="masked")
            return
        if not unit.there or (unit.masked and verb != "unmask"):
            raise EdgeError("Unit %s.service is masked or not there" % name)
        self.units[name] = {
            "unmask": lambda: replace(unit, load_state="loaded", unit_file_state="disabled"),
            "enable": lambda: replace(unit, unit_file_state="enabled"),
            "disable": lambda: replace(unit, unit_file_state="disabled"),
            "start": lambda: replace(unit, active_state="active", started=unit.started or self.tick()),
            "restart": lambda: replace(unit, active_state="active", started=self.tick()),
            "stop": lambda: replace(unit, active_state="inactive", started=None),
        }[verb]()
