# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is on a node, in the words of the anatomy: devices from rtnetlink, forwarding entries, files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import node_names
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.companion_plan import Companions
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_model import Capabilities
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_service import File, Found
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_anatomy import Device
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_nat import Json
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_spec import NodeSpec, Router

#: Which values of ``linkinfo.info_data`` are compared, and what they are called in a Device.
_FACTS = {
    "bridge": (("mcast_snooping", "mcast_snooping"),),
    "vxlan": (("id", "id"), ("port", "port"), ("group", "group"), ("local", "local")),
    "vlan": (("id", "id"),),
    "macvlan": (("mode", "mode"),),
}


@dataclass(frozen=True)
class Link:
    """A device that is there. below: number of the device below it or of the other end of a veth pair.

    here: whether that device is in the same namespace. addrgenmode: how it makes link-local addresses of its own.
    """

    device: Device
    index: int
    below: int | None = None
    here: bool = True
    up: bool = False
    addrgenmode: str = "none"
    carrier: bool = False


@dataclass(frozen=True)
class Namespace:
    """What is in a router's namespace. sysctls: None for one that is not there."""

    links: Mapping[str, Link] = field(default_factory=dict)
    sysctls: Mapping[str, str | None] = field(default_factory=dict)
    nat: tuple[Json, ...] = ()


@dataclass(frozen=True)
class Owned:
    """What this module has made on the node, or was about to make: names of devices and of namespaces."""

    devices: frozenset[str] = frozenset()
    namespaces: frozenset[str] = frozenset()

    def with_(self, other: Owned) -> Owned:
        return Owned(self.devices | other.devices, self.namespaces | other.namespaces)


@dataclass(frozen=True)
class Record:
    """What the node was last told to be, and what it owns; kept on disk.

    unfinished: a run has begun to make it so, and has not come to its end.
    """

    spec: NodeSpec = field(default_factory=NodeSpec)
    owned: Owned = Owned()
    unfinished: bool = False


@dataclass(frozen=True)
class Have:
    """A node. files: by path, those that the module writes; existing: names of all namespaces.

    keepalived: whether it is installed. companions: the daemons beside those of routers. reach: the namespaces of the
    routers that were looked at, and that a plan is about; None for all.
    """

    record: Record = Record()
    links: Mapping[str, Link] = field(default_factory=dict)
    namespaces: Mapping[str, Namespace] = field(default_factory=dict)
    existing: frozenset[str] = frozenset()
    flooding: Mapping[str, frozenset[str]] = field(default_factory=dict)
    files: Mapping[str, File] = field(default_factory=dict)
    services: Mapping[str, Found] = field(default_factory=dict)
    recorder: File | None = None
    enabled: bool = False
    management: str | None = None
    capabilities: Capabilities = field(default_factory=Capabilities)
    keepalived: bool = True
    companions: Companions = field(default_factory=Companions)
    reach: frozenset[str] | None = None

    def reached(self, routers: Iterable[Router]) -> list[Router]:
        """Those of the routers that were looked at."""
        return [router for router in routers if self.reach is None or node_names.namespace(router.name) in self.reach]


def links(items: Sequence[dict[str, Any]], outside: Mapping[int, str] | None = None) -> dict[str, Link]:
    """Devices from core.rtnetlink.items(); outside: names of the node's devices by number, for a namespace's."""
    own = {item["ifindex"]: item["ifname"] for item in items}
    return {item["ifname"]: _link(item, own, outside or {}) for item in items}


def _link(item: dict[str, Any], own: Mapping[int, str], outside: Mapping[int, str]) -> Link:
    info = item.get("linkinfo", {})
    kind, data = info.get("info_kind", ""), info.get("info_data", {})
    here = "link_netnsid" not in item
    below = item.get("link_index")
    lower = None if below is None or kind == "veth" else (own if here else outside).get(below)
    facts = [(name, data[key]) for name, key in _FACTS.get(kind, ()) if data.get(key) is not None]
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
    return Link(device, item["ifindex"], below, here, "UP" in flags, addrgenmode, "LOWER_UP" in flags)


def _address(entry: Mapping[str, Any]) -> str:
    return "%s/%d" % (entry["local"], entry["prefixlen"])


def flooding(listing: str) -> dict[str, frozenset[str]]:
    """Where VXLAN devices flood to, by device, from ``bridge -j fdb show``."""
    found: dict[str, set[str]] = {}
    for entry in json.loads(listing or "[]"):
        if entry.get("mac") == "00:00:00:00:00:00" and entry.get("dst"):
            found.setdefault(entry["ifname"], set()).add(entry["dst"])
    return {name: frozenset(peers) for name, peers in found.items()}
