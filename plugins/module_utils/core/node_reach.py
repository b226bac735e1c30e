# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which routers of a node a call is about, so that one more is made without a look at all that are there."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import node_differences, node_names
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_anatomy import network_devices
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_have import Link, Record
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_spec import NodeSpec
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_target import Want


def reach(
    record: Record, links: Mapping[str, Link], flooding: Mapping[str, frozenset[str]], want: Want
) -> frozenset[str] | None:
    """The namespaces of the routers that the call names; None for all routers of the node.

    All are meant when the call does not only name some, when a network is not as it is to be, for any router may stand
    on it, and when an earlier run has not come to its end.
    """
    if want.state not in ("present", "absent") or record.unfinished:
        return None
    networks = NodeSpec(record.spec.networks).with_(NodeSpec(want.spec.networks)).ordered().networks
    if networks != record.spec.networks:
        return None
    devices = [device for network in networks for device in network_devices(network)]
    if any(node_differences.port(device, links, flooding) for device in devices):
        return None
    return frozenset(named(want))


def named(want: Want) -> list[str]:
    """The namespaces of the routers that a call names."""
    return [node_names.namespace(name) for name in (*want.routers, *(router.name for router in want.spec.routers))]
