# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel's rtnetlink(7) tells of devices, addresses and forwarding entries, in iproute2's words.

Only what a Link is made of. One process of ``ip`` for each namespace would cost ten times as much.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

#: linux/rtnetlink.h
GET_LINK, GET_ADDRESS, GET_NEIGHBOUR = 18, 22, 30
_LINK_HEADER, _ADDRESS_HEADER, _ATTRIBUTE = struct.Struct("=BxHiII"), struct.Struct("=BBBBI"), struct.Struct("=HH")
#: linux/neighbour.h
_NEIGHBOUR_HEADER = struct.Struct("=BxxxiHBB")
_NDA_DST, _NDA_LLADDR = 1, 2
#: The two upper bits of an attribute's type are flags (linux/netlink.h).
_TYPE = 0x3FFF

_ADDRESS, _NAME, _MTU, _LINK, _MASTER, _LINK_INFO, _AF_SPEC, _LINK_NETNSID = 1, 3, 4, 5, 10, 18, 26, 37
_KIND, _DATA = 1, 2
#: linux/if_link.h: what the two families say of a device; their values are arrays.
_INET_CONF, _INET6_CONF, _INET6_ADDR_GEN_MODE = 1, 2, 8
#: sysctls of a device by family, each with its place in that array (linux/ip.h, linux/ipv6.h).
CONF = (
    (socket.AF_INET, _INET_CONF, (("net/ipv4/conf/%s/forwarding", 0),)),
    (socket.AF_INET6, _INET6_CONF, (("net/ipv6/conf/%s/forwarding", 0), ("net/ipv6/conf/%s/disable_ipv6", 26))),
)
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_FLAGS = {1: "UP", 1 << 16: "LOWER_UP"}
_GEN_MODES = {0: "eui64", 1: "none", 2: "stable_secret", 3: "random"}
_MACVLAN_MODES = {1: "private", 2: "vepa", 4: "bridge", 8: "passthru", 16: "source"}

Attributes = Mapping[int, bytes]


def request(kind: int) -> bytes:
    """The body of a dump request.

    Statistics come with it: a kernel may leave out inet6_addr_gen_mode, too, when asked to leave them out, and counting
    them takes a thirtieth of the time.
    """
    if kind == GET_NEIGHBOUR:
        # The family makes them the entries of bridges and VXLAN devices.
        return _NEIGHBOUR_HEADER.pack(socket.AF_BRIDGE, 0, 0, 0, 0)
    return (_LINK_HEADER if kind == GET_LINK else _ADDRESS_HEADER).pack(0, 0, 0, 0, 0)


class Devices(Mapping[str, dict[str, Any]]):
    """Devices with their addresses by name, each read from its message when it is asked for.

    A node has hundreds, of which a call is about few. names: all names by number, in the kernel's order.
    """

    def __init__(self, links: Iterable[bytes], addresses: Iterable[bytes]) -> None:
        """From the messages that answer GET_LINK and GET_ADDRESS, without their headers."""
        self.names: dict[int, str] = {}
        self._messages: dict[str, bytes] = {}
        for message in links:
            name = _name_of(message)
            self.names[_LINK_HEADER.unpack_from(message)[2]] = name
            self._messages[name] = message
        self._addresses: dict[int, list[bytes]] = {}
        for message in addresses:
            self._addresses.setdefault(_ADDRESS_HEADER.unpack_from(message)[4], []).append(message)

    def __iter__(self) -> Iterator[str]:
        return iter(self._messages)

    def __len__(self) -> int:
        return len(self._messages)

    def __getitem__(self, name: str) -> dict[str, Any]:
        message = self._messages[name]
        _family, _type, index, flags, _change = _LINK_HEADER.unpack_from(message)
        item = _link(index, flags, _attributes(message[_LINK_HEADER.size :]), self.names)
        item["addr_info"] = [entry for told in self._addresses.get(index, ()) for entry in _address(told)]
        return item

    def maybe(self, kind: str) -> list[str]:
        """Names of all devices of a kind, and perhaps of others."""
        return [name for name, message in self._messages.items() if kind.encode() in message]


def _name_of(message: bytes) -> str:
    length, kind = _ATTRIBUTE.unpack_from(message, _LINK_HEADER.size)
    if kind == _NAME:
        # The kernel tells it first.
        return _text(message[_LINK_HEADER.size + 4 : _LINK_HEADER.size + length])
    return _text(_attributes(message[_LINK_HEADER.size :])[_NAME])


def _address(message: bytes) -> Iterator[dict[str, Any]]:
    family, length, _flags, _scope, _index = _ADDRESS_HEADER.unpack_from(message)
    attributes = _attributes(message[_ADDRESS_HEADER.size :])
    local = attributes.get(_IFA_LOCAL, attributes.get(_IFA_ADDRESS))
    if local:
        yield {"local": socket.inet_ntop(family, local), "prefixlen": length}


def flooding(entries: Iterable[bytes], devices: Mapping[int, str]) -> dict[str, frozenset[str]]:
    """Where VXLAN devices flood to, from the messages that answer GET_NEIGHBOUR; devices: their names by number."""
    found: dict[str, set[str]] = {}
    for message in entries:
        index = _NEIGHBOUR_HEADER.unpack_from(message)[1]
        if index not in devices:
            continue
        attributes = _attributes(message[_NEIGHBOUR_HEADER.size :])
        peer = attributes.get(_NDA_DST)
        if peer and not any(attributes.get(_NDA_LLADDR, b"\1")):
            family = socket.AF_INET if len(peer) == 4 else socket.AF_INET6
            found.setdefault(devices[index], set()).add(socket.inet_ntop(family, peer))
    return {name: frozenset(peers) for name, peers in found.items()}


def _link(index: int, flags: int, attributes: Attributes, names: Mapping[int, str]) -> dict[str, Any]:
    item: dict[str, Any] = {
        "ifindex": index,
        "ifname": names[index],
        "flags": [name for bit, name in _FLAGS.items() if flags & bit],
        "mtu": _number(attributes[_MTU]),
    }
    if _ADDRESS in attributes:
        item["address"] = attributes[_ADDRESS].hex(":")
    if _MASTER in attributes:
        item["master"] = names.get(_number(attributes[_MASTER]))
    if _LINK in attributes:
        item["link_index"] = _number(attributes[_LINK])
    if _LINK_NETNSID in attributes:
        item["link_netnsid"] = _number(attributes[_LINK_NETNSID])
    families = _nested(attributes, _AF_SPEC)
    mode = _nested(families, int(socket.AF_INET6)).get(_INET6_ADDR_GEN_MODE)
    if mode:
        item["inet6_addr_gen_mode"] = _GEN_MODES.get(_number(mode))
    item["sysctls"] = dict(_sysctls(families))
    info = _nested(attributes, _LINK_INFO)
    if _KIND in info:
        kind = _text(info[_KIND])
        item["linkinfo"] = {"info_kind": kind, "info_data": _data(kind, _nested(info, _DATA), names)}
    return item


def _sysctls(families: Attributes) -> Iterator[tuple[str, str]]:
    """A device without a family, as without IPv6 below its MTU, has none of its values."""
    for family, conf, places in CONF:
        values = _nested(families, int(family)).get(conf, b"")
        for key, place in places:
            value = values[4 * place : 4 * place + 4]
            if value:
                yield key, str(_number(value))


def _data(kind: str, data: Attributes, names: Mapping[int, str]) -> dict[str, Any]:
    if kind == "bridge" and 23 in data:
        return {"mcast_snooping": _number(data[23]), "stp_state": _number(data[5])}
    if kind == "vlan" and 1 in data:
        return {"id": _number(data[1])}
    if kind == "macvlan" and 1 in data:
        return {"mode": _MACVLAN_MODES.get(_number(data[1]))}
    return dict(_vxlan(data, names)) if kind == "vxlan" else {}


def _vxlan(data: Attributes, names: Mapping[int, str]) -> Iterator[tuple[str, Any]]:
    """A group that is no multicast address is a single peer, which ``ip`` calls ``remote``. Of what has a default only
    another value is told."""
    if 1 in data:
        yield "id", _number(data[1])
    if 15 in data:
        yield "port", int.from_bytes(data[15], "big")
    if 3 in data:
        yield "link", names.get(_number(data[3]))
    if any(data.get(5, b"")):
        yield "ttl", _number(data[5])
    if not any(data.get(7, b"\1")):
        yield "learning", "off"
    for group, local, family in ((2, 4, socket.AF_INET), (16, 17, socket.AF_INET6)):
        if group in data and (data[group][0] == 0xFF if len(data[group]) == 16 else data[group][0] >> 4 == 0xE):
            yield "group", socket.inet_ntop(family, data[group])
        if any(data.get(local, b"")):
            yield "local", socket.inet_ntop(family, data[local])


def _attributes(data: bytes) -> Attributes:
    """A node has hundreds of devices with fifty each, so this is written to be fast."""
    found = {}
    at, last, unpack = 0, len(data) - 4, _ATTRIBUTE.unpack_from
    while at <= last:
        length, kind = unpack(data, at)
        if length < 4:
            break
        found[kind & _TYPE] = data[at + 4 : at + length]
        at += length + 3 & ~3
    return found


def _nested(attributes: Attributes, kind: int) -> Attributes:
    return _attributes(attributes.get(kind, b""))


def _number(data: bytes) -> int:
    """Numbers are in the byte order of the machine, and as long as their field; a negative one is of four bytes."""
    return int(struct.unpack({1: "=B", 2: "=H", 4: "=i"}[len(data)], data)[0])


def _text(data: bytes) -> str:
    return data.rstrip(b"\0").decode("utf-8", "surrogateescape")
