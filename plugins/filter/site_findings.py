# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge a site on the Ansible controller: the roles' filters around the pure findings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from ansible.errors import AnsibleFilterError

try:
    import netaddr
except ImportError:
    netaddr = None  # type: ignore[assignment]

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import site_findings as core
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import vrrp_password
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.site_model import Finding, site_from


def overlapping(network: str, others: Iterable[str]) -> list[str]:
    """Those of the other networks that have an address in common with the network."""
    try:
        asked = netaddr.IPNetwork(network)
    except netaddr.AddrFormatError as error:
        raise ValueError(str(error)) from error
    if "/" not in network:
        raise ValueError("%s has no prefix length" % network)
    # The server does not start with an address of a network (HANetworkCIDRNotValid), and its subnet is always IPv4.
    if asked.version != 4 or asked.ip != asked.network:
        raise ValueError("%s is not an IPv4 network" % network)
    return [other for other in others if asked in netaddr.IPNetwork(other) or netaddr.IPNetwork(other) in asked]


def site_findings(
    hosts: dict[str, dict[str, Any]],
    groups: dict[str, list[str]],
    api: dict[str, Any],
    accepted: Iterable[str] = (),
    agents: Iterable[dict[str, Any]] = (),
) -> list[dict[str, Any]]:
    if netaddr is None:
        raise AnsibleFilterError("networks are compared with netaddr: install it for the Python that runs Ansible")
    found = core.findings(site_from(hosts, groups, api, agents), overlapping, accepted)
    return [dict(asdict(finding), hosts=list(finding.hosts)) for finding in found]


def site_neutron_release(hosts: dict[str, dict[str, Any]], groups: dict[str, list[str]]) -> int | None:
    return site_from(hosts, groups, {}).neutron_release()


def site_ha_network_is_settled(hosts: dict[str, dict[str, Any]], groups: dict[str, list[str]]) -> bool:
    return site_from(hosts, groups, {}).ha_network_is_settled()


def findings_table(found: Iterable[dict[str, Any]]) -> list[str]:
    return core.table([Finding(**dict(each, hosts=tuple(each["hosts"]))) for each in found])


class FilterModule:
    def filters(self) -> dict[str, Any]:
        return {
            "site_findings": site_findings,
            "site_neutron_release": site_neutron_release,
            "site_ha_network_is_settled": site_ha_network_is_settled,
            "findings_table": findings_table,
            "vrrp_password_summary": vrrp_password.summary,
        }
