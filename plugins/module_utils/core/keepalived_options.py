# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the options of one instance, and what its file says already, to a Service. What is unset is untouched."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import keepalived_model as model
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import node_names
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import Problem, SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_file_rules import problems
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_read import read
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_text import parse
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_unit import (
    Service,
    namespace_of,
    service_name,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_words import name_problem
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.netns import LONGEST_NAME
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.netns import unit_name as namespace_unit

#: What names of others begin with, whose units and files these would be.
_OTHERS = {
    service_name(namespace_unit("")): "network_namespace",
    node_names.namespace(""): "node_routers",
}

#: A new instance cannot do without.
NEEDED = ("interface", "virtual_router_id", "virtual_addresses")
#: Options with the value of the field of the same name; an empty text is none.
_PLAIN = (
    "interface",
    "virtual_router_id",
    "priority",
    "advert_interval",
    "preempt",
    "preempt_delay",
    "source_address",
    "unicast_peers",
    "garp_master_delay",
    "garp_master_repeat",
    "garp_master_refresh",
    "garp_master_refresh_repeat",
    "garp_lower_prio_delay",
    "garp_lower_prio_repeat",
    "notify_master",
    "notify_backup",
    "notify_fault",
    "notify_stop",
    "notify",
)


@dataclass(frozen=True)
class Existing:
    """What the files of an instance say; a text is None when there is no file."""

    configuration: str | None = None
    unit: str | None = None


def name_problems(params: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with the options that name files and units."""
    found = [Problem("name", wrong) for wrong in [name_problem(params["name"], longest=LONGEST_NAME)] if wrong]
    for start, module in _OTHERS.items():
        if params["name"].startswith(start):
            found.append(Problem("name", "%s... is how units of %s are named: choose another" % (start, module)))
    if params["namespace"]:
        wrong = name_problem(params["namespace"], "name of a namespace", LONGEST_NAME)
        found += [Problem("namespace", wrong)] if wrong else []
    return found


def authentication_problems(params: Mapping[str, Any]) -> list[Problem]:
    """Only an empty dictionary turns authentication off."""
    given = params["authentication"] or {}
    if given.get("password") or all(value is None for value in given.values()):
        return []
    return [Problem("authentication.password", "is needed; for no authentication give an empty dictionary")]


def service(params: Mapping[str, Any], existing: Existing) -> Service:
    """The service that is wanted. Raises SpecError with every problem, at the path of the option."""
    given = {name: value for name, value in params.items() if value is not None}
    old = _read(existing.configuration)
    missing = [name for name in NEEDED if not (old.instances or given.get(name))]
    if missing:
        reason = "is needed to make the instance %s" % params["name"]
        reason += ", whose file cannot be read" if existing.configuration else ""
        raise SpecError(Problem(name, reason) for name in missing)
    configuration, orders = _configuration(given, old)
    found = [_as_given(problem, orders) for problem in problems(configuration)]
    if found:
        raise SpecError(found)
    namespace = given.get("namespace", namespace_of(existing.unit)) or None
    after = (namespace_unit(namespace),) if namespace else ()
    return Service(params["name"], configuration, namespace, after)


def _read(text: str | None) -> model.Configuration:
    """What the file says; nothing when it does not parse, for then the options must say it all."""
    try:
        return read(parse(text or ""))
    except SpecError:
        return model.Configuration()


def _configuration(given: dict[str, Any], old: model.Configuration) -> tuple[model.Configuration, dict[str, list[int]]]:
    """The configuration, and for each sorted list the places that its items had in the option."""
    before = old.instances[0] if old.instances else None
    kept = {field.name: getattr(before, field.name) for field in fields(model.VrrpInstance)} if before else {}
    values: dict[str, Any] = {**kept, "name": given["name"], "state": "BACKUP"}
    values.update((name, None if given[name] == "" else given[name]) for name in _PLAIN if name in given)
    # Set as a value, no delay would keep preempt from being false.
    values["preempt_delay"] = values.get("preempt_delay") or None
    if "authentication" in given:
        values["authentication"] = _authentication(given["authentication"])
    values.update(_addresses(given))
    values.update((name, _tracked(given[name])) for name in _LISTS if name in given and name.startswith("track_"))
    # Version 3 stays; version 2 is left when IPv6 or a fraction of a second needs that.
    values["version"] = given.get("version", 3 if before and before.version == 3 else None)
    instance = model.VrrpInstance(**values)
    dynamic = given.get("dynamic_interfaces", old.global_definitions.dynamic_interfaces)
    configuration = model.Configuration(
        (instance,),
        tuple(map(_script, given["track_scripts"])) if "track_scripts" in given else old.scripts,
        tuple(map(_file, given["track_files"])) if "track_files" in given else old.files,
        replace(old.global_definitions, dynamic_interfaces=dynamic),
    )
    return configuration, {name: _order(name, given[name]) for name in _LISTS if name in given}


def _authentication(given: Mapping[str, Any]) -> model.Authentication | None:
    return model.Authentication(given["password"], given.get("type") or "PASS") if given.get("password") else None


def _addresses(given: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in ("virtual_addresses", "virtual_addresses_excluded"):
        if name in given:
            values[name] = tuple(_address(item) for item in given[name])
    if "virtual_routes" in given:
        values["virtual_routes"] = tuple(_route(item) for item in given["virtual_routes"])
    return values


def _address(item: Mapping[str, Any]) -> model.VirtualAddress:
    return model.VirtualAddress(**item)


def _route(item: Mapping[str, Any]) -> model.VirtualRoute:
    track = item["interface"] is not None if item["track"] is None else item["track"]
    return model.VirtualRoute(**{**item, "track": track})


def _tracked(items: list[Mapping[str, Any]]) -> tuple[model.Tracked, ...]:
    """A script's or a file's weight stands in its definition, an interface's where it is tracked."""
    defined = ("script", "file")
    return tuple(
        model.Tracked(item["name"], None if any(key in item for key in defined) else item["weight"]) for item in items
    )


def _script(item: Mapping[str, Any]) -> model.TrackScript:
    return model.TrackScript(**{field.name: item[field.name] for field in fields(model.TrackScript)})


def _file(item: Mapping[str, Any]) -> model.TrackFile:
    return model.TrackFile(item["name"], item["file"], item["weight"])


#: Options whose items are sorted in the model, and by what.
_LISTS: dict[str, Any] = {
    "unicast_peers": lambda peer: model.address_order(model.canonical_host(peer)),
    "track_interfaces": lambda item: item["name"],
    "track_files": lambda item: item["name"],
    "track_scripts": lambda item: item["name"],
    "virtual_addresses_excluded": lambda item: _address(item).order,
}


def _order(name: str, items: list[Any]) -> list[int]:
    return sorted(range(len(items)), key=lambda index: _LISTS[name](items[index]))


def _as_given(problem: Problem, orders: Mapping[str, list[int]]) -> Problem:
    """The problem at the path of the option: ``instances[0].`` is no part of it, and the order is the user's."""
    path = re.sub(r"^instances\[0\]\.", "", problem.path)
    path = re.sub(r"^(scripts|files)\b", r"track_\1", path)
    found = re.match(r"(\w+)\[(\d+)\](.*)", path)
    if found and found.group(1) in orders:
        path = "%s[%d]%s" % (found.group(1), orders[found.group(1)][int(found.group(2))], found.group(3))
    return Problem(path, problem.message)
