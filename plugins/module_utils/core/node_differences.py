# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between a device as it should be and as it is, and the commands that mend it.

A device that is of the wrong kind, or that differs in what cannot be changed in place, is made anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_anatomy import (
    DEVICE_SYSCTLS,
    SYSCTLS,
    Device,
    Leg,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_commands import (
    FLOOD,
    Batch,
    Command,
    add_carrier,
    add_leg,
    add_port,
    flood_to,
    remove_links,
    set_mtu,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_have import Link, Namespace

Links = Mapping[str, Link]


@dataclass(frozen=True)
class Difference:
    """One thing to mend: what it is about, what is there and what is wanted as a user reads it, and how."""

    verb: str
    object: str
    was: str | None
    wanted: str | None
    commands: tuple[Command, ...]


def port(device: Device, links: Links, flooding: Mapping[str, frozenset[str]]) -> list[Difference]:
    """A bridge, or what connects it to the other nodes."""
    if _without_uplink(device, links):
        return []
    link = links.get(device.name)
    if link is None or not same_make(device, link.device):
        again: tuple[Command, ...] = (remove_links([device.name]),) if link else ()
        verb = "remake" if link else "make"
        return [Difference(verb, "device " + device.name, _make(link), make(device), (*again, *add_port(device)))]
    found = settings(device, link, None)
    if device.kind == "vxlan":
        found += _flooding(device, flooding.get(device.name, frozenset()))
    return found


def leg(want: Leg, namespace: str, inside: Links, outside: Links) -> list[Difference]:
    """A router's end in a network, and the end in the bridge."""
    if want.tap is None:
        return lower_device(want.device, namespace, inside, outside, add_leg(want, namespace))
    near, far = inside.get(want.device.name), outside.get(want.tap.name)
    if near and far and _pair(near, far):
        return settings(want.device, near, namespace) + settings(want.tap, far, None)
    gone: tuple[Command, ...] = (remove_links([want.tap.name]),) if far else ()
    if near and not (far and _pair(near, far)):
        gone += (remove_links([want.device.name], namespace),)
    name = "device %s of %s" % (want.device.name, namespace)
    was = "not joined to its bridge" if near and near.device.kind == "veth" else _make(near)
    verb = "remake" if near or far else "make"
    return [Difference(verb, name, was, make(want.device), gone + add_leg(want, namespace))]


def carrier(device: Device, namespace: str, inside: Links, outside: Links) -> list[Difference]:
    """A device that has an uplink's carrier."""
    if _without_uplink(device, outside):
        return []
    return lower_device(device, namespace, inside, outside, add_carrier(device, namespace))


def _without_uplink(device: Device, links: Links) -> bool:
    """Only state absent comes so far without an uplink, and removes what is named; what needs the uplink is left."""
    uplink = device.lower or (None if device.kind else device.name)
    return uplink is not None and uplink not in links


def lower_device(
    device: Device, namespace: str, inside: Links, outside: Links, add: tuple[Command, ...]
) -> list[Difference]:
    """A device in a namespace that stands on one of the node."""
    link = inside.get(device.name)
    if link and same_make(device, link.device) and not link.here and _on(link, device, outside):
        return settings(device, link, namespace)
    gone: tuple[Command, ...] = (remove_links([device.name], namespace),) if link else ()
    name = "device %s of %s" % (device.name, namespace)
    return [Difference("remake" if link else "make", name, _make(link), make(device), gone + add)]


def settings(device: Device, link: Link, namespace: str | None) -> list[Difference]:
    """What is changed in place: MTU, MAC address, master, state, missing addresses, whether it makes its own."""
    of = "%s of %s" % (device.name, namespace) if namespace else device.name
    return [
        Difference("set", "%s of device %s" % (what, of), str(was), str(wanted), (Batch(lines, namespace),))
        for what, was, wanted, lines in _wrong(device, link, namespace)
    ]


def _wrong(device: Device, link: Link, namespace: str | None) -> Iterator[tuple[str, object, object, tuple[str, ...]]]:
    """What of a device is wrong, what it is, what it should be, and the lines that change it."""
    have, change = link.device, "link set %s " % device.name
    if device.mtu is not None and device.mtu != have.mtu:
        yield "MTU", have.mtu, device.mtu, set_mtu(device, have.mtu or 0, namespace)
    if device.mac_address and device.mac_address != have.mac_address:
        yield "MAC address", have.mac_address, device.mac_address, (change + "address " + device.mac_address,)
    if device.master and device.master != have.master:
        yield "master", have.master, device.master, (change + "master " + device.master,)
    for key, value in device.facts if device.kind == "bridge" else ():
        if have.fact(key) != value:
            yield key, have.fact(key), value, (change + "type bridge %s %s" % (key, value),)
    if device.kind and link.addrgenmode != "none":
        yield "addrgenmode", link.addrgenmode, "none", (change + "addrgenmode none",)
    if not link.up:
        yield "state", "down", "up", (change + "up",)
    for address in device.addresses:
        if address not in have.addresses:
            yield "address", None, address, ("addr add %s dev %s" % (address, device.name),)


def sysctls(namespace: Namespace, devices: Iterable[str]) -> Iterator[tuple[str, str | None, str]]:
    """Which of a router's namespace are not as they are to be, what they are, and what they should be."""
    wrong = [(key, namespace.sysctls.get(key), value) for key, value in SYSCTLS if namespace.sysctls.get(key) != value]
    yield from wrong
    # Setting these sets those of all devices.
    causes = {key for key, _have, _value in wrong}
    of_devices = [(key, value) for key, value, cause in DEVICE_SYSCTLS if cause not in causes]
    for link in [namespace.links[name] for name in devices if name in namespace.links]:
        for key, value in of_devices:
            have = link.sysctls.get(key, value)
            if have != value:
                yield key % link.device.name, have, value


def same_make(want: Device, have: Device) -> bool:
    """Whether a device can become the wanted one without being made anew."""
    if want.kind == "":
        return True
    if want.kind != have.kind or (want.kind == "vxlan" and want.lower != have.lower):
        return False
    if want.kind == "bridge":
        return True
    facts = dict(have.facts)
    optional = {"group", "local", "ttl", "learning"} if want.kind == "vxlan" else set()
    given = dict(want.facts)
    return all(facts.get(key) == value for key, value in given.items()) and not (set(facts) & optional) - set(given)


def make(device: Device) -> str:
    """What a device is, in one line."""
    words = [device.kind or "uplink", *("%s %s" % fact for fact in device.facts)]
    if device.lower:
        words.append("on " + device.lower)
    return ", ".join(words)


def _make(link: Link | None) -> str | None:
    return make(link.device) if link else None


def _pair(near: Link, far: Link) -> bool:
    both = near.device.kind == far.device.kind == "veth"
    return both and near.below == far.index and far.below == near.index and not near.here


def _on(link: Link, device: Device, outside: Links) -> bool:
    lower = outside.get(device.lower or "")
    # A device that is given a number is to have another one than what it stands on.
    return lower is not None and link.below == lower.index and not (device.index and link.index == lower.index)


def _flooding(device: Device, have: frozenset[str]) -> list[Difference]:
    group = device.fact("group")
    want = frozenset(device.peers) | ({group} if group else frozenset())
    if want == have:
        return []
    gone = tuple("fdb del %s dev %s dst %s" % (FLOOD, device.name, peer) for peer in sorted(have - want))
    commands: tuple[Command, ...] = (Batch(gone, tool="bridge"),) if gone else ()
    if want - have:
        # That of the group is the kernel's own, which it makes with the device.
        commands += (flood_to(device.name, sorted(want - have), device.lower if group else None),)
    was, wanted = ", ".join(sorted(have)), ", ".join(sorted(want))
    return [Difference("set", "peers of device " + device.name, was, wanted, commands)]
