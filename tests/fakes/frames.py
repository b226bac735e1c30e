"""Tells of every frame that comes in at a device, one line of JSON each, until it is terminated: for virtual nodes.

At the node's end of a router's veth pair these are the frames that the router has sent, whatever their addresses say.
advertised: the router lifetime of a router advertisement, in seconds (RFC 4861, 4.2); null for other frames.
"""

from __future__ import annotations

import ipaddress
import json
import socket
import sys

ALL_PROTOCOLS, IPV6, ICMPV6, ADVERTISEMENT = 0x0003, 0x86DD, 58, 134


def main(device: str) -> None:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PROTOCOLS)) as tap:
        tap.bind((device, ALL_PROTOCOLS))
        print("ready", flush=True)
        while True:
            frame, (_device, _protocol, kind, _type, _address) = tap.recvfrom(65535)
            if kind != socket.PACKET_OUTGOING:
                print(json.dumps(told(frame)), flush=True)


def told(frame: bytes) -> dict[str, object]:
    packet = frame[14:]
    six = int.from_bytes(frame[12:14], "big") == IPV6
    lifetime = None
    if six and packet[6] == ICMPV6 and packet[40] == ADVERTISEMENT:
        lifetime = int.from_bytes(packet[46:48], "big")
    source = str(ipaddress.IPv6Address(packet[8:24])) if six else None
    return {"mac": frame[6:12].hex(":"), "source": source, "advertised": lifetime}


if __name__ == "__main__":
    main(sys.argv[1])
