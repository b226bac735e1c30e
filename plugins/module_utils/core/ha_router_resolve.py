# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names a user gave, to the things in the cloud that they mean; every name that means none or several is told."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import Problem, SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.ha_router_spec import (
    Want,
    WantAddress,
    WantGateway,
    WantInterface,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.ha_router_state import (
    INTERFACE_OWNERS,
    Router,
    Subnet,
    Target,
    TargetAddress,
    TargetGateway,
    TargetInterface,
    subnet,
)

Item = Mapping[str, Any]


def is_id(text: str) -> bool:
    """Whether text has the shape of an ID, which Neutron writes with dashes and Keystone without."""
    return re.fullmatch(r"[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}", text) is not None


def network_names(want: Want) -> set[str]:
    return {want.external_gateway.network} if want.external_gateway and want.external_gateway.network else set()


def subnet_names(want: Want) -> set[str]:
    wanted: list[Any] = list(want.interfaces or ())
    wanted += (want.external_gateway.addresses or ()) if want.external_gateway else ()
    return {item.subnet for item in wanted if item.subnet}


def port_names(want: Want) -> set[str]:
    return {item.port for item in want.interfaces or () if item.port}


class Resolver:
    """Collects every problem; pools hold at least all things that have one of the names, or IDs, asked for.

    project_id: the router's project. Where a name means several things, the one that is the project's wins.
    """

    def __init__(self, project_id: str | None) -> None:
        self.project_id = project_id
        self.problems: list[Problem] = []

    def pick(self, kind: str, reference: str, pool: Sequence[Item], path: str) -> Item | None:
        """The one thing meant; None, and a problem, when there is none or more than one."""
        by_id = [item for item in pool if item["id"] == reference]
        named = by_id or [item for item in pool if item["name"] == reference]
        own = [item for item in named if self.project_id and item.get("project_id") == self.project_id]
        if len(own) == 1:
            return own[0]
        if len(named) == 1:
            return named[0]
        if named:
            ids = ", ".join(sorted(item["id"] for item in named))
            message = '"%s" is the name of %d %ss; give the ID of one: %s' % (reference, len(named), kind, ids)
        else:
            message = '"%s" is neither the name nor the ID of a %s that these credentials can see' % (reference, kind)
        self.problems.append(Problem(path, message))
        return None

    def gateway_network(self, want: Want, networks: Sequence[Item]) -> Item | None:
        if not want.external_gateway or not want.external_gateway.network:
            return None
        path = "external_gateway.network"
        network = self.pick("network", want.external_gateway.network, networks, path)
        if network is not None and not network.get("router:external"):
            message = '"%s" is not an external network; a gateway needs one (router:external)'
            self.problems.append(Problem(path, message % want.external_gateway.network))
        return network

    def target(
        self,
        want: Want,
        network: Item | None,
        subnets: Sequence[Item],
        ports: Sequence[Item],
        have: Router | None,
    ) -> Target:
        """network: what gateway_network found. Raises SpecError with every problem, those found before too."""
        interfaces = None
        if want.interfaces is not None:
            resolved = [self._interface(item, subnets, ports, have) for item in want.interfaces]
            interfaces = tuple(item for item in resolved if item is not None)
            self._no_subnet_twice(interfaces, subnets)
        gateway = None
        if want.external_gateway is not None:
            gateway = self._gateway(want.external_gateway, network, subnets)
        if self.problems:
            raise SpecError(self.problems)
        return Target(self.project_id, interfaces, gateway)

    def _interface(
        self, want: WantInterface, subnets: Sequence[Item], ports: Sequence[Item], have: Router | None
    ) -> TargetInterface | None:
        if want.port:
            return self._port(want, ports, have)
        found = self.pick("subnet", want.subnet or "", subnets, want.path + ".subnet")
        if found is None:
            return None
        on = subnet(found)
        if want.address and not on.holds(want.address):
            self.problem(want.path + ".address", "%s is not on subnet %s (%s)" % (want.address, on.name, on.cidr))
        if not want.address and not on.gateway_ip:
            self.problem(want.path, 'subnet "%s" has no gateway address; give the address to use' % on.name)
        return TargetInterface(want.path, on.network_id, ((on.id, want.address),))

    def _port(self, want: WantInterface, ports: Sequence[Item], have: Router | None) -> TargetInterface | None:
        port = self.pick("port", want.port or "", ports, want.path + ".port")
        if port is None:
            return None
        ours = have is not None and port["device_id"] == have.id and port["device_owner"] in INTERFACE_OWNERS
        if port["device_id"] and not ours:
            use = (port["id"], port["device_owner"] or "a device", port["device_id"])
            self.problem(want.path + ".port", "port %s is in use by %s %s; give a free port" % use)
        if not port["fixed_ips"]:
            self.problem(want.path + ".port", "port %s has no address; a router's port needs one" % port["id"])
        addresses = tuple((ip["subnet_id"], ip["ip_address"]) for ip in port["fixed_ips"])
        return TargetInterface(want.path, port["network_id"], addresses, port["id"])

    def _no_subnet_twice(self, interfaces: Sequence[TargetInterface], subnets: Sequence[Item]) -> None:
        names = {item["id"]: item["name"] for item in subnets}
        seen: dict[str, str] = {}
        for interface in interfaces:
            for subnet_id, _dummy in interface.addresses:
                name = names.get(subnet_id) or subnet_id
                if subnet_id in seen:
                    message = 'subnet "%s" is that of %s too; a router has one interface a subnet'
                    self.problem(interface.path, message % (name, seen[subnet_id]))
                seen[subnet_id] = interface.path

    def _gateway(self, want: WantGateway, network: Item | None, subnets: Sequence[Item]) -> TargetGateway:
        if network is None:
            return TargetGateway()
        if want.addresses is None:
            return TargetGateway(network["id"], None, want.enable_snat)
        on_network = [subnet(item) for item in subnets if item["network_id"] == network["id"]]
        addresses = tuple(self._gateway_address(item, network, on_network, subnets) for item in want.addresses)
        return TargetGateway(network["id"], addresses, want.enable_snat)

    def _gateway_address(
        self, want: WantAddress, network: Item, on_network: Sequence[Subnet], subnets: Sequence[Item]
    ) -> TargetAddress:
        subnet_id = None
        if want.subnet:
            found = self.pick("subnet", want.subnet, subnets, want.path + ".subnet")
            if found is not None and found["network_id"] != network["id"]:
                self.problem(want.path + ".subnet", '"%s" is not of network "%s"' % (want.subnet, network["name"]))
            subnet_id = found["id"] if found is not None else None
        if want.address and on_network:
            holding = [on for on in on_network if on.holds(want.address) and subnet_id in (None, on.id)]
            if not holding:
                where = ", ".join("%s (%s)" % (on.name, on.cidr) for on in on_network)
                message = '%s is on no subnet of network "%s" that is asked for: %s'
                self.problem(want.path + ".address", message % (want.address, network["name"], where))
            elif want.address == holding[0].gateway_ip:
                self.problem(want.path + ".address", "%s is the gateway of the subnet itself" % want.address)
            else:
                subnet_id = holding[0].id
        return TargetAddress(subnet_id, want.address)

    def problem(self, path: str, message: str) -> None:
        self.problems.append(Problem(path, message))
