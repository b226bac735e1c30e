# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.service_plan import (
    Have,
    Service,
    Unit,
    not_installed,
    plan_services,
    services_from,
)

RUNNING = Unit("loaded", "active", "enabled", started=100.0)


def have(unit: Unit, called: float = 1000.0, **written: Any) -> Have:
    return Have({"agent": unit}, {"/etc/%s" % name: time for name, time in written.items()}, called)


def actions(found: Have, *files: str, **wanted: Any) -> list[str]:
    service = Service("agent", files=tuple("/etc/%s" % name for name in files), **wanted)
    return plan_services(found, (service,)).actions


def test_a_service_started_after_its_files_were_written_is_left_alone() -> None:
    plan = plan_services(have(RUNNING, a=99.999), (Service("agent", files=("/etc/a",)),))
    assert plan.actions == []
    assert plan.before == plan.after


def test_a_file_written_after_the_start_restarts_the_service_and_the_diff_names_the_file() -> None:
    plan = plan_services(have(RUNNING, a=50.0, b=100.001), (Service("agent", files=("/etc/a", "/etc/b")),))
    assert plan.actions == ["restart agent"]
    assert plan.before["agent"]["configuration"] == "older than /etc/b"
    assert plan.after["agent"] == {"active": "active", "at_boot": "enabled", "configuration": "current"}


def test_of_two_newer_files_the_diff_names_the_newest() -> None:
    plan = plan_services(have(RUNNING, a=300.0, b=200.0), (Service("agent", files=("/etc/a", "/etc/b")),))
    assert plan.before["agent"]["configuration"] == "older than /etc/a"


def test_a_file_that_is_not_there_restarts_nothing() -> None:
    assert actions(have(RUNNING, a=None), "a") == []


def test_a_change_that_is_only_planned_restarts_the_service() -> None:
    assert actions(have(RUNNING, a=50.0), "a", changed=True) == ["restart agent"]


def test_a_change_of_this_run_is_taken_up_by_a_restart_in_this_run() -> None:
    after_the_restart = Unit("loaded", "active", "enabled", started=1000.5)
    assert actions(have(after_the_restart, called=1000.0, a=999.0), "a", changed=True) == []


def test_a_time_in_the_future_does_not_restart_the_service_twice() -> None:
    assert actions(have(RUNNING, a=9000.0), "a") == ["restart agent"]
    assert actions(have(Unit("loaded", "active", "enabled", started=1000.5), a=9000.0), "a") == []


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        (Unit("loaded", "inactive", "disabled"), ["enable agent", "start agent"]),
        (Unit("loaded", "failed", "enabled"), ["start agent"]),
        (Unit("loaded", "activating", "enabled"), ["start agent"]),
        (Unit("loaded", "active", "disabled", 100.0), ["enable agent"]),
        (Unit("loaded", "active", "enabled-runtime", 100.0), ["enable agent"]),
        (Unit("loaded", "active", "static", 100.0), []),
        (Unit("masked", "inactive", "masked"), ["unmask agent", "enable agent", "start agent"]),
        (Unit("not-found"), ["enable agent", "start agent"]),
    ],
)
def test_a_service_that_does_not_run_or_not_at_boot_is_brought_there(unit: Unit, expected: list[str]) -> None:
    assert actions(have(unit)) == expected


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        (RUNNING, ["stop agent", "disable agent"]),
        (Unit("loaded", "inactive", "enabled"), ["disable agent"]),
        (Unit("loaded", "activating", "disabled"), ["stop agent"]),
        (Unit("loaded", "inactive", "disabled"), []),
        (Unit("masked", "inactive", "masked"), []),
        (Unit("not-found"), []),
    ],
)
def test_a_service_that_is_not_wanted_is_stopped_and_does_not_come_back_at_boot(
    unit: Unit, expected: list[str]
) -> None:
    assert actions(have(unit), state="stopped") == expected


@pytest.mark.parametrize(
    ("unit", "expected"),
    [(Unit("not-found"), ["mask agent"]), (Unit("masked", "inactive", "masked"), []), (RUNNING, [])],
)
def test_only_a_service_that_is_not_installed_is_held(unit: Unit, expected: list[str]) -> None:
    assert actions(have(unit), state="held") == expected


def test_a_masked_service_may_be_one_that_is_not_installed() -> None:
    units = {"a": RUNNING, "b": Unit("not-found"), "c": Unit("masked", "inactive", "masked")}
    assert not_installed(Have(units, {}, 0.0), (Service("a"), Service("b"), Service("c"))) == ["b", "c"]


def test_a_unit_that_systemd_has_not_read_anew_is_shown_and_read_without_a_restart() -> None:
    plan = plan_services(have(Unit("loaded", "active", "enabled", 100.0, outdated=True)), (Service("agent"),))
    assert plan.actions == ["daemon-reload systemd"]
    assert plan.before != plan.after


def test_services_are_acted_on_in_the_order_they_are_named() -> None:
    found = Have({"b": RUNNING, "a": RUNNING}, {"/etc/f": 200.0}, 1000.0)
    plan = plan_services(found, (Service("b", files=("/etc/f",)), Service("a", files=("/etc/f",))))
    assert plan.actions == ["restart b", "restart a"]


@pytest.mark.parametrize("name", ["", "-h", "a b", "neutron-*", "a\nb"])
def test_what_is_not_a_unit_name_is_refused_by_its_path(name: str) -> None:
    with pytest.raises(SpecError, match=r"services\[0\]\.name"):
        services_from({"services": [{"name": name, "state": "current", "files": [], "changed": False}]})


def test_a_service_named_twice_is_refused() -> None:
    given = {"name": "agent", "state": "current", "files": [], "changed": False}
    with pytest.raises(SpecError, match=r"services\[1\]\.name: agent is named twice"):
        services_from({"services": [given, dict(given, state="stopped")]})


def test_settings_are_written_before_the_service_is_restarted() -> None:
    service = Service("agent", files=("/etc/a",), settings={"KillMode": "process"})
    plan = plan_services(have(RUNNING, a=200.0), (service,))
    assert plan.actions == ["write %s" % service.drop_in, "daemon-reload systemd", "restart agent"]
    assert plan.steps[0].payload == "# Kept by linuxbridge.vrrp.service_current.\n[Service]\nKillMode=process\n"
    assert (plan.before["agent"]["drop_in"], plan.after["agent"]["drop_in"]) == ("", plan.steps[0].payload)


@pytest.mark.parametrize("settings", [{"KillMode": 1}, {"Kill Mode": "process"}, {"KillMode": "a\nExecStart=/bin/sh"}])
def test_what_systemd_cannot_have_as_a_setting_is_refused_with_its_path(settings: dict[str, Any]) -> None:
    given = {"name": "agent", "state": "current", "files": [], "changed": False, "settings": settings}
    with pytest.raises(SpecError, match=r"services\[0\]\.settings\.Kill ?Mode: not a setting"):
        services_from({"services": [given]})
