# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of node_routers as AnsibleModule takes them."""

from __future__ import annotations

from typing import Any


def _list_of(options: dict[str, Any], required: bool = False) -> dict[str, Any]:
    spec: dict[str, Any] = {"type": "list", "elements": "dict", "options": options}
    return {**spec, "required": True} if required else {**spec, "default": []}


_STR = {"type": "str"}
_INT = {"type": "int"}
_NAME = {"type": "str", "required": True}
_ADDRESSES = {"type": "list", "elements": "str", "required": True}
_SOME = {"type": "list", "elements": "str", "default": []}

_NETWORK = {
    "name": _NAME,
    "kind": {"type": "str", "choices": ["vxlan", "flat", "vlan"]},
    "uplink": _STR,
    "mtu": _INT,
    "vni": _INT,
    "group": _STR,
    "peers": _SOME,
    "local_address": _STR,
    "port": _INT,
    "vlan_id": _INT,
}

_INTERFACE = {
    "network": _NAME,
    "addresses": _ADDRESSES,
    "mac_address": _STR,
    "ipv6_ra_mode": {"type": "str", "choices": ["slaac", "dhcpv6-stateful", "dhcpv6-stateless"]},
    "dns_nameservers": _SOME,
}

_GATEWAY = {
    "network": _NAME,
    "addresses": _ADDRESSES,
    "nexthops": _SOME,
    "on_link": {"type": "bool", "default": False},
    "enable_snat": {"type": "bool", "default": True},
    "mac_address": _STR,
}

_AUTHENTICATION = {
    "type": {"type": "str", "choices": ["PASS", "AH"], "default": "PASS"},
    "password": {"type": "str", "no_log": True},
}

_ROUTER = {
    "name": _NAME,
    "virtual_router_id": _INT,
    "ha_network": _STR,
    "ha_address": _STR,
    "interfaces": _list_of(_INTERFACE),
    "external_gateway": {"type": "dict", "options": _GATEWAY},
    "floating_ips": _list_of({"floating_ip_address": _NAME, "fixed_ip_address": _NAME}),
    "routes": _list_of({"destination": _NAME, "nexthop": _NAME}),
    "priority": {"type": "int", "default": 50},
    "advert_interval": {"type": "float", "default": 2},
    "preempt": {"type": "bool", "default": False},
    "version": {"type": "int", "choices": [2, 3]},
    "authentication": {"type": "dict", "options": _AUTHENTICATION},
    "connection_tracking": {"type": "bool", "default": False},
}

ARGUMENT_SPEC: dict[str, Any] = {
    "state": {
        "type": "str",
        "choices": ["present", "absent", "exact", "gathered", "rendered"],
        "default": "present",
    },
    "networks": _list_of(_NETWORK),
    "routers": _list_of(_ROUTER),
}
