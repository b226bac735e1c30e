# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site as preflight sees it: what the inventory wants of each host, and what was found there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import neutron_release

ERROR, WARNING, NOTE = SEVERITIES = ("error", "warning", "note")

CONTROLLERS, NETWORK_NODES, COMPUTE_NODES = "controllers", "network_nodes", "compute_nodes"

LINUXBRIDGE_AGENT = "neutron-linuxbridge-agent"

#: Subnets of l3_ha_net_cidr itself, by older and newer neutron-lib.
_HA_SUBNETS = ("HA subnet tenant ", "HA subnet project ")

#: What oslo.config takes for true.
_TRUE = ("1", "true", "on", "yes")

#: What Neutron takes where its files say nothing.
DEFAULTS = {
    "max_l3_agents_per_router": "3",
    "l3_ha_net_cidr": "169.254.192.0/18",
    "ha_vrrp_advert_int": "2",
    "ha_vrrp_auth_type": "PASS",
    "udp_dstport": "8472",
    "vxlan_group": "224.0.0.1",
    "global_physnet_mtu": "1500",
    "path_mtu": "0",
    "overlay_ip_version": "4",
}


@dataclass(frozen=True)
class Finding:
    """One thing the operator should know before anything is changed.

    check: the finding's name, as preflight_accepted takes it. what: what is the matter. remedy: what to do.
    """

    severity: str
    check: str
    hosts: tuple[str, ...]
    what: str
    remedy: str


@dataclass(frozen=True)
class Host:
    """A host of the inventory.

    wanted: what the inventory says (absent or None: left as it is). node: what neutron_node_info returned, None if
    the host did not answer. failure: why it did not. left_out: whether it is no part of this run.
    """

    name: str
    groups: tuple[str, ...]
    wanted: dict[str, Any] = field(default_factory=dict)
    node: dict[str, Any] | None = None
    failure: str = ""
    left_out: bool = False

    def in_group(self, *groups: str) -> bool:
        return bool(set(groups).intersection(self.groups))

    def wants(self, name: str) -> str | None:
        value = self.wanted.get(name)
        return None if value is None or value == "" else str(value)

    def has(self, daemon: str, option: str) -> str | None:
        """The option as the daemon reads it now, Neutron's default if its files say nothing; None without a daemon."""
        options = (self.node or {}).get("daemons", {}).get(daemon)
        if options is None:
            return None
        value = options.get(option)
        return DEFAULTS.get(option, "") if value is None or value == "" else str(value)

    def runs(self, daemon: str) -> bool:
        """Whether the daemon's own configuration file is there."""
        return (self.node or {}).get("daemons", {}).get(daemon) is not None

    def will_have(self, daemon: str, option: str) -> str:
        """The option after a run: the inventory's, else today's, else the default."""
        return self.wants(option) or self.has(daemon, option) or DEFAULTS.get(option, "")

    def version(self, package: str, which: str) -> str:
        version: str | None = (self.node or {}).get("packages", {}).get(package, {}).get(which)
        return version or ""

    def installed_or_offered(self, package: str) -> str:
        return self.version(package, "installed") or self.version(package, "candidate")


@dataclass(frozen=True)
class Site:
    """All hosts, in the inventory's order; subnets that Neutron already has (name, CIDR), or why none are known.

    linuxbridge_agents: names of the hosts whose agents Neutron knows, none where it was not asked.
    """

    hosts: tuple[Host, ...]
    subnets: tuple[tuple[str, str], ...] = ()
    api_failure: str = ""
    linuxbridge_agents: tuple[str, ...] = ()

    def members(self, *groups: str) -> tuple[Host, ...]:
        return tuple(host for host in self.hosts if host.in_group(*groups))

    def examined(self, *groups: str) -> tuple[Host, ...]:
        """The members (without groups: all hosts) that answered."""
        return tuple(host for host in (self.members(*groups) if groups else self.hosts) if host.node is not None)

    def neutron_release(self) -> int | None:
        """Neutron's major version as the controllers' packages have it, else the inventory, else the other hosts."""
        told = [
            *(host.version("neutron", "installed") for host in self.examined(CONTROLLERS)),
            *(host.wants("neutron_release") or "" for host in self.hosts),
            *(host.version("neutron", "installed") for host in self.examined()),
        ]
        return next((release for release in map(neutron_release.major, told) if release is not None), None)

    def ha_network_is_settled(self) -> bool:
        """Whether every server has HA on with the l3_ha_net_cidr that is wanted, so a run brings no network in."""
        servers = self.members(CONTROLLERS)
        return bool(servers) and all(
            (server.has("server", "l3_ha") or "").strip().lower() in _TRUE
            and server.has("server", "l3_ha_net_cidr") == server.will_have("server", "l3_ha_net_cidr")
            for server in servers
        )

    def server_option(self, option: str) -> str:
        """An option of the server after a run, from the first controller that has one."""
        for host in self.members(CONTROLLERS):
            value = host.will_have("server", option)
            if value:
                return value
        return DEFAULTS.get(option, "")

    def server_number(self, option: str) -> int:
        """The same as a number; what is none, with which the server would not start, counts as the default."""
        value = self.server_option(option)
        return int(value if value.strip().isdigit() else DEFAULTS[option])


def site_from(
    hosts: dict[str, dict[str, Any]],
    groups: dict[str, list[str]],
    api: dict[str, Any],
    agents: Iterable[Mapping[str, Any]] = (),
) -> Site:
    """A site from plain values.

    hosts: those of the run, with wanted, node and failure. groups: the inventory's. api: {} if it was not asked, its
    subnets (name, cidr), or the reason for none as msg. agents: as Neutron lists them.
    """
    members = [name for group in (CONTROLLERS, NETWORK_NODES, COMPUTE_NODES) for name in groups.get(group, [])]
    return Site(
        hosts=tuple(
            Host(
                name=str(name),
                groups=tuple(group for group, names in groups.items() if name in names),
                wanted=dict(hosts.get(name, {}).get("wanted") or {}),
                node=hosts.get(name, {}).get("node"),
                failure=str(hosts.get(name, {}).get("failure") or ""),
                left_out=name not in hosts,
            )
            for name in dict.fromkeys(members)
        ),
        subnets=tuple(
            (subnet["name"] or subnet["id"], subnet["cidr"])
            for subnet in api.get("subnets", [])
            if not subnet["name"].startswith(_HA_SUBNETS)
        ),
        linuxbridge_agents=tuple(sorted(agent["host"] for agent in agents if agent["binary"] == LINUXBRIDGE_AGENT)),
        api_failure="" if not api or "subnets" in api else str(api.get("msg") or "no answer"),
    )
