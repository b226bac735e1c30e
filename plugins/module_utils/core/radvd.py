# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IPv6 router advertisements of the active node: radvd, its unit and its configuration, written and read back."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.companion import Kind
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_unit import HEADER

#: Neutron's ipv6_ra_mode, and what hosts are told: to ask DHCPv6 for addresses, to ask it for other settings, and to
#: make addresses of their own in the prefix (RFC 4861, 4.2 and 4.6.2).
MODES = {
    "slaac": (False, False, True),
    "dhcpv6-stateless": (False, True, True),
    "dhcpv6-stateful": (True, False, False),
}
#: Modes in which hosts make addresses, which they do of 64 bits (RFC 4291, 2.5.1; RFC 4862, 5.5.3 d).
AUTONOMOUS = tuple(mode for mode, flags in MODES.items() if flags[2])
#: Seconds between advertisements that nobody asked for, Neutron's min_rtr_adv_interval and max_rtr_adv_interval.
INTERVALS = (30, 100)

RADVD = Kind(
    name="radvd",
    everywhere=False,
    describes="Router advertisements",
    service="""\
Type=exec
ExecStart=/usr/sbin/radvd --nodaemon --logmethod=stderr_clean --config=/etc/linuxbridge-vrrp/radvd/%i.conf \
--pidfile=/run/linuxbridge-radvd/%i/pid
# At SIGTERM radvd says that it ceases to be a default router (lifetime 0, RFC 4861, 6.2.5). Hosts would drop the route
# that the next active node has for them: its address is the same.
KillSignal=SIGKILL
SuccessExitStatus=SIGKILL
CapabilityBoundingSet=CAP_NET_RAW CAP_NET_BIND_SERVICE
""",
    follow="""\
# Router advertisements are the active node's: $1 is the router's namespace, $2 the new state of its keepalived.
case "$2" in
    MASTER) verb=start ;;
    *) verb=stop ;;
esac
exec systemctl --no-block "$verb" "linuxbridge-vrrp-radvd@$1.service"
""",
    test=("--configtest", "--logmethod=stderr_clean", "--config"),
)


@dataclass(frozen=True)
class Advertised:
    """What one device of a router says: source is the link-local address that the active node has."""

    device: str
    source: str
    mtu: int
    mode: str
    prefixes: tuple[str, ...]
    dns_nameservers: tuple[str, ...] = ()


def render(devices: tuple[Advertised, ...]) -> str:
    return HEADER + "".join(line + "\n" for device in devices for line in _lines(device))


def _lines(device: Advertised) -> Iterator[str]:
    managed, other, autonomous = MODES[device.mode]
    yield "interface %s" % device.device
    yield "{"
    yield "    AdvSendAdvert on;"
    yield "    MinRtrAdvInterval %d;" % INTERVALS[0]
    yield "    MaxRtrAdvInterval %d;" % INTERVALS[1]
    yield "    AdvManagedFlag %s;" % _switch(managed)
    yield "    AdvOtherConfigFlag %s;" % _switch(other)
    yield "    AdvLinkMTU %d;" % device.mtu
    yield "    AdvRASrcAddress { %s; };" % device.source
    for prefix in device.prefixes:
        yield "    prefix %s { AdvOnLink on; AdvAutonomous %s; };" % (prefix, _switch(autonomous))
    if device.dns_nameservers:
        yield "    RDNSS %s { };" % " ".join(device.dns_nameservers)
    yield "};"


def _switch(value: bool) -> str:
    return "on" if value else "off"


def prefixes(addresses: tuple[str, ...]) -> tuple[str, ...]:
    """The IPv6 networks of addresses, each once."""
    networks = [ipaddress.ip_interface(address).network for address in addresses if ":" in address]
    return tuple(dict.fromkeys(str(network) for network in networks))


def read(text: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Mode and name servers by device, from what render() wrote; what was edited beyond recognition is left out."""
    found = {}
    for device, body in re.findall(r"^interface (\S+)\n\{\n(.*?)^\};", text, re.MULTILINE | re.DOTALL):
        flags = [
            (re.findall(r"\b%s (on|off);" % flag, body) or ["off"])[0] == "on"
            for flag in ("AdvManagedFlag", "AdvOtherConfigFlag", "AdvAutonomous")
        ]
        servers = re.findall(r"^ *RDNSS ([^{]*)\{", body, re.MULTILINE)
        for mode, wanted in MODES.items():
            if list(wanted) == flags:
                found[device] = (mode, tuple(servers[0].split()) if servers else ())
    return found
