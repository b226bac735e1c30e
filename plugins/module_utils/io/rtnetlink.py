# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge to the kernel's rtnetlink(7): what is in the calling thread's network namespace, without a process."""

from __future__ import annotations

import errno
import os
import socket
import struct
import weakref
from collections.abc import Mapping

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import rtnetlink
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError

#: linux/netlink.h
_HEADER = struct.Struct("=IHHII")
_ERROR, _DONE = 2, 3
_REQUEST, _DUMP, _INTERRUPTED = 0x1, 0x300, 0x10
#: The kernel fills at most 32 KiB at a time.
_BUFFER = 1 << 16
#: Times to ask again when something changed while the kernel told.
_AGAIN = 10
_TIMEOUT = 30.0


class Kernel:
    """The kernel, asked about the network namespace in which this is made."""

    def __init__(self) -> None:
        try:
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        except OSError as error:
            raise _refused(error) from None
        weakref.finalize(self, self._socket.close)
        self._socket.settimeout(_TIMEOUT)
        self._number = 0

    def link(self, device: int = 0, name: str = "") -> bytes | None:
        """The device with a number or a name; None when there is none."""
        told, _interrupted = self._ask(
            rtnetlink.GET_LINK, rtnetlink.request(rtnetlink.GET_LINK, device, name), _REQUEST
        )
        return told[0] if told else None

    def links(self, kind: str = "") -> list[bytes]:
        """All devices, or those of a kind; a kernel that does not know it tells all."""
        return self._dump(rtnetlink.GET_LINK, rtnetlink.request(rtnetlink.GET_LINK, of=kind))

    def addresses(self) -> list[bytes]:
        return self._dump(rtnetlink.GET_ADDRESS, rtnetlink.request(rtnetlink.GET_ADDRESS))

    def flooding(self, devices: Mapping[int, str]) -> dict[str, frozenset[str]]:
        """Where VXLAN devices flood to, by name; devices: their names by number."""
        asked = devices if len(devices) <= rtnetlink.FEW else (0,)
        kind = rtnetlink.GET_NEIGHBOUR
        told = [message for index in asked for message in self._dump(kind, rtnetlink.request(kind, index))]
        return rtnetlink.flooding(told, devices)

    def _dump(self, kind: int, body: bytes) -> list[bytes]:
        """All messages that answer; those of the last try when there is no quiet moment."""
        messages: list[bytes] = []
        for _again in range(_AGAIN):
            messages, interrupted = self._ask(kind, body, _REQUEST | _DUMP)
            if not interrupted:
                break
        return messages

    def _ask(self, kind: int, body: bytes, flags: int) -> tuple[list[bytes], bool]:
        """The messages that answer, none of a device that is not there, and whether something changed meanwhile."""
        self._number += 1
        try:
            self._socket.send(_HEADER.pack(_HEADER.size + len(body), kind, flags, self._number, 0) + body)
            return self._answer(bool(flags & _DUMP))
        except OSError as error:
            if error.errno == errno.ENODEV:
                return [], False
            raise _refused(error) from None

    def _answer(self, many: bool) -> tuple[list[bytes], bool]:
        messages: list[bytes] = []
        interrupted = False
        while True:
            data, at = self._socket.recv(_BUFFER), 0
            while at < len(data):
                length, of, said, number, _port = _HEADER.unpack_from(data, at)
                message = data[at + _HEADER.size : at + length]
                at += length + 3 & ~3
                if number != self._number:
                    # Of a question before it, whose answer was not read to its end.
                    continue
                interrupted = interrupted or bool(said & _INTERRUPTED)
                if of == _ERROR:
                    code = -struct.unpack_from("=i", message)[0]
                    raise OSError(code, os.strerror(code))
                if of == _DONE:
                    return messages, interrupted
                messages.append(message)
                if not many:
                    return messages, interrupted


def devices() -> rtnetlink.Devices:
    """Devices and their addresses, of the calling thread's namespace and as they are now."""
    return rtnetlink.Devices(Kernel()).read()


def _refused(error: OSError) -> EdgeError:
    return EdgeError("the kernel does not tell its devices: %s" % (error.strerror or error))
