# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is on a node, in the words of the anatomy: devices from rtnetlink, files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Callable, TypeVar

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import node_names
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.companion_plan import Companions
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_model import Capabilities
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_service import File, Found
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_anatomy import Device
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_nat import Json
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_spec import NodeSpec, Router
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.rtnetlink import Devices, Names

Value = TypeVar("Value")

#: Which values of ``linkinfo.info_data`` are compared.
_FACTS = {
    "bridge": ("mcast_snooping", "stp_state"),
    "vxlan": ("id", "port", "group", "local", "ttl", "learning"),
    "vlan": ("id",),
    "macvlan": ("mode",),
}


@dataclass(frozen=True)
class Link:
    """A device that is there. below: number of the device below it or of the other end of a veth pair.

    here: whether that device is in the same namespace. addrgenmode: how it makes link-local addresses of its own.
    sysctls: values by path below /proc/sys, with %s for its name.
    """

    device: Device
    index: int
    below: int | None = None
    here: bool = True
    up: bool = False
    addrgenmode: str = "none"
    carrier: bool = False
    sysctls: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Namespace:
    """What is in a router's namespace. sysctls: None for one that is not there."""

    links: Mapping[str, Link] = field(default_factory=dict)
    sysctls: Mapping[str, str | None] = field(default_factory=dict)
    nat: tuple[Json, ...] = ()


@dataclass(frozen=True)
class Owned:
    """What this module has made on the node, or was about to make: names of devices and of namespaces.

    uplinks: those that it has put into a bridge.
    """

    devices: frozenset[str] = frozenset()
    namespaces: frozenset[str] = frozenset()
    uplinks: frozenset[str] = frozenset()

    def with_(self, other: Owned) -> Owned:
        return Owned(self.devices | other.devices, self.namespaces | other.namespaces, self.uplinks | other.uplinks)


@dataclass(frozen=True)
class Record:
    """What the node was last told to be, and what it owns; kept on disk. Its specification is an ordered() one.

    unfinished: a run has begun to make it so, and has not come to its end.
    """

    spec: NodeSpec = field(default_factory=NodeSpec)
    owned: Owned = Owned()
    unfinished: bool = False


@dataclass(frozen=True)
class Have:
    """A node. files: by path, those that the module writes; existing: names of all namespaces.

    scripts: paths of those that make routers at boot. enabled: whether systemd runs the script for the boot.
    keepalived, nftables: whether they are installed. ipv6: whether the kernel has it. companions: the daemons beside
    those of routers. reach: the namespaces of the routers that were looked at, and that a plan is about; None for all.
    at: when, in seconds of the epoch by the node's clock.
    """

    record: Record = Record()
    links: Mapping[str, Link] = field(default_factory=dict)
    namespaces: Mapping[str, Namespace] = field(default_factory=dict)
    existing: frozenset[str] = frozenset()
    flooding: Mapping[str, frozenset[str]] = field(default_factory=dict)
    files: Mapping[str, File] = field(default_factory=dict)
    scripts: frozenset[str] = frozenset()
    services: Mapping[str, Found] = field(default_factory=dict)
    recorder: File | None = None
    enabled: bool = False
    management: str | None = None
    capabilities: Capabilities = field(default_factory=Capabilities)
    keepalived: bool = True
    nftables: bool = True
    ipv6: bool = True
    companions: Companions = field(default_factory=Companions)
    reach: frozenset[str] | None = None
    at: float = 0.0

    def reached(self, routers: Iterable[Router]) -> list[Router]:
        """Those of the routers that were looked at."""
        return [router for router in routers if self.reach is None or node_names.namespace(router.name) in self.reach]


class Later(Mapping[str, Value]):
    """What tell() gives, which is asked for when the first is looked for: others may take their time over it."""

    def __init__(self, tell: Callable[[], Mapping[str, Value]]) -> None:
        self._tell = tell

    @cached_property
    def _told(self) -> Mapping[str, Value]:
        return self._tell()

    def __iter__(self) -> Iterator[str]:
        return iter(self._told)

    def __len__(self) -> int:
        return len(self._told)

    def __getitem__(self, name: str) -> Value:
        return self._told[name]


class Links(Mapping[str, Link]):
    """Links of devices by name, made when they are asked for; outside: the node's, for those of a namespace."""

    def __init__(self, devices: Devices, outside: Links | None = None) -> None:
        self.devices = devices
        self._below: Names = _nobody if outside is None else outside.devices.name
        self._known: dict[str, Link] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self.devices)

    def __len__(self) -> int:
        return len(self.devices)

    def __contains__(self, name: object) -> bool:
        return name in self.devices

    def __getitem__(self, name: str) -> Link:
        if name not in self._known:
            self._known[name] = _link(self.devices[name], self.devices.name, self._below)
        return self._known[name]


def of_kind(kind: str, links: Mapping[str, Link]) -> dict[str, Link]:
    """Those of the links that are of a kind, by name."""
    names = links.devices.of_kind(kind) if isinstance(links, Links) else links
    return {name: links[name] for name in sorted(names) if links[name].device.kind == kind}


def addresses(links: Mapping[str, Link]) -> frozenset[str]:
    """All addresses of the links, without their prefix lengths."""
    if isinstance(links, Links):
        return frozenset(links.devices.addresses())
    return frozenset(address.split("/")[0] for link in links.values() for address in link.device.addresses)


def _nobody(_index: int) -> None:
    return None


def _link(item: dict[str, Any], own: Names, outside: Names) -> Link:
    info = item.get("linkinfo", {})
    kind, data = info.get("info_kind", ""), info.get("info_data", {})
    here = "link_netnsid" not in item
    below = item.get("link_index")
    lower = None if below is None or kind == "veth" else (own if here else outside)(below)
    facts = [(name, data[name]) for name in _FACTS.get(kind, ()) if data.get(name) is not None]
    device = Device(
        item["ifname"],
        kind,
        item.get("mtu"),
        item.get("master"),
        item.get("address"),
        data.get("link") if kind == "vxlan" else lower,
        tuple((name, str(value)) for name, value in facts),
        tuple(_address(entry) for entry in item.get("addr_info", []) if "local" in entry),
    )
    flags = item.get("flags", [])
    # A device without one has no IPv6.
    addrgenmode = item.get("inet6_addr_gen_mode", "none")
    up, carrier = "UP" in flags, "LOWER_UP" in flags
    return Link(device, item["ifindex"], below, here, up, addrgenmode, carrier, item.get("sysctls", {}))


def _address(entry: Mapping[str, Any]) -> str:
    return "%s/%d" % (entry["local"], entry["prefixlen"])
