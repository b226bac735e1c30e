# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the statements of a file, whoever wrote it, to a Configuration.

What the model has no word for is passed over; passed_over() names what changes the meaning of the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Callable, TypeVar

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_model import (
    Authentication,
    Configuration,
    GlobalDefinitions,
    Tracked,
    TrackFile,
    TrackScript,
    VirtualAddress,
    VirtualRoute,
    VrrpInstance,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_render import (
    INSTANCE_NUMBERS,
    INSTANCE_SCRIPTS,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_text import Statement, find

T = TypeVar("T")

#: Other files, parameters, conditions, and devices that keepalived makes and puts the addresses on.
_PASSED_OVER = re.compile(r"include[a-z]*\Z|\$|@|use_vmac\Z|use_ipvlan\Z")
_FLAGS = frozenset(["home", "-nodad", "mngtmpaddr", "noprefixroute", "autojoin", "no_track", "onlink", "append"])
_ROUTE_TYPES = frozenset(["unicast", "blackhole", "unreachable", "prohibit", "throw", "inet", "inet6", "to"])


def read(statements: Sequence[Statement]) -> Configuration:
    """The configuration that the statements of a whole file mean.

    Raises SpecError, naming instance and keyword, when a value that the model needs is missing or not a number.
    """
    global_block = Statement((), tuple(child for item in find(statements, "global_defs") for child in item.block or ()))
    version = _one(global_block, "vrrp_version", int)
    interval = _one(global_block, "vrrp_advert_int", float)
    return Configuration(
        instances=tuple(_instance(item, version, interval) for item in find(statements, "vrrp_instance")),
        scripts=tuple(_script(item) for item in find(statements, "vrrp_script")),
        files=tuple(
            TrackFile(_name(item), _needed(item, "file", str), _one(item, "weight", int))
            for keyword in ("track_file", "vrrp_track_file")
            for item in find(statements, keyword)
        ),
        global_definitions=GlobalDefinitions(
            router_id=_one(global_block, "router_id", str),
            script_user=_one(global_block, "script_user", str),
            dynamic_interfaces=_flag(global_block, "dynamic_interfaces"),
            notify_fifo=_one(global_block, "vrrp_notify_fifo", str),
            notify_fifo_script=_one(global_block, "vrrp_notify_fifo_script", str),
        ),
    )


def passed_over(statements: Sequence[Statement]) -> list[str]:
    """The keywords with which a file means something else, or more, than read() makes of it."""
    # What is behind the = of a parameter may be a password.
    words = (statement.keyword.partition("=")[0] for statement in _all(statements))
    return sorted({word for word in words if _PASSED_OVER.match(word)})


def _all(statements: Iterable[Statement]) -> Iterator[Statement]:
    for statement in statements:
        yield statement
        yield from _all(statement.block or ())


def sync_groups(statements: Sequence[Statement]) -> list[list[str]]:
    """The names of the instances that change their state together."""
    return [
        [name for line in _lines(group, "group") for name in line.words]
        for group in find(statements, "vrrp_sync_group")
    ]


def _instance(item: Statement, version: int | None, interval: float | None) -> VrrpInstance:
    given: dict[str, Any] = {name: _one(item, name, int) for name in INSTANCE_NUMBERS}
    given.update((name, _one(item, name, str)) for name in INSTANCE_SCRIPTS)
    own_interval = _one(item, "advert_int", float)
    own_version = _one(item, "version", int)
    priority = _one(item, "priority", int)
    return VrrpInstance(
        name=_name(item),
        interface=_one(item, "interface", str) or "",
        virtual_router_id=_needed(item, "virtual_router_id", int),
        priority=100 if priority is None else priority,
        advert_interval=own_interval if own_interval is not None else 1.0 if interval is None else interval,
        state=_one(item, "state", str) or "BACKUP",
        preempt=not _flag(item, "nopreempt"),
        preempt_delay=_one(item, "preempt_delay", float),
        version=own_version if own_version is not None else version,
        authentication=_authentication(item),
        source_address=_one(item, "unicast_src_ip", str) or _one(item, "mcast_src_ip", str),
        unicast_peers=tuple(line.keyword for line in _lines(item, "unicast_peer")),
        track_interfaces=_tracked(item, "track_interface"),
        track_files=_tracked(item, "track_file"),
        track_scripts=_tracked(item, "track_script"),
        virtual_addresses=tuple(map(_address, _lines(item, "virtual_ipaddress"))),
        virtual_addresses_excluded=tuple(map(_address, _lines(item, "virtual_ipaddress_excluded"))),
        virtual_routes=tuple(map(_route, _lines(item, "virtual_routes"))),
        **given,
    )


def _authentication(item: Statement) -> Authentication | None:
    for found in item.find("authentication"):
        password = _one(found, "auth_pass", str)
        return None if password is None else Authentication(password, _one(found, "auth_type", str) or "PASS")
    return None


def _script(item: Statement) -> TrackScript:
    interval = _one(item, "interval", int)
    return TrackScript(
        name=_name(item),
        script=_needed(item, "script", str),
        interval=1 if interval is None else interval,
        timeout=_one(item, "timeout", int),
        rise=_one(item, "rise", int),
        fall=_one(item, "fall", int),
        weight=_one(item, "weight", int),
    )


def _address(item: Statement) -> VirtualAddress:
    options, flags = _options(item.words[1:])
    return VirtualAddress(item.keyword, options.get("dev"), options.get("scope"), "no_track" not in flags)


def _route(item: Statement) -> VirtualRoute:
    words = list(item.words)
    while words and words[0] in _ROUTE_TYPES:
        words.pop(0)
    options, flags = _options(words[1:])
    return VirtualRoute(
        destination=words[0] if words else "",
        next_hop=options.get("via") or options.get("gw"),
        interface=options.get("dev"),
        scope=options.get("scope"),
        protocol=options.get("protocol"),
        on_link="onlink" in flags,
        track="no_track" not in flags,
    )


def _options(words: Sequence[str]) -> tuple[dict[str, str], set[str]]:
    """The ``keyword value`` pairs and the flags behind an address or a destination."""
    options: dict[str, str] = {}
    flags: set[str] = set()
    rest = iter(words)
    for word in rest:
        if word in _FLAGS:
            flags.add(word)
        else:
            options[word] = next(rest, "")
    return options, flags


def _tracked(item: Statement, keyword: str) -> tuple[Tracked, ...]:
    found = []
    for line in _lines(item, keyword):
        options, _flags = _options(line.words[1:3])
        weight = options.get("weight")
        found.append(Tracked(line.keyword, None if weight is None else _number(line, weight, int)))
    return tuple(found)


def _lines(item: Statement, keyword: str) -> list[Statement]:
    return [line for found in item.find(keyword) for line in found.block or ()]


def _flag(item: Statement, keyword: str) -> bool:
    return any(True for _found in item.find(keyword))


def _name(item: Statement) -> str:
    if len(item.words) < 2:
        raise SpecError.one(item.keyword, "a name is missing")
    return item.words[1]


def _one(item: Statement, keyword: str, convert: Callable[[str], T]) -> T | None:
    """The value of ``keyword value``; the last one counts, as in keepalived."""
    found = [line.words[1] for line in item.find(keyword) if len(line.words) > 1]
    return _number(item, found[-1], convert, keyword) if found else None


def _needed(item: Statement, keyword: str, convert: Callable[[str], T]) -> T:
    value = _one(item, keyword, convert)
    if value is None:
        raise SpecError.one(" ".join(item.words), "%s is missing" % keyword)
    return value


def _number(item: Statement, value: str, convert: Callable[[str], T], keyword: str = "weight") -> T:
    try:
        return convert(value)
    except ValueError:
        raise SpecError.one("%s: %s" % (" ".join(item.words), keyword), "%r is not a number" % value) from None
