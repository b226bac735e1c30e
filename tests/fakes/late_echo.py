"""Answers ICMP echo requests after a time, where the kernel was told not to: ``late_echo.py SECONDS``."""

from __future__ import annotations

import select
import socket
import struct
import sys
import time
from collections import deque

ECHO_REPLY, ECHO_REQUEST = 0, 8


def reply(request: bytes) -> bytes:
    """RFC 1624: only the type has changed, so the checksum changes by its value."""
    (checksum,) = struct.unpack_from("!H", request, 2)
    total = (~checksum & 0xFFFF) + (~(ECHO_REQUEST << 8) & 0xFFFF)
    total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!BBH", ECHO_REPLY, 0, ~total & 0xFFFF) + request[4:]


def serve(seconds: float) -> None:
    waiting: deque[tuple[float, bytes, str]] = deque()
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as opened:
        print("ready", flush=True)
        while True:
            if select.select([opened], [], [], 0.01)[0]:
                data, (address, _port) = opened.recvfrom(2048)
                data = data[(data[0] & 15) * 4 :]
                if data[0] == ECHO_REQUEST:
                    waiting.append((time.monotonic() + seconds, data, address))
            while waiting and waiting[0][0] <= time.monotonic():
                _due, data, address = waiting.popleft()
                opened.sendto(reply(data), (address, 0))


if __name__ == "__main__":
    serve(float(sys.argv[1]))
