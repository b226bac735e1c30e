# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ICMP echo requests to several targets at an exact rate, and what came back.

ping does not serve: at an interval of 10 ms it sends 57 a second where the kernel's tick is 4 ms, and keeps half a
processor busy at 9 ms. Here one process sleeps between requests, and answers carry the kernel's own time of arrival.
"""

from __future__ import annotations

import os
import select
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.outage import Tally
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.background import on_stop, write_json

#: An answer that takes longer does not count, in seconds.
PATIENCE = 1.0
_SAVE_EVERY = 1.0
#: Python resumes a wait that a signal interrupted, so that no wait may be longer than it may take to stop.
_LONGEST_WAIT = 0.2

# linux/icmp.h, linux/icmpv6.h, asm-generic/socket.h
_REQUEST: dict[int, int] = {socket.AF_INET: 8, socket.AF_INET6: 128}
_REPLY: dict[int, int] = {socket.AF_INET: 0, socket.AF_INET6: 129}
_SOL_RAW, _ICMP_FILTER, _ICMPV6_FILTER, _SO_TIMESTAMPNS = 255, 1, 1, 35

_HEADER = struct.Struct("!BBHHH")
#: In each request: whose it is, which target, which request.
_PAYLOAD = struct.Struct("!8sHQ")


@dataclass
class _Target:
    address: str
    family: int
    #: As sockets give it: without the scope in the address, but with the interface's number.
    destination: tuple[Any, ...]
    tally: Tally
    #: Sequence numbers sent and not yet answered, with the time; for PATIENCE seconds, or until the next is sent.
    waiting: dict[int, float] = field(default_factory=dict)


class Prober:
    """Sends to the targets until it is told to stop, or for a time."""

    def __init__(self, targets: Sequence[str], rate: float, folder: str) -> None:
        self._interval = 1.0 / rate
        self._folder = folder
        self._token = os.urandom(8)
        self._started = time.time()
        self._targets = [_Target(address, *_destination(address), Tally(self._started)) for address in targets]
        self._sockets = {family: _socket(family) for family in {target.family for target in self._targets}}
        self._sequence = 0
        self._ending = False

    @property
    def files(self) -> list[int]:
        return [one.fileno() for one in self._sockets.values()]

    def close(self) -> None:
        for one in self._sockets.values():
            one.close()

    def run(self, duration: float) -> None:
        """Until it is stopped or for duration seconds; then wait for the answers that are under way, and save."""
        on_stop(self._end)
        upcoming = time.monotonic()
        end, save = upcoming + duration, upcoming + _SAVE_EVERY
        while True:
            self._receive_until(min(upcoming, end))
            if self._ending or upcoming >= end:
                break
            self._send()
            # What a busy machine made late is not made up for in a burst.
            upcoming = max(upcoming + self._interval, time.monotonic())
            if upcoming > save:
                self.save(ended=False)
                save = upcoming + _SAVE_EVERY
        stopped = time.time()
        deadline = time.monotonic() + PATIENCE
        while any(target.waiting for target in self._targets) and time.monotonic() < deadline:
            self._receive_until(min(deadline, time.monotonic() + 0.02))
        self.save(ended=True, now=stopped)

    def save(self, ended: bool, now: float | None = None) -> None:
        now = time.time() if now is None else now
        write_json(os.path.join(self._folder, "result.json"), self.result(ended, now))

    def result(self, ended: bool, now: float) -> dict[str, Any]:
        """What is still under way does not count as sent, unless the probe has ended."""
        targets = []
        for target in self._targets:
            sent = self._sequence
            if not ended:
                sent = min(target.waiting, default=sent + 1) - 1
            summary = target.tally.summary(max(sent, target.tally.last_sequence), now)
            targets.append({"target": target.address, **summary})
        elapsed = max(now - self._started, self._interval)
        return {
            "started": self._started,
            "ended": now if ended else None,
            "rate": round(self._sequence / elapsed, 1),
            "targets": targets,
        }

    def _end(self) -> None:
        self._ending = True

    def _send(self) -> None:
        self._sequence += 1
        now = time.time()
        for index, target in enumerate(self._targets):
            packet = _packet(target.family, self._sequence, _PAYLOAD.pack(self._token, index, self._sequence))
            try:
                self._sockets[target.family].sendto(packet, target.destination)
            except OSError as error:
                target.tally.error(str(error.strerror))
            target.waiting[self._sequence] = now
            while target.waiting and now - next(iter(target.waiting.values())) > PATIENCE:
                del target.waiting[next(iter(target.waiting))]

    def _receive_until(self, deadline: float) -> None:
        """Take answers until this moment of the monotonic clock, or until the probe is stopped."""
        while True:
            left = deadline - time.monotonic()
            ready, _w, _x = select.select(list(self._sockets.values()), [], [], max(0.0, min(left, _LONGEST_WAIT)))
            for one in ready:
                self._receive(one)
            if left <= 0 or self._ending:
                return

    def _receive(self, one: socket.socket) -> None:
        try:
            data, ancillary, _flags, sender = one.recvmsg(2048, 64)
        except OSError:
            return  # an error of an earlier request; that request has no answer
        if one.family == socket.AF_INET:
            data = data[(data[0] & 15) * 4 :]
        if len(data) < _HEADER.size + _PAYLOAD.size or data[0] != _REPLY[one.family]:
            return
        token, index, sequence = _PAYLOAD.unpack_from(data, _HEADER.size)
        if token != self._token or index >= len(self._targets):
            return
        target = self._targets[index]
        if sender[0] != target.destination[0] or sequence not in target.waiting:
            return
        arrived = _arrival(ancillary)
        if arrived - target.waiting.pop(sequence) <= PATIENCE:
            target.tally.answer(sequence, arrived)


def _destination(address: str) -> tuple[socket.AddressFamily, tuple[Any, ...]]:
    """Raises EdgeError for a scope that is no interface of this host."""
    try:
        ((family, _type, _protocol, _name, found), *_others) = socket.getaddrinfo(
            address, None, type=socket.SOCK_RAW, flags=socket.AI_NUMERICHOST
        )
    except socket.gaierror:
        text = "%s: %s is not an interface here, or this is not a link-local address, which alone takes one"
        raise EdgeError(text % (address, address.partition("%")[2])) from None
    return family, found


def _socket(family: int) -> socket.socket:
    """A raw socket that gets echo replies only, with their times."""
    protocol = socket.IPPROTO_ICMPV6 if family == socket.AF_INET6 else socket.IPPROTO_ICMP
    opened = socket.socket(family, socket.SOCK_RAW, protocol)
    opened.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    if family == socket.AF_INET6:
        blocked = [0xFFFFFFFF] * 8
        blocked[_REPLY[family] >> 5] &= ~(1 << (_REPLY[family] & 31))
        opened.setsockopt(protocol, _ICMPV6_FILTER, struct.pack("8I", *blocked))
    else:
        opened.setsockopt(_SOL_RAW, _ICMP_FILTER, struct.pack("I", 0xFFFFFFFF & ~(1 << _REPLY[family])))
    opened.setblocking(False)
    return opened


def _packet(family: int, sequence: int, payload: bytes) -> bytes:
    """The kernel fills in ICMPv6's checksum, not ICMP's."""
    number = sequence & 0xFFFF
    header = _HEADER.pack(_REQUEST[family], 0, 0, os.getpid() & 0xFFFF, number)
    if family == socket.AF_INET6:
        return header + payload
    checksum = _checksum(header + payload)
    return _HEADER.pack(_REQUEST[family], 0, checksum, os.getpid() & 0xFFFF, number) + payload


def _checksum(data: bytes) -> int:
    """RFC 1071; data has an even length."""
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _arrival(ancillary: Sequence[tuple[int, int, bytes]]) -> float:
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS:
            seconds, nanoseconds = struct.unpack("ll", data[: struct.calcsize("ll")])
            return float(seconds + nanoseconds / 1e9)
    return time.time()
