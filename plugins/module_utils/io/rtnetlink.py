# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge to the kernel's rtnetlink(7): what is in the calling thread's network namespace, without a process."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Mapping

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import rtnetlink
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError

#: linux/netlink.h
_HEADER = struct.Struct("=IHHII")
_ERROR, _DONE = 2, 3
_REQUEST_DUMP, _INTERRUPTED = 0x301, 0x10
#: The kernel fills at most 32 KiB at a time.
_BUFFER = 1 << 16
#: Times to ask again when something changed while the kernel told.
_AGAIN = 10
_TIMEOUT = 30.0


def devices() -> rtnetlink.Devices:
    """Devices and their addresses."""
    return rtnetlink.Devices(_dump(rtnetlink.GET_LINK), _dump(rtnetlink.GET_ADDRESS))


def flooding(devices: Mapping[int, str]) -> dict[str, frozenset[str]]:
    """Where VXLAN devices flood to, by name; devices: their names by number."""
    return rtnetlink.flooding(_dump(rtnetlink.GET_NEIGHBOUR), devices) if devices else {}


def _dump(kind: int) -> list[bytes]:
    """All messages that answer; those of the last try when there is no quiet moment."""
    messages: list[bytes] = []
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
            kernel.settimeout(_TIMEOUT)
            for number in range(_AGAIN):
                messages, interrupted = _dump_once(kernel, kind, number)
                if not interrupted:
                    break
    except OSError as error:
        raise EdgeError("the kernel does not tell its devices: %s" % (error.strerror or error)) from None
    return messages


def _dump_once(kernel: socket.socket, kind: int, number: int) -> tuple[list[bytes], bool]:
    body = rtnetlink.request(kind)
    kernel.send(_HEADER.pack(_HEADER.size + len(body), kind, _REQUEST_DUMP, number, 0) + body)
    messages: list[bytes] = []
    interrupted = False
    while True:
        data, at = kernel.recv(_BUFFER), 0
        while at < len(data):
            length, of, flags, _sequence, _port = _HEADER.unpack_from(data, at)
            interrupted = interrupted or bool(flags & _INTERRUPTED)
            if of == _DONE:
                return messages, interrupted
            if of == _ERROR:
                raise OSError(0, os.strerror(-struct.unpack_from("=i", data, at + _HEADER.size)[0]))
            messages.append(data[at + _HEADER.size : at + length])
            at += length + 3 & ~3
