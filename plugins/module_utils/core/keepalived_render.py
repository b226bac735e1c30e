# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a Configuration to the text of its file; equal configurations give equal bytes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_model import (
    NEWEST,
    Capabilities,
    Configuration,
    GlobalDefinitions,
    Tracked,
    TrackFile,
    TrackScript,
    VirtualAddress,
    VirtualRoute,
    VrrpInstance,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_text import Statement, write

#: Options that are written as ``keyword value`` when they are set.
INSTANCE_NUMBERS = (
    "garp_master_delay",
    "garp_master_repeat",
    "garp_master_refresh",
    "garp_master_refresh_repeat",
    "garp_lower_prio_delay",
    "garp_lower_prio_repeat",
)
INSTANCE_SCRIPTS = ("notify_master", "notify_backup", "notify_fault", "notify_stop", "notify")


def render(config: Configuration, capabilities: Capabilities = NEWEST) -> str:
    """The text of keepalived.conf. What has no order is sorted; read(parse(text)) gives the configuration back."""
    statements = [*_global_definitions(config.global_definitions)]
    statements += [_script(script) for script in config.scripts]
    statements += [_file(file) for file in config.files]
    statements += [_instance(instance, capabilities) for instance in config.instances]
    return write(statements)


def seconds(value: float) -> str:
    """A number of seconds without an exponent and without idle zeros."""
    return ("%.6f" % value).rstrip("0").rstrip(".")


def line(*words: Any) -> Statement:
    return Statement(tuple(str(word) for word in words))


def block(head: Iterable[str], statements: Iterable[Statement]) -> Statement:
    return Statement(tuple(head), tuple(statements))


def _global_definitions(given: GlobalDefinitions) -> list[Statement]:
    lines = _optional("router_id", given.router_id)
    if given.script_user is not None:
        lines += [line("script_user", given.script_user), line("enable_script_security")]
    if given.dynamic_interfaces:
        lines.append(line("dynamic_interfaces"))
    lines += _optional("vrrp_notify_fifo", given.notify_fifo)
    lines += _optional("vrrp_notify_fifo_script", given.notify_fifo_script)
    return [block(["global_defs"], lines)] if lines else []


def _script(script: TrackScript) -> Statement:
    lines = [line("script", script.script), line("interval", script.interval)]
    for name in ("timeout", "rise", "fall", "weight"):
        lines += _optional(name, getattr(script, name))
    return block(["vrrp_script", script.name], lines)


def _file(file: TrackFile) -> Statement:
    return block(["track_file", file.name], [line("file", file.file), *_optional("weight", file.weight)])


def _instance(instance: VrrpInstance, capabilities: Capabilities) -> Statement:
    lines = [
        line("state", instance.state),
        line("interface", instance.interface),
        line("virtual_router_id", instance.virtual_router_id),
        line("priority", instance.priority),
        line("version", instance.version),
        line("advert_int", seconds(instance.advert_interval)),
    ]
    if not instance.preempt:
        lines.append(line("nopreempt"))
    if instance.preempt_delay is not None:
        lines.append(line("preempt_delay", seconds(instance.preempt_delay)))
    for name in INSTANCE_NUMBERS:
        lines += _optional(name, getattr(instance, name))
    lines += _transport(instance)
    lines += _tracking(instance)
    addresses = [_address(address, capabilities) for address in instance.virtual_addresses]
    excluded = [_address(address, capabilities) for address in instance.virtual_addresses_excluded]
    lines += _unless_empty("virtual_ipaddress", addresses)
    lines += _unless_empty("virtual_ipaddress_excluded", excluded)
    lines += _unless_empty("virtual_routes", [_route(route, capabilities) for route in instance.virtual_routes])
    for name in INSTANCE_SCRIPTS:
        lines += _optional(name, getattr(instance, name))
    return block(["vrrp_instance", instance.name], lines)


def _transport(instance: VrrpInstance) -> list[Statement]:
    lines = []
    if instance.authentication is not None:
        given = instance.authentication
        lines.append(block(["authentication"], [line("auth_type", given.type), line("auth_pass", given.password)]))
    keyword = "unicast_src_ip" if instance.unicast_peers else "mcast_src_ip"
    lines += _optional(keyword, instance.source_address)
    return lines + _unless_empty("unicast_peer", [line(peer) for peer in instance.unicast_peers])


def _tracking(instance: VrrpInstance) -> list[Statement]:
    lines = []
    for keyword, tracked in (
        ("track_interface", instance.track_interfaces),
        ("track_file", instance.track_files),
        ("track_script", instance.track_scripts),
    ):
        lines += _unless_empty(keyword, [_tracked(item) for item in tracked])
    return lines


def _tracked(item: Tracked) -> Statement:
    return line(item.name) if item.weight is None else line(item.name, "weight", item.weight)


def _address(address: VirtualAddress, capabilities: Capabilities) -> Statement:
    words = [address.address]
    words += _pair("dev", address.interface) + _pair("scope", address.scope)
    if not address.track and capabilities.no_track:
        words.append("no_track")
    return line(*words)


def _route(route: VirtualRoute, capabilities: Capabilities) -> Statement:
    words = [route.destination]
    words += _pair("via", route.next_hop) + _pair("dev", route.interface)
    if route.on_link:
        words.append("onlink")
    words += _pair("scope", route.scope) + _pair("protocol", route.protocol)
    if not route.track and capabilities.no_track:
        words.append("no_track")
    return line(*words)


def _pair(keyword: str, value: str | None) -> list[str]:
    return [] if value is None else [keyword, value]


def _optional(keyword: str, value: Any) -> list[Statement]:
    return [] if value is None else [line(keyword, value)]


def _unless_empty(keyword: str, statements: list[Statement]) -> list[Statement]:
    return [block([keyword], statements)] if statements else []
