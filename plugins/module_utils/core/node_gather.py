# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a living node back to the specification it has: the other direction of node_anatomy.

The kernel, keepalived's files and nftables are read; what leaves no trace there is taken from the node's record.
"""

from __future__ import annotations

import ipaddress
from dataclasses import replace

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import companion_plan, node_names, node_nat
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.companion import Kind
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.conntrackd import CONNTRACKD
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_model import VrrpInstance
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_read import read
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_service import NOTHING
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_text import parse
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_anatomy import Device
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_companions import with_advertisements
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_have import Have, Link, Namespace
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_spec import (
    Gateway,
    Interface,
    Network,
    NodeSpec,
    Route,
    Router,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.radvd import RADVD

_ANYWHERE = ("0.0.0.0/0", "::/0")


def gather(have: Have) -> NodeSpec:
    """What the module has made on the node, as it is now; what is too broken to be told is left out, see lost()."""
    owned = have.record.owned
    bridges = [link for name, link in have.links.items() if name in owned.devices and link.device.kind == "bridge"]
    networks = [network for bridge in bridges for network in [_network(bridge, have)] if network]
    routers = [router for name in owned.namespaces for router in [_router(name, have)] if router]
    return NodeSpec(tuple(networks), tuple(routers)).ordered()


def lost(have: Have, found: NodeSpec) -> list[str]:
    """What to warn of: what the node was told to have and gather() has not found."""
    told = have.record.spec
    networks = {network.name for network in told.networks} - {network.name for network in found.networks}
    routers = {router.name for router in told.routers} - {router.name for router in found.routers}
    names = ["network " + name for name in sorted(networks)] + ["router " + name for name in sorted(routers)]
    text = "%s is too broken to be gathered: mend it by a run that names it; state exact with the rest would remove it"
    return [text % name for name in names]


def _network(bridge: Link, have: Have) -> Network | None:
    name, mtu = bridge.device.name[len("brq") :], bridge.device.mtu or 0
    ports = [link.device for link in have.links.values() if link.device.master == bridge.device.name]
    made = [port for port in ports if port.name in have.record.owned.devices and port.kind in ("vxlan", "vlan")]
    if made and made[0].kind == "vlan":
        return Network(name, "vlan", made[0].lower or "", mtu, vlan_id=_number(made[0], "id"))
    if made:
        return _vxlan(Network(name, "vxlan", made[0].lower or "", mtu), made[0], have)
    uplinks = [port.name for port in ports if port.name not in have.record.owned.devices]
    known = [network.uplink for network in have.record.spec.networks if network.name == name]
    uplinks = [uplink for uplink in uplinks if uplink in known] or uplinks
    return Network(name, "flat", uplinks[0], mtu) if uplinks else None


def _vxlan(network: Network, device: Device, have: Have) -> Network:
    group = device.fact("group")
    peers = have.flooding.get(device.name, frozenset()) - {group}
    return replace(
        network,
        vni=_number(device, "id"),
        group=group,
        peers=tuple(peers),
        local_address=device.fact("local"),
        port=_number(device, "port"),
    )


def _number(device: Device, fact: str) -> int:
    return int(device.fact(fact) or 0)


def _router(namespace: str, have: Have) -> Router | None:
    inside, file = have.namespaces.get(namespace), have.services.get(namespace, NOTHING).configuration
    try:
        instances = read(parse(file.text if file else "")).instances
    except ValueError:
        return None
    if inside is None or len(instances) != 1:
        return None
    name, instance = namespace[len("qrouter-") :], instances[0]
    known = [router for router in have.record.spec.routers if router.name == name]
    primary = node_names.primary_address(instance.virtual_router_id)
    legs = sorted(device for device in _told(instance) if device.startswith("qr-"))
    ha = inside.links.get(instance.interface)
    own = {router.ha_address for router in known}
    addresses = [one for one in (ha.device.addresses if ha else ()) if one != primary and ":" not in one]
    if not addresses or not inside.nat or not _told(instance) <= set(inside.links):
        return None
    gateway = _gateway(instance, inside, known[0] if known else None)
    return Router(
        name=name,
        virtual_router_id=instance.virtual_router_id,
        ha_network=instance.interface[len("ha-") :],
        ha_address=next((address for address in addresses if address in own), addresses[0]),
        interfaces=tuple(
            with_advertisements(_interface(instance, inside.links[device]), _beside(have, RADVD, namespace) or "")
            for device in legs
        ),
        external_gateway=gateway,
        floating_ips=node_nat.floating_ips(inside.nat),
        routes=_routes(instance, gateway),
        priority=instance.priority,
        advert_interval=instance.advert_interval,
        preempt=instance.preempt,
        version=instance.version or 2,
        authentication=instance.authentication,
        connection_tracking=_beside(have, CONNTRACKD, namespace) is not None,
    )


def _told(instance: VrrpInstance) -> set[str]:
    """The devices that keepalived's configuration has addresses for; others with such a name are somebody's mistake."""
    return {address.interface or instance.interface for address in instance.virtual_addresses_excluded}


def _beside(have: Have, kind: Kind, namespace: str) -> str | None:
    """The configuration of a daemon beside keepalived; None when there is none."""
    file = have.companions.found.get((kind.name, namespace), companion_plan.NOTHING).configuration
    return file.text if file else None


def _interface(instance: VrrpInstance, link: Link) -> Interface:
    name = link.device.name
    return Interface(name[len("qr-") :], _on(instance, name), link.device.mac_address or "")


def _gateway(instance: VrrpInstance, inside: Namespace, known: Router | None) -> Gateway | None:
    devices = [inside.links[name].device for name in sorted(_told(instance)) if name.startswith("qg-")]
    if not devices:
        return None
    device = devices[0]
    floating = {pair.floating_ip_address + "/32" for pair in node_nat.floating_ips(inside.nat)}
    addresses = tuple(address for address in _on(instance, device.name) if address not in floating)
    routes = [route for route in instance.virtual_routes if _is_default(route.destination, route.interface)]
    source = node_nat.source_address(inside.nat)
    addresses = tuple(sorted(addresses, key=lambda address: address.split("/")[0] != source))
    snat: bool = source is not None
    if all(":" in address for address in addresses):
        snat = known.external_gateway.enable_snat if known and known.external_gateway else True
    on_link = any(route.on_link for route in routes)
    if not routes:
        on_link = bool(known and known.external_gateway and known.external_gateway.on_link)
    hops = tuple(route.next_hop for route in routes if route.next_hop)
    return Gateway(device.name[len("qg-") :], addresses, device.mac_address or "", hops, on_link, snat)


def _is_default(destination: str, device: str | None) -> bool:
    return destination in _ANYWHERE and bool(device and device.startswith("qg-"))


def _on(instance: VrrpInstance, device: str) -> tuple[str, ...]:
    """The addresses of a device without the link-local one, which follows from its MAC address."""
    found = [address.address for address in instance.virtual_addresses_excluded if address.interface == device]
    return tuple(address for address in found if not ipaddress.ip_interface(address).is_link_local)


def _routes(instance: VrrpInstance, gateway: Gateway | None) -> tuple[Route, ...]:
    hops = gateway.nexthops if gateway else ()
    return tuple(
        Route(route.destination, route.next_hop)
        for route in instance.virtual_routes
        if route.next_hop and not (_is_default(route.destination, route.interface) and route.next_hop in hops)
    )
