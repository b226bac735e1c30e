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
from typing import Any, Callable, Protocol

#: As many are asked for one by one; where there are 300 devices, all at once take the kernel as long as forty.
FEW = 15
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
#: From a device's number to its name.
Names = Callable[[int], "str | None"]


def request(kind: int, device: int = 0, name: str = "", of: str = "") -> bytes:
    """The body of a question; device: the number of the only one that is meant, or its name; of: their kind.

    Statistics come with it: a kernel may leave out inet6_addr_gen_mode, too, when asked to leave them out, and counting
    them takes a thirtieth of the time.
    """
    if kind == GET_ADDRESS:
        return _ADDRESS_HEADER.pack(0, 0, 0, 0, 0)
    if kind == GET_NEIGHBOUR:
        # The family makes them the entries of bridges and VXLAN devices; the kernel takes a number in a link's header.
        return _LINK_HEADER.pack(socket.AF_BRIDGE, 0, device, 0, 0)
    body = _LINK_HEADER.pack(0, 0, device, 0, 0)
    if name:
        body += _attribute(_NAME, name.encode("utf-8", "surrogateescape") + b"\0")
    return body + (_attribute(_LINK_INFO, _attribute(_KIND, of.encode())) if of else b"")


class Kernel(Protocol):
    """What is asked of the kernel; its answers are messages without their headers. See io.rtnetlink.Kernel."""

    def link(self, device: int = 0, name: str = "") -> bytes | None: ...

    def links(self, kind: str = "") -> list[bytes]: ...

    def addresses(self) -> list[bytes]: ...


class Devices(Mapping[str, dict[str, Any]]):
    """Devices with their addresses by name, each asked for and read when it is needed.

    A node has hundreds, of which a call is about few. Whoever wants more than FEW is told all at once.
    """

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        #: None for those that are not there.
        self._messages: dict[str, bytes | None] = {}
        self._names: dict[int, str | None] = {}
        self._kinds: dict[str, list[str]] = {}
        self._questions = 0
        self._whole = False
        self._addresses: dict[int, list[bytes]] | None = None

    def read(self) -> Devices:
        """Ask for all now; nothing is asked of the kernel any more after it."""
        if not self._whole:
            self._whole = True
            # Again for those that are known, for the kernel's order.
            self._messages.clear()
            for message in self._kernel.links():
                self._keep(message)
        self._of_addresses()
        return self

    def __iter__(self) -> Iterator[str]:
        return iter(self.read()._messages)

    def __len__(self) -> int:
        return len(self.read()._messages)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._message(name) is not None

    def __getitem__(self, name: str) -> dict[str, Any]:
        message = self._message(name)
        if message is None:
            raise KeyError(name)
        _family, _type, index, flags, _change = _LINK_HEADER.unpack_from(message)
        item = {"ifindex": index, "ifname": name, **_link(flags, _attributes(message[_LINK_HEADER.size :]), self.name)}
        item["addr_info"] = [entry for told in self._of_addresses().get(index, ()) for entry in _address(told)]
        return item

    def name(self, index: int) -> str | None:
        """The name of the device with a number."""
        if index not in self._names and self._may_ask():
            message = self._kernel.link(device=index)
            self._names[index] = self._keep(message) if message else None
        return self._names.get(index)

    def of_kind(self, kind: str) -> list[str]:
        """Names of all devices of a kind, and perhaps of others."""
        if kind not in self._kinds:
            known = [message for message in self._messages.values() if message]
            # A kernel that does not know the kind tells all.
            told = known if self._whole else self._kernel.links(kind)
            self._kinds[kind] = [self._keep(message) for message in told if kind.encode() in message]
        return self._kinds[kind]

    def addresses(self) -> dict[str, int]:
        """All addresses without their prefix lengths, with the number of the first device that has it."""
        told = self._of_addresses()
        return {
            entry["local"]: index for index in reversed(told) for message in told[index] for entry in _address(message)
        }

    def _message(self, name: str) -> bytes | None:
        if name not in self._messages and 0 < len(name) < 16 and self._may_ask():
            message = self._kernel.link(name=name)
            # The kernel also tells a device by an alternative name.
            if not message or self._keep(message) != name:
                self._messages[name] = None
        return self._messages.get(name)

    def _may_ask(self) -> bool:
        self._questions += 1
        if self._questions > FEW:
            self.read()
        return not self._whole

    def _keep(self, message: bytes) -> str:
        name = _name_of(message)
        self._messages[name] = message
        self._names[_LINK_HEADER.unpack_from(message)[2]] = name
        return name

    def _of_addresses(self) -> dict[int, list[bytes]]:
        if self._addresses is None:
            self._addresses = {}
            for message in self._kernel.addresses():
                self._addresses.setdefault(_ADDRESS_HEADER.unpack_from(message)[4], []).append(message)
        return self._addresses


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


def _link(flags: int, attributes: Attributes, name: Names) -> dict[str, Any]:
    item: dict[str, Any] = {
        "flags": [word for bit, word in _FLAGS.items() if flags & bit],
        "mtu": _number(attributes[_MTU]),
    }
    if _ADDRESS in attributes:
        item["address"] = attributes[_ADDRESS].hex(":")
    if _MASTER in attributes:
        item["master"] = name(_number(attributes[_MASTER]))
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
        item["linkinfo"] = {"info_kind": kind, "info_data": _data(kind, _nested(info, _DATA), name)}
    return item


def _sysctls(families: Attributes) -> Iterator[tuple[str, str]]:
    """A device without a family, as without IPv6 below its MTU, has none of its values."""
    for family, conf, places in CONF:
        values = _nested(families, int(family)).get(conf, b"")
        for key, place in places:
            value = values[4 * place : 4 * place + 4]
            if value:
                yield key, str(_number(value))


def _data(kind: str, data: Attributes, name: Names) -> dict[str, Any]:
    if kind == "bridge" and 23 in data:
        return {"mcast_snooping": _number(data[23]), "stp_state": _number(data[5])}
    if kind == "vlan" and 1 in data:
        return {"id": _number(data[1])}
    if kind == "macvlan" and 1 in data:
        return {"mode": _MACVLAN_MODES.get(_number(data[1]))}
    return dict(_vxlan(data, name)) if kind == "vxlan" else {}


def _vxlan(data: Attributes, name: Names) -> Iterator[tuple[str, Any]]:
    """A group that is no multicast address is a single peer, which ``ip`` calls ``remote``. Of what has a default only
    another value is told."""
    if 1 in data:
        yield "id", _number(data[1])
    if 15 in data:
        yield "port", int.from_bytes(data[15], "big")
    if 3 in data:
        yield "link", name(_number(data[3]))
    if any(data.get(5, b"")):
        yield "ttl", _number(data[5])
    if not any(data.get(7, b"\1")):
        yield "learning", "off"
    for group, local, family in ((2, 4, socket.AF_INET), (16, 17, socket.AF_INET6)):
        if group in data and (data[group][0] == 0xFF if len(data[group]) == 16 else data[group][0] >> 4 == 0xE):
            yield "group", socket.inet_ntop(family, data[group])
        if any(data.get(local, b"")):
            yield "local", socket.inet_ntop(family, data[local])


def _attribute(kind: int, value: bytes) -> bytes:
    length = 4 + len(value)
    return _ATTRIBUTE.pack(length, kind) + value + bytes(-length % 4)


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
