# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import PurePath

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.bridge_netfilter import (
    FILES,
    MODULES_FILE,
    SETTINGS,
    SYSCTL_FILE,
    Have,
    plan_netfilter,
)

ON = dict.fromkeys(SETTINGS, "1")


def test_a_bare_host_gets_both_files_then_the_module_then_both_settings() -> None:
    plan = plan_netfilter(Have(dict.fromkeys(FILES), dict.fromkeys(SETTINGS)))
    assert plan.actions == [
        "write %s" % MODULES_FILE,
        "write %s" % SYSCTL_FILE,
        "load br_netfilter",
        "set net.bridge.bridge-nf-call-iptables = 1",
        "set net.bridge.bridge-nf-call-ip6tables = 1",
    ]
    assert plan.after == {**FILES, **ON}


def test_where_all_is_set_nothing_is_done() -> None:
    plan = plan_netfilter(Have(FILES, ON))
    assert plan.actions == []
    assert plan.before == plan.after


def test_a_setting_that_was_turned_off_is_turned_on_again() -> None:
    plan = plan_netfilter(Have(FILES, {**ON, "net.bridge.bridge-nf-call-ip6tables": "0"}))
    assert plan.actions == ["set net.bridge.bridge-nf-call-ip6tables = 1"]


def test_a_file_that_was_edited_is_put_right() -> None:
    assert plan_netfilter(Have({**FILES, SYSCTL_FILE: "x = 1\n"}, ON)).actions == ["write %s" % SYSCTL_FILE]


def test_what_etc_sysctl_conf_says_does_not_undo_it_at_boot() -> None:
    assert sorted(["99-sysctl.conf", PurePath(SYSCTL_FILE).name])[-1] == PurePath(SYSCTL_FILE).name
