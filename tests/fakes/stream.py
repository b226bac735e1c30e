"""A TCP or UDP connection in which the server speaks, for virtual nodes: serve PROTOCOL ADDRESS, or
read PROTOCOL SOURCE ADDRESS.

The server sends a number every 20 ms on every connection; the reader prints each that comes, and "end" when the
connection ends. Only the server speaks, so nothing but the router's own knowledge leads what it says to the reader.
"""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

PORT, SOURCE_PORT, EVERY = 5000, 40000, 0.02


def kind(protocol: str) -> socket.SocketKind:
    return socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM


def serve(protocol: str, address: str) -> None:
    with socket.socket(socket.AF_INET, kind(protocol)) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((address, PORT))
        if protocol == "tcp":
            server.listen()
        print("ready", flush=True)
        while True:
            if protocol == "tcp":
                connection, _peer = server.accept()
                send = connection.sendall
            else:
                _hello, peer = server.recvfrom(64)
                send = partial(_send_to, server, peer)
            threading.Thread(target=speak, args=(send,), daemon=True).start()


def _send_to(server: socket.socket, peer: Any, data: bytes) -> None:
    server.sendto(data, peer)


def speak(send: Callable[[bytes], object]) -> None:
    number = 0
    while True:
        number += 1
        try:
            send(b"%d\n" % number)
        except OSError:
            return
        time.sleep(EVERY)


def read(protocol: str, source: str, address: str) -> None:
    with socket.socket(socket.AF_INET, kind(protocol)) as reader:
        reader.bind((source, SOURCE_PORT))
        reader.connect((address, PORT))
        reader.send(b"hello\n")
        print("ready", flush=True)
        while True:
            try:
                data = reader.recv(65536)
            except OSError:
                break
            if not data:
                break
            print(data.decode().split()[-1], flush=True)
    print("end", flush=True)


if __name__ == "__main__":
    {"serve": serve, "read": read}[sys.argv[1]](*sys.argv[2:])
