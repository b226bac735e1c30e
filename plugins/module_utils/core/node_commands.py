# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What carries a plan out: lines for ``ip -batch`` and ``bridge -batch``, sysctls, nftables and files.

Names in lines need no quoting: the specification has none that would.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Union

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import node_nat
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_service import Write
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_anatomy import (
    SYSCTLS,
    Device,
    Leg,
    RouterAnatomy,
    network_devices,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_spec import IPV6_MTU, Network

#: A forwarding entry of this address is where a VXLAN device floods to (ip-link(8), bridge(8)).
FLOOD = "00:00:00:00:00:00"
#: A veth device would have one for each processor and use the first, and the kernel waits for its readers over that.
_ONE_QUEUE = "numtxqueues 1 numrxqueues 1"
#: Number of the group that devices are put into to be removed together.
_GOING = 4791


@dataclass(frozen=True)
class Batch:
    """Lines for one run of a tool, ``ip`` or ``bridge``, in a namespace; None is the node's own."""

    lines: tuple[str, ...]
    namespace: str | None = None
    tool: str = "ip"


@dataclass(frozen=True)
class Sysctls:
    """Values by path below /proc/sys, in a namespace."""

    values: tuple[tuple[str, str], ...]
    namespace: str


@dataclass(frozen=True)
class Nat:
    """Input for ``nft -j -f -`` in a namespace."""

    text: str
    namespace: str


@dataclass(frozen=True)
class PutFile:
    path: str
    text: str
    mode: int


@dataclass(frozen=True)
class ConfigTest:
    """keepalived's own test of a configuration that no file holds yet, in a namespace."""

    write: Write

    @property
    def namespace(self) -> str | None:
        return self.write.namespace


Command = Union[Batch, Sysctls, Nat, PutFile, ConfigTest]


def add_network(network: Network) -> tuple[Command, ...]:
    return tuple(command for device in network_devices(network) for command in add_port(device))


def add_port(device: Device) -> tuple[Command, ...]:
    """Make a bridge, or what connects one to other nodes; the uplink of a flat network is only enslaved."""
    lines = [] if device.kind == "" else [_add(device)]
    if device.kind == "bridge" and device.mtu:
        # Only one whose MTU was changed keeps it (br_change_mtu); else it takes that of its ports.
        lines += ["link set %s mtu %d" % (device.name, mtu) for mtu in (device.mtu - 1, device.mtu)]
    if device.kind:
        # After the MTU, for with 1279 it would be forgotten.
        lines.append("link set %s addrgenmode none" % device.name)
    lines.append(plug(device))
    flood = flood_to(device.name, device.peers)
    return (Batch(tuple(lines)), *((flood,) if device.peers else ()))


def plug(device: Device) -> str:
    return "link set %s %sup" % (device.name, "master %s " % device.master if device.master else "")


def set_mtu(device: Device, have: int, namespace: str | None) -> tuple[str, ...]:
    """IPv6 that comes back with a larger MTU makes an address at once; in a router, a sysctl keeps it from that."""
    line = "link set %s mtu %d" % (device.name, device.mtu or 0)
    if namespace or have >= IPV6_MTU:
        return (line,)
    return (line, "link set %s addrgenmode none" % device.name, "addr flush dev %s scope link" % device.name)


def flood_to(name: str, peers: Iterable[str], via: str | None = None) -> Batch:
    """via: the device below, which a group needs."""
    end = " via " + via if via else ""
    return Batch(tuple("fdb append %s dev %s dst %s%s" % (FLOOD, name, peer, end) for peer in peers), tool="bridge")


def add_router(anatomy: RouterAnatomy) -> tuple[Batch, Sysctls, Nat, Batch]:
    """Make a router's namespace and all that is in it; keepalived is not started."""
    outside = ["netns add " + anatomy.namespace]
    inside = ["link set lo up"]
    for leg in anatomy.legs:
        outside += _leg_outside(leg, anatomy.namespace)
        inside += _inside(leg.device)
    for carrier in anatomy.carriers:
        outside.append(_add(carrier, anatomy.namespace))
        inside += _inside(carrier)
    return (
        Batch(tuple(outside)),
        Sysctls(SYSCTLS, anatomy.namespace),
        nat(anatomy),
        Batch(tuple(inside), anatomy.namespace),
    )


def add_routers(group: Iterable[RouterAnatomy]) -> tuple[Command, ...]:
    """The same for some at once: what is done outside of their namespaces is one batch."""
    made = [add_router(anatomy) for anatomy in group]
    outside = Batch(tuple(line for commands in made for line in commands[0].lines))
    return (outside, *(command for commands in made for command in commands[1:]))


def add_leg(leg: Leg, namespace: str) -> tuple[Command, ...]:
    return Batch(tuple(_leg_outside(leg, namespace))), Batch(tuple(_inside(leg.device)), namespace)


def add_carrier(device: Device, namespace: str) -> tuple[Command, ...]:
    return Batch((_add(device, namespace),)), Batch(tuple(_inside(device)), namespace)


def nat(anatomy: RouterAnatomy) -> Nat:
    return Nat(node_nat.load_text(node_nat.ruleset(anatomy.router)), anatomy.namespace)


def remove_links(names: Iterable[str], namespace: str | None = None) -> Batch:
    return Batch(tuple("link del " + name for name in names), namespace)


def remove_together(names: Iterable[str], namespace: str) -> Batch:
    """The same in a namespace that is to go: as a group of devices, for the kernel waits for its readers after each."""
    marks = ["link set dev %s group %d" % (name, _GOING) for name in names]
    return Batch((*marks, "link del group %d" % _GOING), namespace)


def _leg_outside(leg: Leg, namespace: str) -> list[str]:
    if leg.tap is None:
        return [_add(leg.device, namespace)]
    mac = _mac(leg.device)
    peer = "peer name %s %s mtu %d%s netns %s" % (leg.device.name, _ONE_QUEUE, leg.device.mtu or 0, mac, namespace)
    return [
        "link add name %s %s mtu %d type veth %s" % (leg.tap.name, _ONE_QUEUE, leg.tap.mtu or 0, peer),
        "link set %s addrgenmode none" % leg.tap.name,
        plug(leg.tap),
    ]


def _inside(device: Device) -> list[str]:
    addresses = ["addr add %s dev %s" % (address, device.name) for address in device.addresses]
    return ["link set %s addrgenmode none" % device.name, *addresses, "link set %s up" % device.name]


def _add(device: Device, namespace: str | None = None) -> str:
    words = ["link add name", device.name]
    if device.index is not None:
        words.append("index %d" % device.index)
    if device.lower and device.kind != "vxlan":
        words += ["link", device.lower]
    if device.mtu is not None:
        words.append("mtu %d" % device.mtu)
    if namespace:
        words.append("netns " + namespace)
    return " ".join([*words, "type", device.kind, *_kind_words(device)])


def _kind_words(device: Device) -> list[str]:
    keys = {"port": "dstport"} if device.kind == "vxlan" else {}
    words = [word for key, value in device.facts for word in (keys.get(key, key), value)]
    return [*words, "dev", device.lower] if device.kind == "vxlan" and device.lower else words


def _mac(device: Device) -> str:
    return " address " + device.mac_address if device.mac_address else ""
