# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the VXLAN devices of Neutron's Linux bridge agent flood, and how to take layer-2 population out of them.

With layer-2 population the agent makes a device without a multicast group and writes each peer into its forwarding
table: one entry of the all-zeros MAC address a peer, to flood to, and one entry a port. The agent makes only devices
that are missing, so a device keeps all that after population was turned off (seen on Neutron 21).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import Problem, SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.oslo_ini import Document, as_list, effective
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.plan import Plan, Step

FLOOD = "00:00:00:00:00:00"
#: Every host is a member of it without joining (RFC 1112, section 4).
ALL_HOSTS = "224.0.0.1"

#: Verbs: give a group to a device in place; make a device anew, because its ARP proxy cannot be turned off in place;
#: take out the entries that population wrote.
SET_GROUP, MAKE_ANEW, FORGET = "set the group of", "make anew", "remove populated entries of"


@dataclass(frozen=True)
class Groups:
    """The agent's vxlan_group (an address or a network) and multicast_ranges (address, lowest and highest VNI)."""

    group: str = ALL_HOSTS
    ranges: tuple[tuple[str, int, int], ...] = ()

    def of(self, vni: int) -> str:
        """The group of a VNI, by the agent's rule: the network's address plus the VNI's bits that fit into it."""
        for address, low, high in self.ranges:
            if low <= vni <= high:
                return address
        network = ipaddress.ip_network(self.group, strict=False)
        return str(network.network_address + (vni & int(network.hostmask)))


@dataclass(frozen=True)
class Entry:
    """A permanent entry of a device's forwarding table that was written, not learned."""

    mac: str
    peer: str

    def __str__(self) -> str:
        return "%s via %s" % (self.mac, self.peer)


@dataclass(frozen=True)
class Device:
    """A VXLAN device; options are those of ``ip link`` that it must be made with again.

    group: None when it has none. populated: entries that lead to single peers.
    """

    name: str
    vni: int
    uplink: str
    group: str | None = None
    proxy: bool = False
    mtu: int = 1450
    master: str | None = None
    options: tuple[str, ...] = ()
    populated: tuple[Entry, ...] = ()

    def populated_after_the_group(self) -> tuple[Entry, ...]:
        """What is left of populated once the device has a group; one made anew is only given whom to flood to."""
        if self.group is None and self.proxy:
            return tuple(entry for entry in self.populated if entry.mac == FLOOD)
        return self.populated


@dataclass(frozen=True)
class Want:
    """forget: take out what population wrote; only right once every device of the site has its group."""

    config_files: tuple[str, ...]
    forget: bool


@dataclass(frozen=True)
class Have:
    devices: tuple[Device, ...]
    groups: Groups


@dataclass(frozen=True)
class Change:
    """What a step is carried out with."""

    device: Device
    group: str


def groups_from(documents: Sequence[Document]) -> Groups:
    """The agent's options from its files in the order it reads them; raises SpecError for what the agent refuses."""
    group = effective(documents, "vxlan", "vxlan_group")
    problems: list[Problem] = []
    if group is None:
        group = ALL_HOSTS
    elif not _is_multicast(group):
        problems.append(
            Problem(
                "[vxlan] vxlan_group",
                '"%s" is not a multicast address or network; without layer-2 population the agent floods to it, '
                "so set one, such as %s" % (group, ALL_HOSTS),
            )
        )
    ranges = []
    for item in as_list(effective(documents, "vxlan", "multicast_ranges") or ""):
        parsed = _range(item)
        if parsed:
            ranges.append(parsed)
        else:
            problems.append(Problem("[vxlan] multicast_ranges", '"%s" is not an address:lowest VNI:highest VNI' % item))
    if problems:
        raise SpecError(problems)
    return Groups(group, tuple(ranges))


def plan_flooding(have: Have, want: Want) -> Plan:
    """A group for each device that has none; and, if asked, no entries that population wrote."""
    steps: list[Step] = []
    for device in have.devices:
        change = Change(device, device.group or have.groups.of(device.vni))
        if device.group is None:
            steps.append(Step(MAKE_ANEW if device.proxy else SET_GROUP, device.name, change))
        if want.forget and device.populated:
            steps.append(Step(FORGET, device.name, change))
    before = {device.name: _shown(device) for device in have.devices}
    after = {device.name: _shown_after(device, have, want) for device in have.devices}
    return Plan(tuple(steps), before, after)


def _shown(device: Device) -> dict[str, Any]:
    return {
        "group": device.group,
        "arp_proxy": device.proxy,
        "populated_entries": [str(entry) for entry in device.populated],
    }


def _shown_after(device: Device, have: Have, want: Want) -> dict[str, Any]:
    left = [] if want.forget else device.populated_after_the_group()
    return {
        "group": device.group or have.groups.of(device.vni),
        "arp_proxy": device.proxy and device.group is not None,
        "populated_entries": [str(entry) for entry in left],
    }


def devices_from(links: Sequence[Mapping[str, Any]], table: Sequence[Mapping[str, Any]]) -> tuple[Device, ...]:
    """The agent's devices from ``ip -j -d link show type vxlan`` and ``bridge -j fdb show``, by VNI."""
    devices = [_device(link, table) for link in links if _is_agents(link)]
    return tuple(sorted(devices, key=lambda device: device.vni))


def _is_agents(link: Mapping[str, Any]) -> bool:
    data = link.get("linkinfo", {}).get("info_data", {})
    return link["ifname"] == "vxlan-%s" % data.get("id") and bool(data.get("link"))


def _device(link: Mapping[str, Any], table: Sequence[Mapping[str, Any]]) -> Device:
    data = link["linkinfo"]["info_data"]
    group = data.get("group") or data.get("group6")
    written = [
        Entry(entry["mac"], entry["dst"])
        for entry in table
        if entry.get("ifname") == link["ifname"]
        and entry.get("state") == "permanent"
        and "dst" in entry
        and entry["dst"] != group
    ]
    return Device(
        name=link["ifname"],
        vni=data["id"],
        uplink=data["link"],
        group=group,
        proxy=bool(data.get("proxy")),
        mtu=link["mtu"],
        master=link.get("master"),
        options=_options(data),
        populated=tuple(written),
    )


def _options(data: Mapping[str, Any]) -> tuple[str, ...]:
    options: list[str] = []
    for key, option in (("local", "local"), ("local6", "local"), ("port", "dstport"), ("ttl", "ttl"), ("tos", "tos")):
        if data.get(key):
            options += [option, str(data[key])]
    ports = data.get("port_range") or {}
    if ports.get("high"):
        options += ["srcport", str(ports["low"]), str(ports["high"])]
    return tuple(options)


def _is_multicast(group: str) -> bool:
    try:
        return ipaddress.ip_network(group, strict=False).is_multicast
    except ValueError:
        return False


def _range(item: str) -> tuple[str, int, int] | None:
    address, _unused, vnis = item.rpartition(":")
    address, _unused, low = address.rpartition(":")
    try:
        parsed = (str(ipaddress.ip_address(address)), int(low), int(vnis))
    except ValueError:
        return None
    return parsed if _is_multicast(parsed[0]) and parsed[1] <= parsed[2] else None
