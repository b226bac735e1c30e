# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls of node_routers for property tests, up to the limits of each option; a few with a mistake in them.

Made from one number each, as in keepalived_values. Networks and uplinks are always the same, so that a namespace can
have all devices that a router may name.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import node_names

NETWORKS = ("ha", "0", "x.Y_z-", "twelve-chars", "n5")
UPLINKS = ("eth1", "enp0s31f6-x", "br.2_3")
#: All that routers have in their namespaces.
DEVICES = (
    *(node_names.device(role, network) for role in ("ha", "qr", "qg") for network in NETWORKS),
    *map(node_names.carrier, UPLINKS),
)
MISTAKES = ("", "a b", "a/b", "a\nb", 'a"b', "#a", "a!b", "{", "${_PWD}", "ü", "-", "a" * 70)
NAME = "abcXYZ019_.-"
PASSWORD = "aZ09%&()*+,./:;<=>?@^_`|~[]-"
MODES = (None, "slaac", "dhcpv6-stateful", "dhcpv6-stateless")


def calls() -> st.SearchStrategy[dict[str, Any]]:
    return st.integers(0, 2**64).map(lambda seed: Maker(random.Random(seed)).call())


class Maker:
    """Makes options; about one call in three has mistakes, anywhere."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.mistakes = chance.choice((0.0, 0.0, 0.03))

    def value(self, make: Callable[[], Any], wrong: tuple[Any, ...] = MISTAKES) -> Any:
        return self.chance.choice(wrong) if self.chance.random() < self.mistakes else make()

    def maybe(self, key: str, make: Callable[[], Any]) -> dict[str, Any]:
        """The option or nothing."""
        return {key: make()} if self.chance.random() < 0.5 else {}

    def number(self, least: int, most: int) -> int:
        one = self.chance.choice((least, most, self.chance.randint(least, most)))
        return int(self.value(lambda: one, (0, 255, 256, -1)))

    def flag(self) -> bool:
        return self.chance.random() < 0.5

    def mac(self) -> str:
        octets = [2, *(self.chance.randrange(256) for _unused in range(5))]
        return str(self.value(lambda: ":".join("%02x" % octet for octet in octets)))

    def host(self, subnet: str) -> str:
        last = self.chance.randint(1, 254)
        return str(self.value(lambda: subnet + ("%x" if ":" in subnet else "%d") % last, (*MISTAKES, "198.51.100.0")))

    def call(self) -> dict[str, Any]:
        count = self.chance.randint(0, 3)
        vrids = self.chance.sample(range(1, 255), count)
        routers = [self.router(number, vrid) for number, vrid in enumerate(vrids)]
        return {"networks": [self.network(at) for at in range(len(NETWORKS))], "routers": routers}

    def network(self, at: int) -> dict[str, Any]:
        found = {"name": NETWORKS[at], "uplink": self.value(lambda: self.chance.choice(UPLINKS[:2]))}
        if at == len(NETWORKS) - 1:
            kind = self.chance.choice(({"kind": "flat"}, {"kind": "vlan", "vlan_id": self.number(1, 4094)}))
            return {**found, **kind, "uplink": UPLINKS[2]}
        found.update(self.maybe("mtu", lambda: self.number(1280, 8930)))
        found.update(self.maybe("port", lambda: self.number(1, 65535)))
        peers = ["10.0.0.2", "2001:db8::7"][: self.chance.randint(1, 2)]
        to = {"group": self.chance.choice(("239.0.0.%d" % (at + 1), "ff05::1"))} if self.flag() else {"peers": peers}
        return {**found, **to, "kind": "vxlan", "vni": self.chance.choice((at + 1, 2**24 - 1 - at))}

    def router(self, number: int, vrid: int) -> dict[str, Any]:
        size = self.chance.choice((0, 4, 56))
        network = self.chance.choice(NETWORKS[:2])
        ends = [other for other in NETWORKS if other != network]
        self.chance.shuffle(ends)
        legs = [self.interface(number, at, ends[at]) for at in range(self.chance.randint(0, 3))]
        found = {
            "name": self.value(lambda: "r%d" % number + "".join(self.chance.choices(NAME, k=size))),
            "virtual_router_id": self.value(lambda: vrid, (0, 255, 256)),
            "ha_network": self.value(lambda: network),
            "ha_address": "169.254.%d.%d/18" % (192 + number, self.chance.randint(1, 254)),
            "interfaces": legs,
            **self.maybe("priority", lambda: self.number(1, 254)),
            **self.maybe("preempt", self.flag),
            **self.maybe("connection_tracking", self.flag),
            **self.timers(),
        }
        if self.flag():
            found.update(self.gateway(number, ends[3], legs))
        return {**found, **self.maybe("routes", lambda: self.routes(legs))} if legs else found

    def timers(self) -> dict[str, Any]:
        """Interval, version and password, which depend on each other."""
        fraction = self.chance.randint(1, 4095) / 100
        interval = self.value(lambda: self.chance.choice((0.01, 40.95, 1, 255, fraction)), (0, 0.005, 256, 1.015))
        size = self.value(lambda: self.chance.randint(1, 8), (9,))
        secret = {
            "type": self.chance.choice(("PASS", "AH")),
            "password": "".join(self.chance.choices(PASSWORD, k=size)),
        }
        version = self.maybe("version", lambda: self.value(lambda: 2 if interval == int(interval) else 3, (2, 3)))
        known = version.get("version", 2) == 2 and interval == int(interval)
        given = {"advert_interval": interval, **version}
        return {**given, **self.maybe("authentication", lambda: secret)} if known or self.mistakes else given

    def interface(self, number: int, at: int, network: str) -> dict[str, Any]:
        subnets = ["10.%d.%d." % (at, number), "2001:db8:%x:%x::" % (at + 1, number)]
        least = self.chance.randint(0, 1)
        chosen = subnets[least : self.chance.randint(least + 1, 2)]
        addresses = [self.host(subnet) + ("/64" if ":" in subnet else "/24") for subnet in chosen]
        found = {"network": network, "addresses": addresses, **self.maybe("mac_address", self.mac)}
        if least or len(chosen) == 2:
            found["ipv6_ra_mode"] = self.chance.choice(MODES)
            if found["ipv6_ra_mode"]:
                found.update(self.maybe("dns_nameservers", lambda: ["2001:db8::53", "fe80::1"]))
        return found

    def gateway(self, number: int, network: str, legs: list[dict[str, Any]]) -> dict[str, Any]:
        away = self.flag()
        four, six = "203.0.113.%d/24" % (number + 2), "2001:db8:ff::%x/64" % (number + 2)
        hops = ["198.51.100.1" if away else "203.0.113.1", self.chance.choice(("fe80::1", "2001:db8:ff::1"))]
        least = self.chance.randint(0, 1)
        most = self.chance.randint(least + 1, 2)
        found: dict[str, Any] = {"network": network, "addresses": [four, six][least:most], "enable_snat": self.flag()}
        found.update(on_link=self.value(lambda: away, (True, False)), **self.maybe("mac_address", self.mac))
        found.update(self.maybe("nexthops", lambda: hops[least:most]))
        inside = [address.split("/")[0] for leg in legs for address in leg["addresses"] if "." in address]
        pairs = [
            {"floating_ip_address": "203.0.113.%d" % (100 + 10 * number + at), "fixed_ip_address": self.beside(address)}
            for at, address in enumerate(inside)
            if not least
        ]
        return {"external_gateway": found, **self.maybe("floating_ips", lambda: pairs)}

    def routes(self, legs: list[dict[str, Any]]) -> list[dict[str, str]]:
        hops = [address.split("/")[0] for leg in legs for address in leg["addresses"]]
        return [
            {"destination": self.destination(at, ":" in hop), "nexthop": self.beside(hop)}
            for at, hop in enumerate(hops)
        ]

    def destination(self, at: int, six: bool) -> str:
        length = self.chance.choice((24, 30, 32))
        network = "2001:db8:%x::/%d" % (0x100 + at, length * 2) if six else "192.0.%d.0/%d" % (at, length)
        return str(self.value(lambda: network, (*MISTAKES, "0.0.0.0/0", "::/0", "10.0.0.0/24")))

    @staticmethod
    def beside(address: str) -> str:
        """Another host of the subnet of an address that host() gave."""
        head, point, last = address.rpartition(":" if ":" in address else ".")
        return head + point + ("77" if last != "77" else "78")
