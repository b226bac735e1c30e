# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keepalived would refuse, change on its own or misread in an instance; observed with keepalived 2.2.7."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import Problem
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_model import (
    VirtualAddress,
    VirtualRoute,
    VrrpInstance,
    family_of,
    interface_of,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_render import INSTANCE_SCRIPTS, seconds
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_words import (
    command_problems,
    interface_problems,
    name_problem,
)

MAX_ADDRESSES = 255
MAX_PASSWORD_BYTES = 8
#: Seconds; keepalived counts microseconds in 32 bits.
MAX_GARP_DELAY = 4294
#: Seconds; the version 3 advertisement has 12 bits of hundredths (RFC 5798, 5.2.7).
MAX_INTERVAL = {2: 255, 3: 40.95}

_PASSWORD = re.compile(r"[A-Za-z0-9%&()*+,./:;<=>?@^_`|~\[\]-]+\Z")
#: keepalived takes what strtoul(3) reads whole as a number, and looks for all else in /etc/iproute2/rt_protos, of which
#: it reads 127 bytes of a line (lib/rttables.c, find_entry and MAX_RT_BUF): a digit, a space and the name.
MAX_PROTOCOL_NAME = 125
_PROTOCOL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_PROTOCOL_NUMBER = re.compile(r"(?:0|[1-9][0-9]*)\Z")


def instance_problems(instance: VrrpInstance, path: str) -> list[Problem]:
    """What is wrong with one instance; path is where it stands, and "" for the top."""
    at = path + "." if path else ""
    found = [Problem(at + name, message) for name, message in _instance(instance)]
    for name in ("virtual_addresses", "virtual_addresses_excluded"):
        for index, address in enumerate(getattr(instance, name)):
            found += [Problem("%s%s[%d].%s" % (at, name, index, key), text) for key, text in _address(address)]
    for index, route in enumerate(instance.virtual_routes):
        found += [Problem("%svirtual_routes[%d].%s" % (at, index, key), text) for key, text in _route(route)]
    return found


def _instance(instance: VrrpInstance) -> Iterator[tuple[str, str]]:
    wrong = name_problem(instance.name)
    if wrong:
        yield "name", wrong
    yield from interface_problems("interface", instance.interface)
    if not 1 <= instance.virtual_router_id <= 255:
        yield "virtual_router_id", "%d is out of range: 1 to 255" % instance.virtual_router_id
    if not 1 <= instance.priority <= 255:
        yield "priority", "%d is out of range: 1 to 254, or 255 for the owner of the addresses" % instance.priority
    yield from _timing(instance)
    yield from _preemption(instance)
    yield from _authentication(instance)
    yield from _transport(instance)
    yield from _tracking(instance)
    yield from _addresses(instance)
    for name in INSTANCE_SCRIPTS:
        command = getattr(instance, name)
        if command is not None:
            yield from command_problems(name, command)


def _timing(instance: VrrpInstance) -> Iterator[tuple[str, str]]:
    interval, version = instance.advert_interval, instance.version
    if version not in (2, 3):
        yield "version", "%r is not a VRRP version: 2 or 3" % version
        return
    if instance.family == 6 and version == 2:
        yield "version", "2 has no IPv6: use 3"
    if not 0.01 <= interval <= MAX_INTERVAL[version]:
        text = "%s s is out of range: %s to %s s with VRRP version %d"
        least = "0.01" if version == 3 else "1"
        yield "advert_interval", text % (seconds(interval), least, MAX_INTERVAL[version], version)
    elif version == 2 and interval != int(interval):
        yield "advert_interval", "%s s needs VRRP version 3: version 2 has whole seconds" % seconds(interval)
    elif abs(interval * 100 - round(interval * 100)) > 1e-6:
        yield "advert_interval", "%s s is not a multiple of 0.01 s" % seconds(interval)
    for name in ("garp_master_repeat", "garp_master_refresh_repeat", "garp_lower_prio_repeat"):
        yield from _between(instance, name, 1, 255)
    for name in ("garp_master_delay", "garp_lower_prio_delay"):
        yield from _between(instance, name, 0, MAX_GARP_DELAY)
    yield from _between(instance, "garp_master_refresh", 0, 86400)


def _between(instance: VrrpInstance, name: str, least: int, most: int) -> Iterator[tuple[str, str]]:
    value = getattr(instance, name)
    if value is not None and not least <= value <= most:
        yield name, "%d is out of range: %d to %d" % (value, least, most)


def _preemption(instance: VrrpInstance) -> Iterator[tuple[str, str]]:
    if instance.state not in ("BACKUP", "MASTER"):
        yield "state", "%r is not a state to start in: BACKUP or MASTER" % instance.state
    if not instance.preempt and instance.state == "MASTER":
        yield "preempt", "can only be false with state BACKUP"
    if not instance.preempt and instance.priority == 255:
        yield "preempt", "cannot be false with priority 255: the owner of the addresses always takes them"
    delay = instance.preempt_delay
    if delay is None:
        return
    if not 0 <= delay <= 1000:
        yield "preempt_delay", "%s s is out of range: 0 to 1000" % seconds(delay)
    if not instance.preempt or instance.state == "MASTER":
        yield "preempt_delay", "needs preempt true and state BACKUP; 0 is no delay"


def _authentication(instance: VrrpInstance) -> Iterator[tuple[str, str]]:
    given = instance.authentication
    if given is None:
        return
    if instance.version == 3:
        yield "authentication", "VRRP version 3 has none: leave it out, or use whole seconds, IPv4 and version 2"
    if given.type not in ("PASS", "AH"):
        yield "authentication.type", "%r is not a type: PASS or AH" % given.type
    size = len(given.password.encode("utf-8", "surrogateescape"))
    if size > MAX_PASSWORD_BYTES:
        yield "authentication.password", "has %d bytes; VRRP carries %d" % (size, MAX_PASSWORD_BYTES)
    elif not _PASSWORD.match(given.password):
        text = "must have 1 to 8 ASCII characters other than spaces, quotes and # ! $ { } \\"
        yield "authentication.password", text


def _transport(instance: VrrpInstance) -> Iterator[tuple[str, str]]:
    source, peers = instance.source_address, instance.unicast_peers
    if source is not None and family_of(source) != instance.family:
        yield "source_address", "%r is not an IPv%d address" % (source, instance.family)
    for index, peer in enumerate(peers):
        at = "unicast_peers[%d]" % index
        if "/" in peer or family_of(peer) != instance.family:
            yield at, "%r is not an IPv%d address" % (peer, instance.family)
        elif peer == source:
            yield at, "%s is this node's own source_address: name only the other nodes" % peer
        elif peer in peers[:index]:
            yield at, "%s is named twice" % peer


def _tracking(instance: VrrpInstance) -> Iterator[tuple[str, str]]:
    for name in ("track_interfaces", "track_files", "track_scripts"):
        tracked = getattr(instance, name)
        for index, item in enumerate(tracked):
            at = "%s[%d]" % (name, index)
            if item.weight is not None and not -253 <= item.weight <= 253:
                yield at + ".weight", "%d is out of range: -253 to 253" % item.weight
            if item.weight and instance.priority == 255:
                yield at + ".weight", "must be 0 or unset with priority 255, which no weight can change"
            if item.name in [other.name for other in tracked[:index]]:
                yield at + ".name", "%r is tracked twice" % item.name
    for index, item in enumerate(instance.track_interfaces):
        at = "track_interfaces[%d].name" % index
        yield from interface_problems(at, item.name)
        if item.name == instance.interface:
            yield at, "%r is the instance's own interface, which is always tracked: leave it out" % item.name


def _addresses(instance: VrrpInstance) -> Iterator[tuple[str, str]]:
    addresses = instance.virtual_addresses
    if not addresses:
        yield "virtual_addresses", "is empty: keepalived needs at least one address to advertise"
    if len(addresses) > MAX_ADDRESSES:
        text = "has %d addresses; an advertisement carries %d: move others to virtual_addresses_excluded"
        yield "virtual_addresses", text % (len(addresses), MAX_ADDRESSES)
    families = [family_of(address.address) for address in addresses]
    if len(set(families) - {None}) > 1:
        yield "virtual_addresses", "mixes IPv4 and IPv6: move one family to virtual_addresses_excluded"
    seen: set[tuple[str, str | None]] = set()
    for name in ("virtual_addresses", "virtual_addresses_excluded"):
        for index, address in enumerate(getattr(instance, name)):
            key = (address.address, address.interface or instance.interface)
            if key in seen:
                yield "%s[%d].address" % (name, index), "%s is on %s twice" % key
            seen.add(key)


def _address(address: VirtualAddress) -> Iterator[tuple[str, str]]:
    family = family_of(address.address)
    if address.interface is not None:
        yield from interface_problems("interface", address.interface)
    if family is None:
        yield "address", "%r is not an address" % address.address
        return
    parsed = interface_of(address.address)
    longest = parsed.max_prefixlen
    if parsed.network.prefixlen < longest - 1 and parsed.ip == parsed.network.network_address:
        yield "address", "%s is the address of its network, not of a host in it" % parsed
    elif family == 4 and parsed.network.prefixlen < longest - 1 and parsed.ip == parsed.network.broadcast_address:
        yield "address", "%s is the broadcast address of its network" % parsed
    elif parsed.ip.is_multicast or parsed.ip.is_unspecified or parsed.network.prefixlen == 0:
        yield "address", "%s is not the address of a host" % parsed
    if address.scope is not None and family == 6:
        yield "scope", "IPv6 addresses have none here: leave it out"
    elif address.scope is not None and address.scope not in ("global", "site", "link", "host"):
        yield "scope", "%r is not a scope: global, site, link or host" % address.scope


def _route(route: VirtualRoute) -> Iterator[tuple[str, str]]:
    try:
        network = ipaddress.ip_network(route.destination)
    except ValueError:
        yield "destination", "%r is not a network; use e.g. 198.51.100.0/24, without host bits" % route.destination
        return
    if route.interface is not None:
        yield from interface_problems("interface", route.interface)
    if route.next_hop is None and route.interface is None:
        yield "next_hop", "a route needs a next_hop or an interface"
    if route.next_hop is not None and ("/" in route.next_hop or family_of(route.next_hop) != network.version):
        yield "next_hop", "%r is not an IPv%d address" % (route.next_hop, network.version)
    if route.on_link and (route.next_hop is None or route.interface is None):
        yield "on_link", "needs next_hop and interface"
    if route.track and route.interface is None:
        yield "track", "must be false without an interface: keepalived cannot track such a route"
    if route.scope is not None:
        yield from _route_scope(route.scope, network.version, route.next_hop)
    if route.protocol is not None:
        yield from _protocol(route.protocol)
        if route.track:
            yield "protocol", "cannot be set for a route that is tracked: set track to false"


def _route_scope(scope: str, family: int, next_hop: str | None) -> Iterator[tuple[str, str]]:
    if family == 6 or scope not in ("global", "site", "link", "host"):
        yield "scope", "%r is not a scope of an IPv%d route" % (scope, family)
    elif scope in ("link", "host") and next_hop is not None:
        yield "scope", "%s has no next_hop: the kernel refuses such a route; leave one of them out" % scope


def _protocol(given: str) -> Iterator[tuple[str, str]]:
    """Whether a name is known depends on the node; there keepalived's own test says so."""
    if _PROTOCOL_NUMBER.match(given):
        # As text, for Python refuses to read numbers of thousands of digits.
        if len(given) > 3 or int(given) > 255:
            yield "protocol", "%s is out of range: 0 to 255" % given
    elif not _PROTOCOL_NAME.match(given):
        text = "%r is not a routing protocol: a number from 0 to 255, or a name of ASCII letters, digits and _"
        yield "protocol", text % given
    elif len(given) > MAX_PROTOCOL_NAME:
        text = "has %d characters; keepalived reads names of at most %d from /etc/iproute2/rt_protos"
        yield "protocol", text % (len(given), MAX_PROTOCOL_NAME)
