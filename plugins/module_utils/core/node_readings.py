# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn what a node's commands and files print into the words of neutron_node_info."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

#: Devices that Neutron or libvirt made; a site has thousands, and no finding is about one without an address.
_MADE_BY_AGENTS = ("tap", "brq", "vxlan-", "vnet", "qvo", "qvb")


def interfaces(ip_addr: str) -> list[dict[str, Any]]:
    """Interfaces from ``ip -j addr show``, without the loopback and the agents' own devices.

    addresses are those that reach beyond the link, as "10.0.0.1/24". An interface is up when the administrator says
    so and the other side is there.
    """
    found = []
    for link in json.loads(ip_addr or "[]"):
        addresses = [
            "%s/%d" % (entry["local"], entry["prefixlen"])
            for entry in link.get("addr_info", [])
            if "local" in entry and not (entry["family"] == "inet6" and entry.get("scope") == "link")
        ]
        flags = link.get("flags", [])
        if "LOOPBACK" in flags or (link["ifname"].startswith(_MADE_BY_AGENTS) and not addresses):
            continue
        found.append(
            {
                "name": link["ifname"],
                "enabled": "UP" in flags,
                "carrier": "LOWER_UP" in flags,
                "mtu": link["mtu"],
                "master": link.get("master", ""),
                "addresses": addresses,
            }
        )
    return found


def routed_networks(ip_route: str) -> list[dict[str, str]]:
    """Networks from ``ip -j -4 route show``, without default routes and routes that refuse."""
    found = []
    for route in json.loads(ip_route or "[]"):
        if route["dst"] != "default" and route.get("type", "unicast") == "unicast":
            network = route["dst"] if "/" in route["dst"] else route["dst"] + "/32"
            found.append({"network": network, "interface": route.get("dev", "")})
    return found


def apt_versions(policy: str, packages: Iterable[str]) -> dict[str, dict[str, str | None]]:
    """Installed and candidate version of each package, from ``apt-cache policy`` in the C locale."""
    versions: dict[str, dict[str, str | None]] = {name: {"installed": None, "candidate": None} for name in packages}
    current: dict[str, str | None] = {}
    for line in policy.splitlines():
        heading = re.match(r"(\S+):$", line)
        entry = re.match(r"  (Installed|Candidate): (\S+)", line)
        if heading:
            current = versions.get(heading.group(1), {})
        elif entry and entry.group(2) != "(none)":
            current[entry.group(1).lower()] = entry.group(2)
    return versions


def rpm_versions(installed: str, candidates: str, packages: Iterable[str]) -> dict[str, dict[str, str | None]]:
    """The same from ``rpm -q`` and ``dnf repoquery``, asked to print "NAME VERSION" lines."""
    versions: dict[str, dict[str, str | None]] = {name: {"installed": None, "candidate": None} for name in packages}
    for key, text in (("installed", installed), ("candidate", candidates)):
        for line in text.splitlines():
            words = line.split()
            if len(words) == 2 and words[0] in versions:
                versions[words[0]][key] = words[1]
    return versions


def operating_system(os_release: str) -> dict[str, str]:
    """Name, and family (debian, redhat or "") from /etc/os-release."""
    fields = dict(line.split("=", 1) for line in os_release.splitlines() if "=" in line)
    fields = {name: value.strip().strip("\"'") for name, value in fields.items()}
    kinds = [fields.get("ID", ""), *fields.get("ID_LIKE", "").split()]
    family = ""
    if "debian" in kinds or "ubuntu" in kinds:
        family = "debian"
    elif {"rhel", "fedora", "centos"}.intersection(kinds):
        family = "redhat"
    return {"name": fields.get("PRETTY_NAME", fields.get("ID", "")), "family": family}


def keepalived_routers(command_lines: Iterable[str]) -> int:
    """How many of Neutron's HA routers keepalived runs here; one router is a pair of processes."""
    routers = set()
    for line in command_lines:
        match = re.search(r"keepalived\0.*?/([0-9a-f]{8}-[0-9a-f-]{27})/keepalived\.conf(?:\0|$)", line)
        if match:
            routers.add(match.group(1))
    return len(routers)
