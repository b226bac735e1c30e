# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node to read: its interfaces, packages and files, told in the words of the real commands."""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError

DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n'


@dataclass
class FakeNode:
    """interfaces: name -> (enabled, carrier, MTU, addresses). packages: name -> (installed, candidate).

    files: path -> text, or an EdgeError that reading it raises. ebtables: exit status of the probe.
    """

    interfaces: dict[str, tuple[bool, bool, int, list[str]]] = field(default_factory=dict)
    packages: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)
    files: dict[str, str | EdgeError] = field(default_factory=dict)
    processes: list[str] = field(default_factory=list)
    modules: set[str] = field(default_factory=set)
    ebtables: int = 127

    def __post_init__(self) -> None:
        self.files.setdefault("/etc/os-release", DEBIAN)

    def read(self, path: str) -> str | None:
        text = self.files.get(path)
        if isinstance(text, EdgeError):
            raise text
        return text

    def run(self, *command: str) -> tuple[int, str]:
        answer = {
            ("ip", "-j", "addr"): self._addresses,
            ("ip", "-j", "-4"): self._routes,
            ("apt-cache", "policy"): self._policy,
            ("modprobe", "--dry-run"): self._modprobe,
            ("unshare", "--net"): lambda _: (self.ebtables, ""),
        }
        for start, function in answer.items():
            if command[: len(start)] == start:
                return function(command[len(start) :])
        return 127, ""

    def python_version(self) -> str:
        return "3.11.2"

    def command_lines(self) -> list[str]:
        return self.processes

    def _addresses(self, _unused: tuple[str, ...]) -> tuple[int, str]:
        links: list[dict[str, Any]] = [
            {
                "ifname": "lo",
                "flags": ["LOOPBACK", "UP", "LOWER_UP"],
                "mtu": 65536,
                "addr_info": [{"family": "inet", "local": "127.0.0.1", "prefixlen": 8, "scope": "host"}],
            }
        ]
        for name, (enabled, carrier, mtu, addresses) in self.interfaces.items():
            flags = ["BROADCAST", "MULTICAST"] + ["UP"] * enabled + ["LOWER_UP"] * (enabled and carrier)
            links.append({"ifname": name, "flags": flags, "mtu": mtu, "addr_info": [_info(a) for a in addresses]})
        return 0, json.dumps(links)

    def _routes(self, _unused: tuple[str, ...]) -> tuple[int, str]:
        # The kernel routes a connected network by an interface that is up.
        routes = [
            {"dst": str(ipaddress.ip_interface(address).network), "dev": name}
            for name, (enabled, _unused, _unused, addresses) in self.interfaces.items()
            for address in addresses
            if enabled and ipaddress.ip_interface(address).version == 4
        ]
        return 0, json.dumps(routes)

    def _policy(self, names: tuple[str, ...]) -> tuple[int, str]:
        lines = []
        for name in names:
            if name in self.packages:
                installed, candidate = self.packages[name]
                lines += [name + ":", "  Installed: %s" % (installed or "(none)")]
                lines += ["  Candidate: %s" % (candidate or "(none)"), "  Version table:"]
        return 0, "\n".join(lines)

    def _modprobe(self, names: tuple[str, ...]) -> tuple[int, str]:
        return (0 if names[-1] in self.modules else 1), ""


def _info(address: str) -> dict[str, Any]:
    interface = ipaddress.ip_interface(address)
    return {
        "family": "inet" if interface.version == 4 else "inet6",
        "local": str(interface.ip),
        "prefixlen": interface.network.prefixlen,
        "scope": "link" if interface.is_link_local and interface.version == 6 else "global",
    }
