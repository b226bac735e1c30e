# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Neutron router as it is, read from the API's own dictionaries into one normal form."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.ha_router_spec import Route, sort_routes

#: A tag on a router that was taken down to change its ha attribute and is to be brought up again.
INTERRUPTED = "linuxbridge-vrrp-interrupted"

#: device_owner of the ports that are interfaces of a router to a subnet.
INTERFACE_OWNERS = (
    "network:router_interface",
    "network:ha_router_replicated_interface",
    "network:router_interface_distributed",
)
HA_INTERFACE_OWNER = "network:router_ha_interface"

#: VRIDs of one HA network, which a project's HA routers share (RFC 5798 5.2.3, of which Neutron uses 1 to 254).
VRIDS = 254


@dataclass(frozen=True)
class Subnet:
    id: str
    name: str
    network_id: str
    cidr: str
    gateway_ip: str | None
    project_id: str

    def holds(self, address: str) -> bool:
        return ipaddress.ip_address(address) in ipaddress.ip_network(self.cidr)


@dataclass(frozen=True)
class Interface:
    """One address of a router on a subnet; interfaces of one port share its port_id."""

    subnet_id: str
    address: str
    port_id: str


@dataclass(frozen=True)
class Gateway:
    """addresses: pairs of subnet ID and address. enable_snat None: not told."""

    network_id: str
    addresses: tuple[tuple[str, str], ...]
    enable_snat: bool | None


@dataclass(frozen=True)
class Agent:
    """ha_state: active, standby or unknown; None for a router that is not HA."""

    host: str
    alive: bool
    ha_state: str | None


@dataclass(frozen=True)
class Router:
    """ha None: the API does not show it to this user."""

    id: str
    name: str
    project_id: str
    description: str
    status: str
    admin_state_up: bool
    ha: bool | None
    availability_zone_hints: tuple[str, ...]
    availability_zones: tuple[str, ...]
    gateway: Gateway | None
    interfaces: tuple[Interface, ...]
    routes: tuple[Route, ...]
    interrupted: bool


@dataclass(frozen=True)
class FloatingIp:
    id: str
    address: str
    fixed_address: str | None


@dataclass(frozen=True)
class TargetInterface:
    """A wanted interface with its names resolved.

    addresses: pairs of subnet ID and address, several for a port of several subnets only; address None is any that
    is there, else the subnet's gateway address.
    """

    path: str
    network_id: str
    addresses: tuple[tuple[str, str | None], ...]
    port_id: str | None = None

    def covers(self, interface: Interface) -> bool:
        if self.port_id:
            return interface.port_id == self.port_id
        subnet_id, address = self.addresses[0]
        return interface.subnet_id == subnet_id and address in (None, interface.address)


@dataclass(frozen=True)
class TargetAddress:
    subnet_id: str | None
    address: str | None


@dataclass(frozen=True)
class TargetGateway:
    """network_id None: no gateway. addresses None: those there are, or those that Neutron chooses."""

    network_id: str | None = None
    addresses: tuple[TargetAddress, ...] | None = None
    enable_snat: bool | None = None


@dataclass(frozen=True)
class Target:
    """What of a Want depends on names in the cloud. None is untouched, as there."""

    project_id: str | None = None
    interfaces: tuple[TargetInterface, ...] | None = None
    gateway: TargetGateway | None = None


@dataclass(frozen=True)
class Have:
    """What is there. agents None: the API does not show them to this user.

    spare_ports: ports made for an interface that an interrupted run has not attached, by subnet ID and address.
    """

    router: Router | None = None
    target: Target = Target()
    agents: tuple[Agent, ...] | None = None
    ha_network: tuple[str, str] | None = None
    subnets: Mapping[str, Subnet] = field(default_factory=dict)
    networks: Mapping[str, str] = field(default_factory=dict)
    floating_ips: tuple[FloatingIp, ...] = ()
    spare_ports: Mapping[tuple[str, str], str] = field(default_factory=dict)


def subnet(item: Mapping[str, Any]) -> Subnet:
    return Subnet(
        item["id"], item["name"], item["network_id"], item["cidr"], item["gateway_ip"], item.get("project_id") or ""
    )


def agent(item: Mapping[str, Any]) -> Agent:
    return Agent(item["host"], bool(item["alive"]), item.get("ha_state"))


def floating_ip(item: Mapping[str, Any]) -> FloatingIp:
    return FloatingIp(item["id"], item["floating_ip_address"], item.get("fixed_ip_address"))


def router(item: Mapping[str, Any], ports: Iterable[Mapping[str, Any]]) -> Router:
    """From the API's router and the ports whose device_id it is."""
    return Router(
        id=item["id"],
        name=item["name"],
        project_id=item["project_id"],
        description=item.get("description") or "",
        status=item["status"],
        admin_state_up=item["admin_state_up"],
        ha=item.get("ha"),
        availability_zone_hints=tuple(sorted(item.get("availability_zone_hints") or ())),
        availability_zones=tuple(sorted(item.get("availability_zones") or ())),
        gateway=_gateway(item.get("external_gateway_info")),
        interfaces=_interfaces(ports),
        routes=sort_routes(Route(route["destination"], route["nexthop"]) for route in item.get("routes") or ()),
        interrupted=INTERRUPTED in (item.get("tags") or ()),
    )


def _gateway(info: Mapping[str, Any] | None) -> Gateway | None:
    if not info or not info.get("network_id"):
        return None
    addresses = ((ip["subnet_id"], ip["ip_address"]) for ip in info.get("external_fixed_ips") or ())
    return Gateway(info["network_id"], tuple(sorted(addresses)), info.get("enable_snat"))


def _interfaces(ports: Iterable[Mapping[str, Any]]) -> tuple[Interface, ...]:
    found = [
        Interface(ip["subnet_id"], ip["ip_address"], port["id"])
        for port in ports
        if port["device_owner"] in INTERFACE_OWNERS
        for ip in port["fixed_ips"]
    ]
    return tuple(sorted(found, key=lambda interface: (interface.subnet_id, interface.address)))


def has_vrid(item: Mapping[str, Any]) -> bool:
    """Whether the API's router has a VRID: each that is HA, unless it is in ERROR for want of one."""
    return bool(item.get("ha")) and item["status"] != "ERROR"


def active_hosts(agents: Iterable[Agent]) -> list[str]:
    """Hosts that the API says are active. The record of a dead agent is a guess and does not count."""
    return [agent.host for agent in agents if agent.alive and agent.ha_state == "active"]


def unsettled(have: Have) -> str:
    """What is missing until the router works: exactly one active agent if it is HA; empty when nothing is."""
    router = have.router
    if router is None or not router.admin_state_up:
        return ""
    if not router.ha or have.agents is None:
        return "" if router.status == "ACTIVE" else "router %s is in status %s" % (router.name, router.status)
    active = active_hosts(have.agents)
    if len(active) == 1:
        return ""
    seen = ["%s %s%s" % (item.host, item.ha_state, "" if item.alive else " (dead)") for item in have.agents]
    message = "router %s wants exactly one active agent and has %d: %s" % (router.name, len(active), ", ".join(seen))
    if not seen:
        return message + "no agent hosts it"
    if active:
        return message + ". On these nodes vrrp_info tells which have its addresses, and the role verify why"
    # Neutron's watcher may hang when it starts (seen with Neutron 21), and the agent is then told nothing.
    return message + ". On these nodes vrrp_info tells whether its keepalived runs and has told the agent its state"
