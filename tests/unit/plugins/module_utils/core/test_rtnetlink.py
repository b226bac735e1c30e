# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices and forwarding entries from the kernel's messages; what a kernel tells is in the contract tests."""

from __future__ import annotations

import socket
import struct

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import node_have, rtnetlink

MTU, NAME, LINK_INFO, KIND = (4, struct.pack("=i", 1500)), 3, 18, 1
DST, LLADDR = 1, 2


def attribute(kind: int, value: bytes) -> bytes:
    length = 4 + len(value)
    return struct.pack("=HH", length, kind) + value + bytes(-length % 4)


def link(index: int, name: str, kind: str, name_last: bool = False) -> bytes:
    parts = [(NAME, name.encode() + b"\0"), MTU, (LINK_INFO, attribute(KIND, kind.encode() + b"\0"))]
    body = b"".join(attribute(*part) for part in (reversed(parts) if name_last else parts))
    return struct.pack("=BxHiII", 0, 1, index, 1, 0) + body


def entry(index: int, mac: str, peer: str | None) -> bytes:
    body = attribute(LLADDR, bytes.fromhex(mac.replace(":", "")))
    if peer:
        body += attribute(DST, socket.inet_pton(socket.AF_INET6 if ":" in peer else socket.AF_INET, peer))
    return struct.pack("=BxxxiHBB", socket.AF_BRIDGE, index, 0, 0, 0) + body


class Told:
    """A kernel with some devices, which keeps what it was asked; of_kinds: whether it knows the kinds."""

    def __init__(self, *links: bytes, of_kinds: bool = True) -> None:
        self.asked: list[str | int] = []
        self._links, self._of_kinds = links, of_kinds

    def link(self, device: int = 0, name: str = "") -> bytes | None:
        self.asked.append(device or name)
        told = name.encode() + b"\0"
        return next((one for one in self._links if _index(one) == device or (name and told in one)), None)

    def links(self, kind: str = "") -> list[bytes]:
        self.asked.append("all of " + kind)
        return [one for one in self._links if not (kind and self._of_kinds) or kind.encode() in one]

    def addresses(self) -> list[bytes]:
        self.asked.append("addresses")
        return [address(_index(one), "198.51.100.%d" % _index(one)) for one in self._links]


def _index(message: bytes) -> int:
    return int(struct.unpack_from("=BxHi", message)[2])


def address(index: int, text: str) -> bytes:
    return struct.pack("=BBBBI", socket.AF_INET, 24, 0, 0, index) + attribute(2, socket.inet_aton(text))


def test_a_device_is_found_by_its_name_wherever_the_kernel_tells_it() -> None:
    kernel = Told(link(1, "lo", ""), link(7, "brqblue", "bridge", name_last=True))
    devices = rtnetlink.Devices(kernel)
    assert devices["brqblue"]["mtu"] == 1500 and devices["brqblue"]["linkinfo"]["info_kind"] == "bridge"
    assert (devices["brqblue"]["ifindex"], devices["brqblue"]["addr_info"][0]["local"]) == (7, "198.51.100.7")
    assert devices.name(1) == "lo" and "lo" in devices and list(devices) == ["lo", "brqblue"] and len(devices) == 2


def test_the_kernel_is_asked_once_for_what_is_needed_and_for_nothing_else() -> None:
    kernel = Told(link(1, "lo", ""), link(7, "brqblue", "bridge"), link(8, "vxlan-8", "vxlan"))
    devices = rtnetlink.Devices(kernel)
    assert kernel.asked == []
    for _again in range(2):
        assert "eth0" not in devices and devices.get("eth0") is None and devices.name(5) is None
        assert "lo" in devices and devices.name(1) == "lo" and devices.name(7) == "brqblue" and "brqblue" in devices
        assert devices.of_kind("vxlan") == ["vxlan-8"] and "vxlan-8" in devices and devices.name(8) == "vxlan-8"
        assert devices.addresses() == {"198.51.100.1": 1, "198.51.100.7": 7, "198.51.100.8": 8}
        assert devices["brqblue"]["addr_info"] == [{"local": "198.51.100.7", "prefixlen": 24}]
        assert kernel.asked == ["eth0", 5, "lo", 7, "all of vxlan", "addresses"]


def test_many_devices_are_asked_for_at_once_and_those_that_were_read_not_again() -> None:
    names = ["tap%d" % number for number in range(1, rtnetlink.FEW + 3)]
    kernel = Told(*(link(number, name, "veth") for number, name in enumerate(names, 1)))
    devices = rtnetlink.Devices(kernel)
    assert [name for name in names if name not in devices] == [] and "eth0" not in devices
    assert kernel.asked == [*names[: rtnetlink.FEW], "all of ", "addresses"]
    assert list(devices) == names and devices.name(2) == "tap2" and devices.name(99) is None
    assert set(devices.of_kind("veth")) == set(names) and devices.of_kind("vxlan") == []
    assert kernel.asked[rtnetlink.FEW :] == ["all of ", "addresses"]


def test_devices_that_were_read_are_those_of_that_moment() -> None:
    kernel = Told(link(7, "brqblue", "bridge"))
    devices = rtnetlink.Devices(kernel).read()
    told = list(kernel.asked)
    assert dict(devices)["brqblue"]["ifindex"] == 7 and "eth0" not in devices and devices.name(9) is None
    assert devices.read() is devices and kernel.asked == told == ["all of ", "addresses"]


def test_a_name_that_no_device_can_have_is_not_asked_for() -> None:
    kernel = Told(link(7, "brqblue", "bridge"))
    devices = rtnetlink.Devices(kernel)
    assert "" not in devices and "a-name-of-16-byte" not in devices and 7 not in devices and kernel.asked == []


def test_a_device_is_of_a_kind_by_what_it_is_and_not_by_its_name() -> None:
    messages = [link(1, "vxlan-1", "bridge"), link(2, "tunnel", "vxlan"), link(3, "eth0", "")]
    for of_kinds in (True, False):
        links = node_have.Links(rtnetlink.Devices(Told(*messages, of_kinds=of_kinds)))
        assert set(links.devices.of_kind("vxlan")) == {"vxlan-1", "tunnel"}
        assert node_have.of_kind("vxlan", links) == {"tunnel": links["tunnel"]}
        assert node_have.of_kind("vxlan", dict(links)) == {"tunnel": links["tunnel"]}


def test_the_addresses_of_links_are_told_without_their_prefix_lengths() -> None:
    links = node_have.Links(rtnetlink.Devices(Told(link(1, "lo", ""), link(2, "eth0", ""))))
    assert node_have.addresses(links) == node_have.addresses(dict(links)) == {"198.51.100.1", "198.51.100.2"}


def test_an_address_of_two_devices_is_told_with_the_first() -> None:
    kernel = Told(link(1, "eth0", ""), link(2, "eth1", ""))
    kernel.addresses = lambda: [address(index, "198.51.100.7") for index in (1, 2)]  # type: ignore[method-assign]
    assert rtnetlink.Devices(kernel).addresses() == {"198.51.100.7": 1}


def test_a_device_floods_to_the_peers_of_entries_for_all_addresses() -> None:
    nobody, somebody = "00:00:00:00:00:00", "02:00:00:00:00:01"
    entries = [
        entry(2, nobody, "198.51.100.2"),
        entry(2, nobody, "2001:db8::2"),
        entry(2, somebody, "198.51.100.3"),
        entry(2, nobody, None),
        entry(9, nobody, "198.51.100.9"),
    ]
    assert rtnetlink.flooding(entries, {2: "tunnel"}) == {"tunnel": {"198.51.100.2", "2001:db8::2"}}
