# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations of keepalived for property tests, of all that the model can say; a few with a mistake in them.

They are made from one number each: a strategy that is composed of strategies takes half a second for an example.
"""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import strategies as st

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived import (
    Authentication,
    Configuration,
    GlobalDefinitions,
    Tracked,
    TrackFile,
    TrackScript,
    VirtualAddress,
    VirtualRoute,
    VrrpInstance,
)

T = TypeVar("T")
#: The interfaces of the namespace in which keepalived tests them; the first is the instance's own.
INTERFACES = ("ha0", "qr-0a1b2c3d-4e", "x.y_z", "fifteen-letters")
COMMANDS = ("/bin/true", "/bin/true a b-c", "/usr/bin/env x=1,2 /bin/true @y", "/bin/echo (a) <b> [c] *?%s;|&^")
MISTAKES = ("", "six teen letters", "a/b", "a\nb", 'a"b', "a\\b", "#a", "a!b", "{", "}", "${_PWD}", "ü", "-", "a" * 300)
NAME = "abcXYZ019_.-"
PASSWORD = "aZ09%&()*+,./:;<=>?@^_`|~[]-"
PROTOCOLS = ("static", "boot", "0", "186", "255")
SCOPES = ("global", "site", "link", "host")


def configurations() -> st.SearchStrategy[Configuration]:
    return st.integers(0, 2**64).map(lambda seed: Maker(random.Random(seed)).configuration())


class Maker:
    """Makes values; about one configuration in three has a mistake, anywhere."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.mistakes = chance.choice((0.0, 0.0, 0.02))

    def value(self, make: Callable[[], Any], wrong: tuple[Any, ...] = MISTAKES) -> Any:
        return self.chance.choice(wrong) if self.chance.random() < self.mistakes else make()

    def maybe(self, make: Callable[[], T]) -> T | None:
        return make() if self.chance.random() < 0.4 else None

    def several(self, make: Callable[[], T], least: int = 0) -> tuple[T, ...]:
        return tuple(make() for _unused in range(self.chance.randint(least, 3)))

    def name(self) -> str:
        size = self.chance.randint(0, 20)
        return str(self.value(lambda: "n" + "".join(self.chance.choices(NAME, k=size))))

    def interface(self) -> str:
        return str(self.value(lambda: self.chance.choice(INTERFACES)))

    def number(self, least: int = 1, most: int = 255) -> int:
        return int(
            self.value(lambda: self.chance.choice((least, most, self.chance.randint(least, most))), (0, 256, -1))
        )

    def weight(self) -> int:
        return int(self.value(lambda: self.chance.randint(-253, 253), (254, -254)))

    def command(self) -> str:
        return str(self.value(lambda: self.chance.choice(COMMANDS)))

    def host(self, version: int) -> str:
        number = self.chance.getrandbits(31 if version == 4 else 125) | 1 << (24 if version == 4 else 124)
        return str(self.value(lambda: str(ipaddress.ip_address(number)), (*MISTAKES, "1.2.3.4", "::1", "10.0.0.1/24")))

    def address(self, version: int) -> VirtualAddress:
        length = self.chance.randint(8, 32 if version == 4 else 128)
        scope = self.maybe(lambda: self.chance.choice(SCOPES)) if version == 4 else None
        text = "%s/%d" % (self.host(version), length)
        return VirtualAddress(text, self.maybe(self.interface), self.value(lambda: scope), self.chance.random() < 0.5)

    def route(self) -> VirtualRoute:
        version = self.chance.choice((4, 6))
        top, length = self.chance.getrandbits(8), self.chance.randint(8, 32 if version == 4 else 128)
        network = "%d.0.0.0/%d" % (top, length) if version == 4 else "%x00::/%d" % (top, length)
        interface = self.maybe(self.interface)
        next_hop = None if interface and self.chance.random() < 0.3 else self.host(version)
        track = bool(interface and self.chance.random() < 0.5)
        protocol = None if track else self.maybe(self.protocol)
        return VirtualRoute(
            destination=self.value(lambda: network),
            next_hop=next_hop,
            interface=interface,
            scope=self.maybe(lambda: self.chance.choice(SCOPES[:2] if next_hop else SCOPES)) if version == 4 else None,
            protocol=protocol,
            on_link=bool(interface and next_hop and self.chance.random() < 0.5),
            track=self.value(lambda: track, (True, False)),
        )

    def protocol(self) -> str:
        wrong = (*MISTAKES, "256", "-1", "08", "4294967295", "9" * 30)
        return str(self.value(lambda: self.chance.choice(PROTOCOLS), wrong))

    def interval(self, version: int) -> float:
        whole = float(self.chance.choice((1, 2, 255)))
        hundredths = self.chance.choice((1, 4095, self.chance.randint(1, 4095))) / 100
        return float(self.value(lambda: whole if version == 2 else hundredths, (0, 0.005, 256, 1.015, -1)))

    def authentication(self) -> Authentication:
        size = self.chance.randint(1, 8)
        return Authentication(self.value(lambda: "".join(self.chance.choices(PASSWORD, k=size))))

    def instance(self, scripts: tuple[TrackScript, ...], files: tuple[TrackFile, ...]) -> VrrpInstance:
        family = self.chance.choice((4, 4, 6))
        version = 3 if family == 6 else self.chance.choice((2, 3))
        priority = self.number()
        owner = priority == 255
        preempt = owner or self.chance.random() < 0.5
        given: dict[str, Any] = {}
        for name in ("garp_master_repeat", "garp_master_refresh_repeat", "garp_lower_prio_repeat"):
            given[name] = self.maybe(self.number)
        for name in ("garp_master_delay", "garp_lower_prio_delay"):
            given[name] = self.maybe(lambda: self.number(0, 4294))
        given["garp_master_refresh"] = self.maybe(lambda: self.number(0, 86400))
        for name in ("notify_master", "notify_backup", "notify_fault", "notify_stop", "notify"):
            given[name] = self.maybe(self.command)
        watched = self.chance.sample(INTERFACES[1:], self.chance.randint(0, 2))
        return VrrpInstance(
            name=self.name(),
            interface=self.value(lambda: INTERFACES[0], ("nope nope", INTERFACES[1])),
            virtual_router_id=self.number(),
            priority=priority,
            advert_interval=self.interval(version),
            preempt=preempt,
            preempt_delay=self.maybe(lambda: self.chance.randint(0, 1000) / 8) if preempt else None,
            version=version,
            authentication=self.maybe(self.authentication) if version == 2 else None,
            source_address=self.maybe(lambda: self.host(family)),
            unicast_peers=self.several(lambda: self.host(family)),
            track_interfaces=tuple(Tracked(name, None if owner else self.maybe(self.weight)) for name in watched),
            track_files=tuple(Tracked(item.name) for item in files if not owner),
            track_scripts=tuple(Tracked(item.name, self.maybe(self.weight)) for item in scripts if not owner),
            virtual_addresses=self.several(lambda: self.address(family), 1),
            virtual_addresses_excluded=self.several(lambda: self.address(self.chance.choice((4, 6)))),
            virtual_routes=self.several(self.route),
            **given,
        )

    def configuration(self) -> Configuration:
        whole = self.number
        scripts = self.several(
            lambda: TrackScript(
                self.name(),
                self.command(),
                whole(),
                *(self.maybe(whole) for _unused in range(3)),
                self.maybe(self.weight),
            )
        )
        files = self.several(lambda: TrackFile(self.name(), "/etc/hostname", self.maybe(self.weight)))
        definitions = GlobalDefinitions(self.maybe(self.name), "root", self.chance.random() < 0.5)
        return Configuration((self.instance(scripts, files),), scripts, files, definitions)
