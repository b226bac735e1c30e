# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Neutron release knows: options that exist, names that never did, and what comes with its packages.

A release is its major version: 12 is Queens, 21 is Zed, 25 is 2024.2. Read from the option definitions of Neutron
12.1.1 to 28.0.1; "seen first" is the first release read that has an option, so it may be one release late.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

#: The oldest release whose options were read.
OLDEST = 12
#: Linux bridge was removed in 26.0.0 (2025.1): driver, agent and documentation.
LAST_WITH_LINUX_BRIDGE = 25
#: keepalived up to here loses packets with three or more agents a router (Neutron's guide, since Queens).
KEEPALIVED_LOSES_PACKETS = (1, 2, 15)

#: Options that only some releases read: (section, option) -> (first, last), None where it has no end.
_READ_BY: dict[tuple[str, str], tuple[int | None, int | None]] = {
    ("DEFAULT", "external_network_bridge"): (None, 13),
    ("DEFAULT", "gateway_external_network_id"): (None, 14),
    ("DEFAULT", "allow_overlapping_ips"): (None, 20),
    ("DEFAULT", "keepalived_use_no_track"): (14, 21),
    ("DEFAULT", "cleanup_on_shutdown"): (16, None),
    ("DEFAULT", "ha_conntrackd_enabled"): (26, None),
    ("experimental", "linuxbridge"): (21, LAST_WITH_LINUX_BRIDGE),
}

#: Every option that starts with ha_ or l3_ha, of any release.
_HA_OPTIONS = frozenset(
    (
        "l3_ha",
        "l3_ha_net_cidr",
        "l3_ha_network_type",
        "l3_ha_network_physical_name",
        "ha_confs_path",
        "ha_keepalived_state_change_server_threads",
        "ha_vrrp_advert_int",
        "ha_vrrp_auth_type",
        "ha_vrrp_auth_password",
        "ha_vrrp_health_check_interval",
        "ha_conntrackd_enabled",
        "ha_conntrackd_group",
        "ha_conntrackd_hashlimit",
        "ha_conntrackd_hashsize",
        "ha_conntrackd_ipv4_mcast_addr",
        "ha_conntrackd_rcvsocketbuffer",
        "ha_conntrackd_sndsocketbuffer",
        "ha_conntrackd_socketbuffersize",
        "ha_conntrackd_socketbuffersize_max_grown",
        "ha_conntrackd_unix_backlog",
    )
)

#: Names that guides, sample files and deployment tools use, and what the option is called; None: there is none.
_RIGHT_NAME: dict[tuple[str, str], str | None] = {
    ("DEFAULT", "l3_ha_network_name"): "l3_ha_network_physical_name",
    ("DEFAULT", "ha_network_type"): "l3_ha_network_type",
    ("DEFAULT", "ha_network_physical_name"): "l3_ha_network_physical_name",
    ("DEFAULT", "max_l3_agents"): "max_l3_agents_per_router",
    ("ml2", "l2population"): "[vxlan] l2_population of linuxbridge_agent.ini",
    ("vxlan", "l2population"): "l2_population",
    ("vxlan", "udp_port"): "udp_dstport",
    ("vxlan", "vxlan_udp_port"): "udp_dstport",
}


@dataclass(frozen=True)
class Misnamed:
    """An option that Neutron has never read and ignores without a word; right_name is None if there is none."""

    section: str
    option: str
    right_name: str | None


def major(version: str) -> int | None:
    """Neutron's major version in a package's version string, None when there is none.

    "2:21.0.0-7+deb12u1" (Debian), "2:25.0.0-0ubuntu1~cloud0" (Ubuntu), "1:17.4.1-1.el8" (RPM) and "21.2.1" (PyPI).
    """
    match = re.match(r"(?:\d+:)?(\d+)(?=[.~+-]|$)", version.strip())
    return int(match.group(1)) if match else None


def has_linux_bridge(release: int) -> bool:
    return release <= LAST_WITH_LINUX_BRIDGE


def reads(release: int, section: str, option: str) -> bool:
    """Whether the release reads the option. What is not in the table is taken to exist in all releases."""
    first, last = _READ_BY.get((section, option), (None, None))
    return (first is None or release >= first) and (last is None or release <= last)


def depends_on_release(section: str, option: str) -> bool:
    """Whether only some releases read the option."""
    return (section, option) in _READ_BY


def span(section: str, option: str) -> str:
    """The releases that read the option, in words: "up to 13", "21 to 25", "from 16 on"."""
    first, last = _READ_BY[(section, option)]
    if first is None:
        return "up to %s" % last
    return "from %d on" % first if last is None else "%d to %d" % (first, last)


def misnamed(section: str, option: str) -> Misnamed | None:
    """What is wrong with the option's name, None when nothing is known to be."""
    if (section, option) in _RIGHT_NAME:
        return Misnamed(section, option, _RIGHT_NAME[(section, option)])
    if section != "DEFAULT" or not re.match(r"ha_|l3_ha", option) or option in _HA_OPTIONS:
        return None
    close = difflib.get_close_matches(option, sorted(_HA_OPTIONS), n=1, cutoff=0.75)
    return Misnamed(section, option, close[0] if close else None)


def keepalived_loses_packets(version: str) -> bool:
    """Whether this keepalived ("1:1.2.13-1", "2.2.7") loses packets with three or more agents a router."""
    match = re.match(r"(?:\d+:)?v?(\d+)\.(\d+)(?:\.(\d+))?", version.strip())
    if not match:
        return False
    return tuple(int(part or 0) for part in match.groups()) <= KEEPALIVED_LOSES_PACKETS
