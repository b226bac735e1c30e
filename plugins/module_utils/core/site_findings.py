# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that is to be said about a site before it is changed: all findings, of all hosts, at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import (
    site_findings_hosts,
    site_findings_network,
    site_findings_neutron,
    site_findings_vrrp,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.site_findings_network import Overlapping
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.site_model import (
    ERROR,
    SEVERITIES,
    WARNING,
    Finding,
    Site,
)

_CHECKS = (
    site_findings_hosts.unanswered,
    site_findings_hosts.unreadable_files,
    site_findings_hosts.platforms,
    site_findings_hosts.group_sizes,
    site_findings_hosts.missing_variables,
    site_findings_hosts.dhcp_metadata_group,
    site_findings_hosts.agents_known,
    site_findings_neutron.releases,
    site_findings_neutron.site_release,
    site_findings_neutron.releases_agree,
    site_findings_neutron.keepalived,
    site_findings_neutron.agents_would_upgrade,
    site_findings_neutron.firewall_driver,
    site_findings_neutron.noted_options,
    site_findings_neutron.l2_population,
    site_findings_network.interfaces,
    site_findings_network.overlay_mtu,
    site_findings_network.overlay_address,
    site_findings_network.overlay_routed,
    site_findings_network.provider_mapping,
    site_findings_network.bridge_filter,
    site_findings_network.ebtables,
    site_findings_network.api,
    site_findings_vrrp.options_agree,
    site_findings_vrrp.authentication,
    site_findings_vrrp.password,
    site_findings_vrrp.live_change,
)


def findings(site: Site, overlapping: Overlapping, accepted: Iterable[str] = ()) -> list[Finding]:
    """All findings, the gravest first; the same of several hosts is one. An accepted check's errors are warnings."""
    found = [finding for check in _CHECKS for finding in check(site)]
    found.extend(site_findings_network.ha_network(site, overlapping))
    softened = set(accepted)
    merged: dict[tuple[str, str, str, str], Finding] = {}
    for finding in found:
        if finding.check in softened and finding.severity == ERROR:
            finding = replace(finding, severity=WARNING)
        key = (finding.severity, finding.check, finding.what, finding.remedy)
        hosts = merged[key].hosts if key in merged else ()
        merged[key] = replace(finding, hosts=(*hosts, *(name for name in finding.hosts if name not in hosts)))
    return sorted(merged.values(), key=lambda finding: SEVERITIES.index(finding.severity))


def table(found: Sequence[Finding]) -> list[str]:
    """The findings to read, each two lines (what is the matter with which hosts; what to do), and the summary."""
    texts = []
    for finding in found:
        hosts = ", ".join(finding.hosts) or "the whole site"
        columns = (finding.severity.upper(), hosts, finding.what, "", finding.remedy, finding.check)
        texts.append("%-7s  %s: %s\n%7s  -> %s [%s]" % columns)
    return [*texts, summary(found)]


def summary(found: Sequence[Finding]) -> str:
    """One line: how many findings of which severity."""
    counts = [sum(finding.severity == severity for finding in found) for severity in SEVERITIES]
    words = ["%d %s%s" % (n, severity, "" if n == 1 else "s") for n, severity in zip(counts, SEVERITIES)]
    return "preflight: %s" % ", ".join(words)
