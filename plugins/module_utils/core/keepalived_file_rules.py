# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a whole configuration of keepalived; see keepalived_rules for one instance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import Problem
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_model import (
    Configuration,
    Tracked,
    VrrpInstance,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_rules import instance_problems
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_words import (
    command_problems,
    name_problem,
)


def problems(config: Configuration, path: str = "") -> list[Problem]:
    """Everything that is wrong with the configuration; path is put before the path of each value."""
    found = []
    for index, instance in enumerate(config.instances):
        at = "%sinstances[%d]" % (path, index)
        found += instance_problems(instance, at)
        found += _unknown("track_scripts", instance.track_scripts, {item.name for item in config.scripts}, at)
        found += _unknown("track_files", instance.track_files, {item.name for item in config.files}, at)
    found += _definitions(config, path)
    found += _settings(config, path)
    found += _same_virtual_router(config.instances, path)
    return found


def _definitions(config: Configuration, path: str) -> Iterator[Problem]:
    scripts = [(item.name, item.weight, item.script) for item in config.scripts]
    files = [(item.name, item.weight, item.file) for item in config.files]
    for kind, items in (("scripts", scripts), ("files", files)):
        names = [name for name, _weight, _value in items]
        for index, (name, weight, value) in enumerate(items):
            at = "%s%s[%d]." % (path, kind, index)
            wrong = name_problem(name)
            if wrong:
                yield Problem(at + "name", wrong)
            if name in names[:index]:
                yield Problem(at + "name", "%r is defined twice" % name)
            if weight is not None and not -253 <= weight <= 253:
                yield Problem(at + "weight", "%d is out of range: -253 to 253" % weight)
            yield from (Problem(at + key, text) for key, text in command_problems(kind[:-1], value))


def _settings(config: Configuration, path: str) -> Iterator[Problem]:
    for key in ("router_id", "script_user"):
        wrong = name_problem(getattr(config.global_definitions, key) or "x")
        if wrong:
            yield Problem("%sglobal_definitions.%s" % (path, key), wrong)
    for index, script in enumerate(config.scripts):
        for key in ("interval", "timeout", "rise", "fall"):
            number = getattr(script, key)
            if number is not None and not 1 <= number <= 86400:
                yield Problem("%sscripts[%d].%s" % (path, index, key), "%d is out of range: 1 to 86400" % number)


def _unknown(name: str, tracked: Sequence[Tracked], known: set[str], at: str) -> Iterator[Problem]:
    for index, item in enumerate(tracked):
        if item.name not in known:
            yield Problem("%s.%s[%d].name" % (at, name, index), "%r is not defined in this file" % item.name)


def _same_virtual_router(instances: Sequence[VrrpInstance], path: str) -> Iterator[Problem]:
    """keepalived refuses two instances that would take each other's advertisements."""
    seen: dict[tuple[str, int, int], str] = {}
    names: set[str] = set()
    for index, instance in enumerate(instances):
        at = "%sinstances[%d]." % (path, index)
        key = (instance.interface, instance.family, instance.virtual_router_id)
        if key in seen:
            text = "%d is that of %s on %s already" % (instance.virtual_router_id, seen[key], instance.interface)
            yield Problem(at + "virtual_router_id", text)
        if instance.name in names:
            yield Problem(at + "name", "%r is used twice" % instance.name)
        seen.setdefault(key, instance.name)
        names.add(instance.name)
