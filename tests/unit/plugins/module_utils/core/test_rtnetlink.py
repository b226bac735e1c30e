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


def test_a_device_is_found_by_its_name_wherever_the_kernel_tells_it() -> None:
    devices = rtnetlink.Devices([link(1, "lo", ""), link(7, "brqblue", "bridge", name_last=True)], [])
    assert devices.names == {1: "lo", 7: "brqblue"} and list(devices) == ["lo", "brqblue"]
    assert devices["brqblue"]["mtu"] == 1500 and devices["brqblue"]["linkinfo"]["info_kind"] == "bridge"


def test_a_device_is_of_a_kind_by_what_it_is_and_not_by_its_name() -> None:
    messages = [link(1, "vxlan-1", "bridge"), link(2, "tunnel", "vxlan"), link(3, "eth0", "")]
    links = node_have.Links(rtnetlink.Devices(messages, []))
    assert set(links.maybe("vxlan")) == {"vxlan-1", "tunnel"}
    assert node_have.of_kind("vxlan", links) == {"tunnel": links["tunnel"]}
    assert node_have.of_kind("vxlan", dict(links)) == {"tunnel": links["tunnel"]}


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
