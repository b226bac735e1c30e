# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with an instance is said at the path of the value."""

from __future__ import annotations

from typing import Any

import pytest

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
    problems,
)

PROTOCOL = "virtual_routes[0].protocol"
GOOD: dict[str, Any] = {
    "name": "router1",
    "interface": "ha-net",
    "virtual_router_id": 1,
    "virtual_addresses": (VirtualAddress("169.254.0.1/24"),),
}


def found(**changes: Any) -> list[str]:
    return [str(problem) for problem in problems(Configuration((VrrpInstance(**{**GOOD, **changes}),)))]


def test_a_good_instance_has_no_problem() -> None:
    assert found() == []
    assert found(virtual_router_id=255, priority=254, advert_interval=255) == []
    assert found(advert_interval=0.01) == []
    assert found(authentication=Authentication("12345678")) == []


ADDRESSES = "virtual_addresses"
CASES: list[tuple[dict[str, Any], str, str]] = [
    ({"virtual_router_id": 0}, "virtual_router_id", "0 is out of range: 1 to 255"),
    ({"virtual_router_id": 256}, "virtual_router_id", "256 is out of range"),
    ({"priority": 0}, "priority", "0 is out of range"),
    ({"priority": 256}, "priority", "256 is out of range"),
    ({"advert_interval": 0}, "advert_interval", "0 s is out of range: 1 to 255 s with VRRP version 2"),
    ({"advert_interval": 256}, "advert_interval", "256 s is out of range"),
    ({"advert_interval": 41, "version": 3}, "advert_interval", "41 s is out of range: 0.01 to 40.95 s"),
    ({"advert_interval": 1.5, "version": 2}, "advert_interval", "1.5 s needs VRRP version 3"),
    ({"advert_interval": 1.015}, "advert_interval", "1.015 s is not a multiple of 0.01 s"),
    ({"version": 4}, "version", "4 is not a VRRP version"),
    ({"version": 3, "authentication": Authentication("x")}, "authentication", "VRRP version 3 has none"),
    ({"authentication": Authentication("123456789")}, "authentication.password", "has 9 bytes; VRRP carries 8"),
    ({"authentication": Authentication("pässword")}, "authentication.password", "has 9 bytes"),
    ({"authentication": Authentication("a#b")}, "authentication.password", "must have 1 to 8 ASCII characters"),
    ({"authentication": Authentication("")}, "authentication.password", "must have 1 to 8 ASCII characters"),
    ({"preempt": False, "state": "MASTER"}, "preempt", "can only be false with state BACKUP"),
    ({"preempt": False, "priority": 255}, "preempt", "cannot be false with priority 255"),
    ({"preempt": False, "preempt_delay": 5}, "preempt_delay", "needs preempt true"),
    ({"name": "two words"}, "name", "'two words' is not a name"),
    ({"name": "a/b"}, "name", "'a/b' is not a name"),
    ({"name": "a\nb"}, "name", "is not a name"),
    ({"name": 'a"b'}, "name", "is not a name"),
    ({"name": "bücher"}, "name", "is not a name"),
    ({"interface": "ha-sixteen-chars"}, "interface", "has 16 characters; Linux allows 15"),
    ({"interface": "veth0@if3"}, "interface", "is not the name of an interface"),
    ({"track_interfaces": (Tracked("ha-net"),)}, "track_interfaces[0].name", "always tracked: leave it out"),
    ({"track_interfaces": (Tracked("a", 254),)}, "track_interfaces[0].weight", "254 is out of range"),
    ({"track_scripts": (Tracked("a"),)}, "track_scripts[0].name", "'a' is not defined in this file"),
    ({ADDRESSES: ()}, ADDRESSES, "is empty"),
    ({ADDRESSES: (VirtualAddress("10.0.0.300/24"),)}, ADDRESSES + "[0].address", "'10.0.0.300/24' is not an address"),
    ({ADDRESSES: (VirtualAddress("198.51.100.0/24"),)}, ADDRESSES + "[0].address", "is the address of its network"),
    ({ADDRESSES: (VirtualAddress("198.51.100.255/24"),)}, ADDRESSES + "[0].address", "is the broadcast address"),
    ({ADDRESSES: (VirtualAddress("224.0.0.18/24"),)}, ADDRESSES + "[0].address", "is not the address of a host"),
    (
        {"virtual_routes": (VirtualRoute("0.0.0.0/0", "198.51.100.9", "qg-wan", scope="link"),)},
        *("virtual_routes[0].scope", "link has no next_hop: the kernel refuses such a route"),
    ),
    ({ADDRESSES: (VirtualAddress("fe80::1/64", scope="link"),)}, ADDRESSES + "[0].scope", "IPv6 addresses have none"),
    (
        {ADDRESSES: (VirtualAddress("198.51.100.1/24"), VirtualAddress("2001:db8::1/64"))},
        ADDRESSES,
        "mixes IPv4 and IPv6",
    ),
    (
        {ADDRESSES: tuple(VirtualAddress("198.51.%d.%d/16" % (i // 250, i % 250 + 1)) for i in range(256))},
        ADDRESSES,
        "has 256 addresses; an advertisement carries 255",
    ),
    (
        {"virtual_addresses_excluded": (VirtualAddress("169.254.0.1/24", "ha-net"),)},
        "virtual_addresses_excluded[0].address",
        "169.254.0.1/24 is on ha-net twice",
    ),
    ({"unicast_peers": ("2001:db8::2",)}, "unicast_peers[0]", "is not an IPv4 address"),
    ({"unicast_peers": ("198.51.100.2/24",)}, "unicast_peers[0]", "is not an IPv4 address"),
    (
        {"unicast_peers": ("198.51.100.2",), "source_address": "198.51.100.2"},
        "unicast_peers[0]",
        "this node's own source_address",
    ),
    (
        {"virtual_routes": (VirtualRoute("198.51.100.1/24", interface="a"),)},
        "virtual_routes[0].destination",
        "is not a network",
    ),
    ({"virtual_routes": (VirtualRoute("::/0", "203.0.113.1", "a"),)}, "virtual_routes[0].next_hop", "not an IPv6"),
    ({"virtual_routes": (VirtualRoute("0.0.0.0/0", "203.0.113.1"),)}, "virtual_routes[0].track", "must be false"),
    (
        {"virtual_routes": (VirtualRoute("0.0.0.0/0", "203.0.113.1", "a", protocol="static"),)},
        PROTOCOL,
        "cannot be set for a route that is tracked",
    ),
    *(
        ({"virtual_routes": (VirtualRoute("0.0.0.0/0", "203.0.113.1", protocol=given, track=False),)}, PROTOCOL, text)
        for given, text in [
            ("256", "256 is out of range: 0 to 255"),
            ("9" * 5000, "is out of range: 0 to 255"),
            ("010", "'010' is not a routing protocol: a number from 0 to 255, or a name"),
            ("0x10", "'0x10' is not a routing protocol"),
            ("", "'' is not a routing protocol"),
            ("static\n", "is not a routing protocol"),
            ("ü", "is not a routing protocol"),
            ("a" * 126, "has 126 characters; keepalived reads names of at most 125"),
        ]
    ),
    ({"notify": "relative"}, "notify", "give an absolute path"),
    ({"notify_fault": "/bin/sh -c 'x'"}, "notify_fault", "a character that keepalived.conf cannot hold"),
    ({"garp_master_delay": 4295}, "garp_master_delay", "4295 is out of range: 0 to 4294"),
]


@pytest.mark.parametrize("given", ["0", "255", "static", "a" * 125, "_x1"])
def test_a_protocol_is_a_number_of_a_byte_or_a_name(given: str) -> None:
    assert found(virtual_routes=(VirtualRoute("0.0.0.0/0", "203.0.113.1", protocol=given, track=False),)) == []


@pytest.mark.parametrize(("changes", "path", "message"), CASES)
def test_a_mistake_is_said_at_its_path(changes: dict[str, Any], path: str, message: str) -> None:
    assert any(text.startswith("instances[0].%s: " % path) and message in text for text in found(**changes))


def test_a_password_is_never_in_a_problem() -> None:
    assert "s3cret" not in str(found(authentication=Authentication("s3cret#too-long"), version=3))


def test_every_problem_is_said_at_once() -> None:
    assert len(found(virtual_router_id=0, priority=0, name="", virtual_addresses=())) == 4


def test_one_virtual_router_stands_once_on_an_interface() -> None:
    one, other = VrrpInstance(**GOOD), VrrpInstance(**{**GOOD, "name": "router2"})
    texts = [str(problem) for problem in problems(Configuration((one, other)))]
    assert texts == ["instances[1].virtual_router_id: 1 is that of router1 on ha-net already"]


def test_definitions_are_checked_too() -> None:
    config = Configuration(
        (VrrpInstance(**GOOD),),
        (TrackScript("a b", "x", 0), TrackScript("c", "/bin/true", weight=300)),
        (TrackFile("f", "/run/{f}"),),
        GlobalDefinitions(router_id='"'),
    )
    paths = [problem.path for problem in problems(config)]
    wanted = "scripts[0].name scripts[0].script scripts[1].weight files[0].file global_definitions.router_id"
    assert paths == [*wanted.split(), "scripts[0].interval"]
