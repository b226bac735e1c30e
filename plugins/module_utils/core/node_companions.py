# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemons that a router has beside its keepalived, from its specification; and that specification from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import conntrackd, node_names, radvd
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.companion import Companion
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_spec import Interface, NodeSpec, Router

#: Connections come first, for packets do not wait.
KINDS = (conntrackd.CONNTRACKD, radvd.RADVD)


def keys_of(router: Router) -> set[tuple[str, str]]:
    """Kind and namespace of each, of a router of which nothing else is known to be right."""
    namespace = node_names.namespace(router.name)
    asked = {
        conntrackd.CONNTRACKD.name: router.connection_tracking,
        radvd.RADVD.name: any(leg.ipv6_ra_mode for leg in router.interfaces),
    }
    return {(name, namespace) for name, wanted in asked.items() if wanted}


def companions_of(router: Router, spec: NodeSpec) -> tuple[Companion, ...]:
    """In the order of KINDS. Raises KeyError for a network that the specification does not have."""
    return (*_conntrackd(router), *_radvd(router, spec))


def _conntrackd(router: Router) -> Iterator[Companion]:
    if router.connection_tracking:
        namespace, device = node_names.namespace(router.name), node_names.device("ha", router.ha_network)
        text = conntrackd.render(namespace, router.virtual_router_id, device, router.ha_address)
        yield Companion(conntrackd.CONNTRACKD, namespace, text, "connection_tracking")


def _radvd(router: Router, spec: NodeSpec) -> Iterator[Companion]:
    legs = [leg for leg in router.interfaces if leg.ipv6_ra_mode]
    if legs:
        text = radvd.render(tuple(_advertised(leg, spec) for leg in legs))
        option = "interfaces[%s].ipv6_ra_mode" % legs[0].network
        yield Companion(radvd.RADVD, node_names.namespace(router.name), text, option)


def _advertised(leg: Interface, spec: NodeSpec) -> radvd.Advertised:
    return radvd.Advertised(
        device=node_names.device("qr", leg.network),
        source=node_names.link_local(leg.mac_address).split("/", 1)[0],
        mtu=spec.network(leg.network).mtu,
        mode=leg.ipv6_ra_mode or "",
        prefixes=radvd.prefixes(leg.addresses),
        dns_nameservers=leg.dns_nameservers,
    )


def with_advertisements(leg: Interface, text: str) -> Interface:
    """An interface with what radvd's configuration says of it."""
    mode, servers = radvd.read(text).get(node_names.device("qr", leg.network), (None, ()))
    return replace(leg, ipv6_ra_mode=mode, dns_nameservers=servers)
