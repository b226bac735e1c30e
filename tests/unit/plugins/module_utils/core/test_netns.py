# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to network namespaces."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.netns import (
    NOTHING,
    Found,
    Namespace,
    busy,
    missing_sysctls,
    parse_sysctls,
    plan_absent,
    plan_present,
    problems,
    sysctl_path,
    unit_text,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.plan import Step

RED = Namespace("red", (("net.ipv4.ip_forward", "1"),))
THERE = Found(exists=True, loopback_up=True, sysctls={"net.ipv4.ip_forward": "1"}, unit=unit_text(RED), enabled=True)


def texts(steps: list[Step]) -> list[str]:
    return [str(step) for step in steps]


def test_a_namespace_that_is_as_wanted_needs_nothing() -> None:
    assert plan_present(RED, THERE) == []
    assert plan_absent("red", NOTHING) == []


def test_a_new_namespace_is_made_with_all_it_needs() -> None:
    assert texts(plan_present(RED, NOTHING)) == [
        "create network namespace red",
        "bring up lo in red",
        "set net.ipv4.ip_forward=1 in red",
        "write unit linuxbridge-vrrp-netns-red.service",
        "enable linuxbridge-vrrp-netns-red.service",
    ]


@pytest.mark.parametrize(
    ("change", "steps"),
    [
        ({"loopback_up": False}, ["bring up lo in red"]),
        ({"sysctls": {"net.ipv4.ip_forward": "0"}}, ["set net.ipv4.ip_forward=1 in red"]),
        ({"unit": "edited"}, ["write unit linuxbridge-vrrp-netns-red.service"]),
        ({"enabled": False}, ["enable linuxbridge-vrrp-netns-red.service"]),
    ],
)
def test_drift_of_each_kind_is_mended_by_one_step(change: dict[str, Any], steps: list[str]) -> None:
    assert texts(plan_present(RED, replace(THERE, **change))) == steps


def test_what_a_killed_ip_netns_add_left_is_cleared_first() -> None:
    assert texts(plan_present(RED, Found(broken=True)))[:2] == [
        "clear broken network namespace red",
        "create network namespace red",
    ]
    assert texts(plan_absent("red", Found(broken=True))) == ["clear broken network namespace red"]


def test_persistent_false_takes_the_unit_away_and_nothing_else() -> None:
    assert texts(plan_present(replace(RED, persistent=False), THERE)) == [
        "disable linuxbridge-vrrp-netns-red.service",
        "delete unit linuxbridge-vrrp-netns-red.service",
    ]


def test_a_removal_kills_first_and_takes_the_unit_before_the_namespace() -> None:
    steps = texts(plan_absent("red", replace(THERE, processes=((7, "sleep"), (8, "cat")))))
    assert steps[:2] == ["kill 7 (sleep) in red", "kill 8 (cat) in red"]
    assert steps[-1] == "remove network namespace red"
    assert len(steps) == 5


def test_processes_are_named_in_the_refusal() -> None:
    assert busy("red", THERE) == []
    (problem,) = busy("red", replace(THERE, processes=((7, "sleep"),)))
    assert str(problem) == "name: red has processes in it: 7 (sleep); stop them, or set kill to true"


def test_values_of_sysctls_are_compared_as_the_kernel_shows_them() -> None:
    assert parse_sysctls({"b": True, "a": "1\t 2", "c": 3}) == (("a", "1 2"), ("b", "1"), ("c", "3"))


def test_sysctls_that_change_others_are_set_before_them_at_boot_too() -> None:
    order = [
        "net.ipv4.ip_forward",
        "net.ipv4.conf.all.accept_redirects",
        "net.ipv4.conf.default.arp_ignore",
        "net.ipv4.conf.a0.arp_ignore",
        "net/ipv4/conf/a0.5/forwarding",
    ]
    sysctls = parse_sysctls(dict.fromkeys(sorted(order), 1))
    assert sorted(key for key, _value in sysctls) == sorted(order)
    places = [unit_text(Namespace("red", sysctls)).index(sysctl_path(key)) for key in order[:3]]
    assert places == sorted(places) and places[-1] < unit_text(Namespace("red", sysctls)).index("conf/a0")


@pytest.mark.parametrize(
    ("broad", "narrow"),
    [
        ("net.ipv6.conf.all.disable_ipv6", "net/ipv6/conf/a0.5/disable_ipv6"),
        ("net.ipv4.conf.default.arp_ignore", "net.ipv4.conf.a0.arp_ignore"),
        ("net.ipv4.ip_forward", "net.ipv4.conf.a0.forwarding"),
        ("net.ipv4.ip_forward", "net.ipv4.conf.all.accept_redirects"),
        ("net.ipv4.conf.all.forwarding", "net.ipv4.conf.all.accept_redirects"),
    ],
)
def test_a_sysctl_that_another_one_would_change_is_set_after_it_though_it_is_right_now(broad: str, narrow: str) -> None:
    want = Namespace("red", parse_sysctls({narrow: 0, broad: 1}), persistent=False)
    have = replace(THERE, unit=None, enabled=False)
    steps = texts(plan_present(want, replace(have, sysctls={broad: "0", narrow: "0"})))
    assert steps == ["set %s=1 in red" % broad, "set %s=0 in red" % narrow]
    assert texts(plan_present(want, replace(have, sysctls={broad: "1", narrow: "1"}))) == steps[1:]


def test_a_sysctl_that_no_other_one_changes_is_left_alone() -> None:
    want = Namespace("red", parse_sysctls({"net.ipv4.ip_forward": 1, "net.ipv6.conf.a0.forwarding": 0}))
    values = {"net.ipv4.ip_forward": "0", "net.ipv6.conf.a0.forwarding": "0"}
    steps = texts(plan_present(want, replace(THERE, sysctls=values, unit=unit_text(want))))
    assert steps == ["set net.ipv4.ip_forward=1 in red"]


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("net.ipv4.ip_forward", "net/ipv4/ip_forward"),
        ("net/ipv4/conf/eth0.100/forwarding", "net/ipv4/conf/eth0.100/forwarding"),
        ("net.ipv4.conf.eth0/100.forwarding", "net/ipv4/conf/eth0.100/forwarding"),
    ],
)
def test_the_first_separator_of_a_sysctl_decides_what_the_other_means(key: str, path: str) -> None:
    assert sysctl_path(key) == "/proc/sys/" + path


def test_a_sysctl_that_the_kernel_lacks_is_named_once_the_namespace_is_there() -> None:
    assert missing_sysctls(RED, NOTHING) == []
    (problem,) = missing_sysctls(RED, replace(THERE, sysctls={"net.ipv4.ip_forward": None}))
    assert problem.path == "sysctls.net.ipv4.ip_forward"


@pytest.mark.parametrize(
    "name", ["", "two words", "a/b", "..", "-a", "a\nb", "a'b", 'a"b', "bücher", "a" * 65, "a;b", "%n"]
)
def test_a_name_that_breaks_a_path_or_a_unit_is_refused(name: str) -> None:
    assert [problem.path for problem in problems(["red", name], ())] == ["name[1]"]


@pytest.mark.parametrize(
    ("key", "value", "path"),
    [
        ("kernel.hostname", "x", "sysctls"),
        ("net/../kernel/hostname", "x", "sysctls"),
        ("net.ipv4.ip_forward", "1; reboot", "sysctls.net.ipv4.ip_forward"),
        ("net.ipv4.ip_forward", "", "sysctls.net.ipv4.ip_forward"),
        ("net.ipv4.ip_forward", "$(x)", "sysctls.net.ipv4.ip_forward"),
        ("net.ipv4.ip_forward", "01", "sysctls.net.ipv4.ip_forward"),
        ("net.ipv4.ping_group_range", "0 0x10", "sysctls.net.ipv4.ping_group_range"),
        ("net.ipv4.ip_local_reserved_ports", "8080,010", "sysctls.net.ipv4.ip_local_reserved_ports"),
        ("net.ipv4.ip_local_reserved_ports", "8080,", "sysctls.net.ipv4.ip_local_reserved_ports"),
    ],
)
def test_a_sysctl_outside_of_namespaces_or_with_no_value_of_the_kernels_is_refused(
    key: str, value: str, path: str
) -> None:
    assert [problem.path for problem in problems(["red"], [(key, value)])] == [path]


@pytest.mark.parametrize("value", ["0", "-1", "fq_codel", "40000 41000", "8080,9148", "0,10,8080-8090"])
def test_numbers_words_and_lists_are_values_of_sysctls(value: str) -> None:
    assert problems(["red"], [("net.ipv4.ip_local_reserved_ports", value)]) == []


def test_every_name_is_given_and_given_once() -> None:
    assert [problem.path for problem in problems([], ())] == ["name"]
    assert [problem.path for problem in problems(["red", "red"], ())] == ["name[1]"]
