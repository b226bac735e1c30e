# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

PLAYS = yaml.safe_load((Path(__file__).parents[3] / "playbooks" / "site.yml").read_text())
ON_HOSTS = [play for play in PLAYS if play["hosts"] != "localhost"]


@pytest.mark.parametrize("play", ON_HOSTS, ids=lambda play: play["name"])
def test_the_run_ends_at_the_first_host_that_fails_or_is_lost(play: dict[str, Any]) -> None:
    # With any_errors_fatal alone the plays behind it go on when a host is lost (ansible-core 2.21).
    assert play["any_errors_fatal"] is True
    assert play["max_fail_percentage"] == 0


@pytest.mark.parametrize("play", ON_HOSTS, ids=lambda play: play["name"])
def test_what_restarts_something_is_on_one_host_at_a_time(play: dict[str, Any]) -> None:
    roles = [role for role in play.get("roles", []) if role["role"] != "linuxbridge.vrrp.preflight"]
    phases = [value for role in roles for key, value in role.items() if key.endswith("_phase")]
    restarts = bool(roles) and (not phases or any("restart" in phase or "main" in phase for phase in phases))
    assert (play.get("serial") == 1) == restarts


def test_agents_beside_a_server_are_restarted_when_its_files_are_written() -> None:
    """Some of them are the agents' too: written later, they would make the next run restart the agents again."""
    (tasks,) = [
        play["tasks"] for play in PLAYS if play["name"] == "Network and compute nodes, packages and configuration"
    ]
    server, agents = tasks
    assert server["ansible.builtin.include_role"] == {"name": "linuxbridge.vrrp.controller"}
    assert server["vars"] == {"controller_phase": "configure"} and "groups.controllers" in server["when"]
    assert agents["ansible.builtin.import_role"]["tasks_from"] == "configure"
