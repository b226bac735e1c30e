# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same cases on the fake machine and, through the module itself, on a lab host with a real systemd."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.service_plan import plan_services, services_from
from ansible_collections.linuxbridge.vrrp.tests.fakes.fake_services import FakeServices

UNIT = "linuxbridge-vrrp-contract"
FILE = "/run/%s.conf" % UNIT
ROOT = Path(__file__).parents[2]


class FakeMachine:
    def __init__(self) -> None:
        self.services = FakeServices()

    def install(self) -> None:
        self.services.install(UNIT)

    def write(self) -> None:
        self.services.write(FILE)

    def add_drop_in(self) -> None:
        self.services.add_drop_in(UNIT)

    def converge(self, check: bool = False, **service: Any) -> list[str]:
        want = services_from({"services": [{"state": "current", "files": [FILE], "changed": False, **service}]})
        port = self.services.call()
        plan = plan_services(port.look(want), want)
        if not check:
            for step in plan.steps:
                port.do(step.verb, step.object, step.payload)
            assert plan_services(port.look(want), want).actions == []
        return plan.actions


class LabMachine:
    """A lab host; the unit is a sleep of its own and is removed again."""

    def __init__(self, inventory: Path) -> None:
        self._inventory = inventory

    def install(self) -> None:
        # As a package does it: the unit's file, then a start that a mask forbids.
        unit = "[Service]\\nExecStart=/bin/sleep infinity\\n[Install]\\nWantedBy=multi-user.target\\n"
        self._shell(
            "printf '%s' > /lib/systemd/system/%s.service; systemctl daemon-reload; "
            'test "$(systemctl show -p LoadState --value %s)" = masked || systemctl enable --now %s'
            % (unit, UNIT, UNIT, UNIT)
        )

    def write(self) -> None:
        # File times have the granularity of the kernel's tick.
        self._shell("sleep 0.02; date +%%N > %s; sleep 0.02" % FILE)

    def add_drop_in(self) -> None:
        directory = "/etc/systemd/system/%s.service.d" % UNIT
        self._shell("mkdir -p %s; printf '[Service]\\nKillMode=process\\n' > %s/contract.conf" % (directory, directory))

    def converge(self, check: bool = False, **service: Any) -> list[str]:
        arguments = {"services": [{"files": [FILE], **service}], "timeout": 5}
        shown = self._ansible("linuxbridge.vrrp.service_current", json.dumps(arguments), *(["--check"] * check))
        answer = json.loads(shown[shown.index("{") :])
        assert answer["changed"] == bool(answer["actions"])
        return list(answer["actions"])

    def remove(self) -> None:
        self._shell(
            "systemctl disable --now %s; systemctl unmask %s; rm -f /lib/systemd/system/%s.service %s; "
            "rm -rf /etc/systemd/system/%s.service.d; systemctl daemon-reload; true" % (UNIT, UNIT, UNIT, FILE, UNIT)
        )

    def _shell(self, command: str) -> None:
        self._ansible("ansible.builtin.shell", command)

    def _ansible(self, module: str, arguments: str, *options: str) -> str:
        command = [Path(sys.executable).parent / "ansible", "-i", self._inventory, "compute2"]
        done = subprocess.run(
            [*command, "-m", module, "-a", arguments, *options],
            cwd=ROOT,
            env={**os.environ, "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(params=["fake", pytest.param("systemd", marks=pytest.mark.lab)])
def machine(request: pytest.FixtureRequest) -> Iterator[FakeMachine | LabMachine]:
    if request.param == "fake":
        yield FakeMachine()
        return
    lab = LabMachine(ROOT / ".lab" / os.environ.get("LAB", "demo") / "inventory")
    lab.remove()
    yield lab
    lab.remove()


def test_a_file_written_after_the_start_restarts_the_service_once(machine: FakeMachine | LabMachine) -> None:
    machine.install()
    machine.write()
    assert machine.converge(name=UNIT, check=True) == ["restart %s" % UNIT]
    assert machine.converge(name=UNIT) == ["restart %s" % UNIT]
    assert machine.converge(name=UNIT) == []


def test_a_service_held_before_its_package_comes_starts_only_when_it_is_wanted(
    machine: FakeMachine | LabMachine,
) -> None:
    assert machine.converge(name=UNIT, state="held") == ["mask %s" % UNIT]
    assert machine.converge(name=UNIT, state="held") == []
    machine.install()
    machine.write()
    assert machine.converge(name=UNIT) == ["unmask %s" % UNIT, "enable %s" % UNIT, "start %s" % UNIT]
    assert machine.converge(name=UNIT) == []


def test_a_stopped_service_stays_stopped_until_it_is_wanted_again(machine: FakeMachine | LabMachine) -> None:
    assert machine.converge(name=UNIT, state="stopped") == []
    machine.install()
    assert machine.converge(name=UNIT, state="stopped") == ["stop %s" % UNIT, "disable %s" % UNIT]
    assert machine.converge(name=UNIT, state="stopped") == []
    assert machine.converge(name=UNIT) == ["enable %s" % UNIT, "start %s" % UNIT]


def test_a_change_that_is_only_foretold_restarts_in_check_mode(machine: FakeMachine | LabMachine) -> None:
    machine.install()
    assert machine.converge(name=UNIT, check=True, changed=True) == ["restart %s" % UNIT]
    assert machine.converge(name=UNIT, check=True) == []


def test_systemd_reads_changed_units_anew_before_a_service_is_restarted(machine: FakeMachine | LabMachine) -> None:
    machine.install()
    machine.add_drop_in()
    assert machine.converge(name=UNIT, check=True) == ["daemon-reload systemd"]
    machine.write()
    assert machine.converge(name=UNIT) == ["daemon-reload systemd", "restart %s" % UNIT]
    assert machine.converge(name=UNIT) == []


def test_settings_are_read_by_systemd_and_restart_nothing(machine: FakeMachine | LabMachine) -> None:
    machine.install()
    path = "/etc/systemd/system/%s.service.d/linuxbridge-vrrp.conf" % UNIT
    written = ["write %s" % path, "daemon-reload systemd"]
    assert machine.converge(name=UNIT, settings={"KillMode": "process"}, check=True) == written
    assert machine.converge(name=UNIT, settings={"KillMode": "process"}) == written
    assert machine.converge(name=UNIT, settings={"KillMode": "process"}) == []
    assert machine.converge(name=UNIT) == []
    assert machine.converge(name=UNIT, settings={}) == ["remove %s" % path, "daemon-reload systemd"]
    assert machine.converge(name=UNIT, settings={}) == []
