# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge to the kernel's rtnetlink(7): devices and addresses of the calling thread's namespace, without a process."""

from __future__ import annotations

import os
import socket
import struct
from typing import Any

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


def devices() -> list[dict[str, Any]]:
    """Devices and their addresses, as core.rtnetlink.items() has them."""
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
            kernel.settimeout(_TIMEOUT)
            return rtnetlink.items(_dump(kernel, rtnetlink.GET_LINK), _dump(kernel, rtnetlink.GET_ADDRESS))
    except OSError as error:
        raise EdgeError("the kernel does not tell its devices: %s" % (error.strerror or error)) from None


def _dump(kernel: socket.socket, kind: int) -> list[bytes]:
    """All messages that answer; those of the last try when there is no quiet moment."""
    messages: list[bytes] = []
    for number in range(_AGAIN):
        messages, interrupted = _dump_once(kernel, kind, number)
        if not interrupted:
            break
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
