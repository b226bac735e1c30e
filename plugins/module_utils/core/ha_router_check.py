# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Neutron would refuse half-way, found before anything is changed."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import Problem, SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.ha_router_spec import Want
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.ha_router_state import (
    FloatingIp,
    Have,
    Interface,
    Router,
    Subnet,
    TargetInterface,
)


def check(have: Have, want: Want, add: Sequence[TargetInterface], remove: Sequence[Interface]) -> None:
    """Raises SpecError with every reason why want cannot be had; add and remove are interfaces."""
    problems: list[Problem] = []
    router = have.router
    if router is not None:
        if want.present:
            problems += _unchangeable(router, want)
        problems += _floating_ips_in_the_way(have, want, router, remove)
    if want.present:
        problems += _overlaps(have, add, remove)
        problems += _nexthops(have, want, add, remove)
    if problems:
        raise SpecError(problems)


def _unchangeable(router: Router, want: Want) -> Iterator[Problem]:
    hints = want.availability_zone_hints
    if hints is not None and hints != router.availability_zone_hints:
        message = "router %s was created with %s, which cannot be changed to %s; delete the router, or leave this out"
        yield Problem(
            "availability_zone_hints", message % (router.name, list(router.availability_zone_hints), list(hints))
        )
    if want.ha is None or want.ha == router.ha:
        return
    if router.ha is None:
        yield Problem("ha", "only an administrator sees and sets ha of router %s" % router.name)
    elif router.admin_state_up and not want.allow_interruption:
        message = (
            "ha of router %s is to become %s, for which Neutron wants the router down: its traffic stops until an"
            " agent is active again; set allow_interruption to true when that is acceptable"
        )
        yield Problem("allow_interruption", message % (router.name, str(want.ha).lower()))


def _floating_ips_in_the_way(have: Have, want: Want, router: Router, remove: Sequence[Interface]) -> Iterator[Problem]:
    target = have.target.gateway
    gateway = router.gateway
    if gateway is not None and have.floating_ips:
        goes = not want.present or (target is not None and target.network_id != gateway.network_id)
        if goes:
            message = "the gateway of router %s is that of floating IP %s; disassociate first"
            path = "external_gateway" if want.present else "state"
            yield Problem(path, message % (router.name, _names(have.floating_ips)))
            if not want.present:
                return
    for interface in remove:
        subnet = have.subnets[interface.subnet_id]
        used = [ip for ip in have.floating_ips if ip.fixed_address and subnet.holds(ip.fixed_address)]
        if used:
            message = "the interface on subnet %s of router %s is used by floating IP %s; disassociate first"
            yield Problem("interfaces", message % (subnet.name, router.name, _names(used)))


def _names(floating_ips: Sequence[FloatingIp]) -> str:
    return ", ".join("%s (%s)" % (ip.address, ip.id) for ip in floating_ips)


def _kept(have: Have, remove: Sequence[Interface]) -> list[Interface]:
    return [item for item in have.router.interfaces if item not in remove] if have.router else []


def _gateway_subnets(have: Have) -> tuple[bool, list[Subnet]]:
    """Whether there will be a gateway, and the subnets of its network as far as they can be seen."""
    network_id = have.router.gateway.network_id if have.router and have.router.gateway else None
    if have.target.gateway is not None:
        network_id = have.target.gateway.network_id
    if network_id is None:
        return False, []
    return True, [subnet for subnet in have.subnets.values() if subnet.network_id == network_id]


def _overlaps(have: Have, add: Sequence[TargetInterface], remove: Sequence[Interface]) -> Iterator[Problem]:
    others = [have.subnets[item.subnet_id] for item in _kept(have, remove)] + _gateway_subnets(have)[1]
    for item in add:
        new = [have.subnets[subnet_id] for subnet_id, dummy in item.addresses]
        for subnet in new:
            for other in others:
                if subnet.id == other.id or _overlap(subnet.cidr, other.cidr):
                    message = "subnet %s (%s) overlaps subnet %s (%s) of the same router"
                    yield Problem(item.path, message % (subnet.name, subnet.cidr, other.name, other.cidr))
        others += new


def _overlap(one: str, other: str) -> bool:
    first, second = ipaddress.ip_network(one), ipaddress.ip_network(other)
    if isinstance(first, ipaddress.IPv4Network):
        return isinstance(second, ipaddress.IPv4Network) and first.overlaps(second)
    return isinstance(second, ipaddress.IPv6Network) and first.overlaps(second)


def _nexthops(have: Have, want: Want, add: Sequence[TargetInterface], remove: Sequence[Interface]) -> Iterator[Problem]:
    """Neutron refuses a route whose next hop is on no subnet of the router, or is the router itself."""
    has_gateway, subnets = _gateway_subnets(have)
    if has_gateway and not subnets:
        return
    own = {item.address for item in _kept(have, remove)}
    subnets = subnets + [have.subnets[item.subnet_id] for item in _kept(have, remove)]
    for item in add:
        for subnet_id, address in item.addresses:
            subnets.append(have.subnets[subnet_id])
            own.add(address or have.subnets[subnet_id].gateway_ip or "")
    routes = want.routes if want.routes is not None else have.router.routes if have.router else ()
    for route in routes:
        what = "%s via %s" % (route.destination, route.nexthop)
        if route.nexthop in own:
            yield Problem("routes", "%s: the next hop is an address of the router itself" % what)
        elif not any(subnet.holds(route.nexthop) for subnet in subnets):
            remedy = "" if want.routes is not None else ", and it is there: give routes without it"
            yield Problem("routes", "%s: the next hop is on no subnet of the router%s" % (what, remedy))
