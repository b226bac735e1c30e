# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which interfaces of a node carry something: a router's HA network, or the connection that Ansible has to the node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]


class Links:
    """The links of a node's own namespace, as ``ip -d -j link`` gives them."""

    def __init__(self, links: Sequence[Json]) -> None:
        self._by_name = {link["ifname"]: link for link in links}
        self._by_index = {link["ifindex"]: link for link in links}
        self._below: dict[str, list[str]] = {}
        self._uplinks: dict[str, set[str]] = {}
        for name, link in self._by_name.items():
            parents = {link.get("link"), link.get("linkinfo", {}).get("info_data", {}).get("link")}
            # The other end of a veth pair is no parent, and a router's or an instance's port carries nothing of a
            # bridge; they are called tap everywhere. An uplink can be a veth, too, in a container.
            if _kind(link) != "veth":
                self._below.setdefault(name, []).extend(p for p in sorted(parents - {None}) if p in self._by_name)
            if link.get("master") and not name.startswith("tap"):
                self._below.setdefault(link["master"], []).append(name)

    def uplinks(self, devices: Sequence[Json]) -> list[str]:
        """The interfaces whose loss cuts off the HA network of a router, such as a bond or a VLAN: what is right below
        its VXLAN device, or in its bridge. devices: of the router's namespace, as ``ip -j addr``.
        """
        found: set[str] = set()
        for device in devices:
            outside = self._by_index.get(device.get("link_index"))
            if outside is None or not device["ifname"].startswith("ha-"):
                continue
            bridge = outside["ifname"] if _kind(outside) == "bridge" else outside.get("master")
            if bridge:
                found |= self._outer(bridge)
        return sorted(found)

    def carriers(self, name: str) -> list[str]:
        """An interface and all that it rests on: what it is a VLAN or VXLAN of, its ports if it is a bridge or bond."""
        found = {name}
        pending = [name]
        while pending:
            for lower in self._below.get(pending.pop(), ()):
                if lower not in found:
                    found.add(lower)
                    pending.append(lower)
        return sorted(found)

    def _outer(self, bridge: str) -> set[str]:
        if bridge not in self._uplinks:
            ports = self._below.get(bridge, ())
            below = [self._below.get(port, ()) if _kind(self._by_name[port]) == "vxlan" else [port] for port in ports]
            self._uplinks[bridge] = {name for names in below for name in names}
        return self._uplinks[bridge]


def _kind(link: Json) -> str:
    return str(link.get("linkinfo", {}).get("info_kind", ""))
