# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and numbers that follow from a specification, the same on every node and in every run.

Prefixes are Neutron's: ``brq``, ``tap``, ``ha-``, ``qr-``, ``qg-``, ``qrouter-``. Behind them stands the user's own
name where Neutron has the start of an identifier.
"""

from __future__ import annotations

import hashlib
import ipaddress
from functools import cache

#: IFNAMSIZ without the closing zero.
DEVICE_NAME_LENGTH = 15
NETWORK_NAME_LENGTH = DEVICE_NAME_LENGTH - len("brq")
#: Of a namespace, a unit and a folder; far below what any of them allows.
ROUTER_NAME_LENGTH = 64
#: Behind it stands the uplink's name, in a device that has its carrier.
CARRIER_PREFIX = "ul-"


def namespace(router: str) -> str:
    return "qrouter-" + router


def bridge(network: str) -> str:
    return "brq" + network


def vxlan(vni: int) -> str:
    return "vxlan-%d" % vni


def vlan(uplink: str, vlan_id: int) -> str:
    return "%s.%d" % (uplink, vlan_id)


def device(role: str, network: str) -> str:
    """A router's own end in a network; role is ``ha``, ``qr`` or ``qg``."""
    return "%s-%s" % (role, network)


def carrier(uplink: str) -> str:
    """The device in a router's namespace that loses its carrier with the uplink. A network card can have a name that
    leaves no room for the prefix, such as enp129s0f1np1.
    """
    name = CARRIER_PREFIX + uplink
    return name if len(name) <= DEVICE_NAME_LENGTH else CARRIER_PREFIX + _digest(uplink).hex()[:11]


def number(name: str) -> int:
    """A number below 10**9 that follows from a name."""
    return int.from_bytes(_digest(name)[:8], "big") % 10**9


def tap(router: str, role: str, network: str) -> str:
    """The end in the node's bridge. 44 bits of a hash stand where Neutron has the start of the port's identifier."""
    return "tap" + _digest(router, role, network).hex()[:11]


def mac_address(router: str, network: str, site: str = "") -> str:
    """A locally administered unicast address, the same on every node; site tells sites on one segment apart."""
    return ":".join("%02x" % octet for octet in (0xFA, *_digest(site, router, network)[:5]))


def link_local(mac: str) -> str:
    """The modified EUI-64 link-local address of a MAC address (RFC 4291, appendix A), with /64."""
    octets = bytearray(int(octet, 16) for octet in mac.split(":"))
    octets[0] ^= 2
    identifier = bytes(octets[:3]) + b"\xff\xfe" + bytes(octets[3:])
    return str(ipaddress.IPv6Interface((b"\xfe\x80" + bytes(6) + identifier, 64)))


def primary_address(virtual_router_id: int) -> str:
    """The address that never changes while a router lives, as in Neutron (ha_router.py, 169.254.0.0/24)."""
    return "169.254.0.%d/24" % virtual_router_id


# A run asks several times for the names of all that a node has.
@cache
def _digest(*parts: str) -> bytes:
    return hashlib.sha256("/".join(parts).encode()).digest()
