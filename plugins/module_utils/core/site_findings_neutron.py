# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about Neutron's release, keepalived's version, and options that do nothing or will change."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import neutron_release, oslo_ini
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.site_model import (
    COMPUTE_NODES,
    CONTROLLERS,
    ERROR,
    NETWORK_NODES,
    NOTE,
    WARNING,
    Finding,
    Host,
    Site,
)

#: By name, and as Neutron's documentation once had it.
_FIREWALL_DRIVERS = ("iptables", "neutron.agent.linux.iptables_firewall.IptablesFirewallDriver")

_REMOVED = "Linux bridge (driver and agent) was removed from Neutron in 26.0.0 (2025.1)"
_LEFT = (
    "stay at Neutron 25 (2024.2) or older; or leave Neutron and make the routers with this collection's node_routers; "
    "or move the site to another driver (Open vSwitch, OVN)"
)


def releases(site: Site) -> Iterator[Finding]:
    """Linux bridge must be in the Neutron that a host has, and in the one that its package source would install."""
    for host in site.examined():
        installed = neutron_release.major(host.version("neutron", "installed"))
        offered = neutron_release.major(host.version("neutron", "candidate"))
        if installed is not None and not neutron_release.has_linux_bridge(installed):
            yield _without_linux_bridge(host, ERROR, "Neutron %d is installed" % installed)
        elif installed is not None and installed < neutron_release.OLDEST:
            yield Finding(
                ERROR,
                "neutron_too_old",
                (host.name,),
                "Neutron %d is older than this collection knows" % installed,
                "upgrade the site to Neutron %d (Queens) or newer" % neutron_release.OLDEST,
            )
        elif offered is not None and not neutron_release.has_linux_bridge(offered):
            what = "the host's package source offers Neutron %d" % offered
            yield _without_linux_bridge(host, ERROR if _needs_packages(host) else WARNING, what)
        elif _needs_packages(host) and not host.version("linuxbridge_agent", "candidate"):
            yield _no_source(host)


def _without_linux_bridge(host: Host, severity: str, what: str) -> Finding:
    return Finding(severity, "neutron_without_linux_bridge", (host.name,), "%s; %s" % (what, _REMOVED), _LEFT)


def _no_source(host: Host) -> Finding:
    lists = bool(host.version("keepalived", "candidate"))
    return Finding(
        ERROR if lists else WARNING,
        "neutron_not_offered",
        (host.name,),
        "the host's package source offers no Linux bridge agent of Neutron"
        if lists
        else "the host's package lists are empty, so the release of Neutron it would get is unknown",
        "add the package source of the release that the site's other hosts run"
        if lists
        else "fetch them (`apt-get update`, `dnf makecache`) and run this again",
    )


def _needs_packages(host: Host) -> bool:
    return host.in_group(NETWORK_NODES, COMPUTE_NODES) and not host.version("linuxbridge_agent", "installed")


def site_release(site: Site) -> Iterator[Finding]:
    release = site.neutron_release()
    installed = [host.version("neutron", "installed") for host in site.examined()]
    names = tuple(host.name for host in site.members(CONTROLLERS))
    if release is None:
        yield Finding(
            WARNING,
            "neutron_release_unknown",
            names,
            "no host has a package of Neutron, so its release is unknown",
            "set neutron_release to its major version, for instance 21 for Zed",
        )
    elif not any(installed) and not neutron_release.has_linux_bridge(release):
        yield Finding(
            ERROR,
            "neutron_without_linux_bridge",
            names,
            "neutron_release is %d; %s" % (release, _REMOVED),
            _LEFT,
        )


def releases_agree(site: Site) -> Iterator[Finding]:
    """An agent may be older than the server, not newer: the server pins the messages' versions, not the agent."""
    server = site.neutron_release()
    for host in site.examined(NETWORK_NODES, COMPUTE_NODES):
        release = _release(host)
        if release is None or server is None or release == server or not neutron_release.has_linux_bridge(release):
            continue
        yield Finding(
            WARNING,
            "neutron_releases_differ",
            (host.name,),
            "the agents are (or would be) of Neutron %d, the server is of Neutron %d" % (release, server),
            "upgrade the server first" if release > server else "upgrade the host soon after the server",
        )


def _release(host: Host) -> int | None:
    return neutron_release.major(host.installed_or_offered("neutron"))


def keepalived(site: Site) -> Iterator[Finding]:
    limit = site.server_number("max_l3_agents_per_router")
    agents = limit or len(site.members(NETWORK_NODES))
    for host in site.examined(NETWORK_NODES):
        version = host.installed_or_offered("keepalived")
        if agents >= 3 and version and neutron_release.keepalived_loses_packets(version):
            yield Finding(
                ERROR,
                "keepalived_loses_packets",
                (host.name,),
                "keepalived %s loses packets with three or more agents a router; max_l3_agents_per_router is %s"
                % (version, limit or "0 (all)"),
                "install keepalived 1.2.16 or newer, or set max_l3_agents_per_router to 2",
            )


def noted_options(site: Site) -> Iterator[Finding]:
    for host in site.examined():
        release = neutron_release.major(host.version("neutron", "installed"))
        for noted in (host.node or {}).get("noted_options", []):
            section, option = noted["section"], noted["option"]
            place = "[%s] %s in %s, line %d" % (section, option, noted["path"], noted["line"])
            wrong = neutron_release.misnamed(section, option)
            if wrong:
                yield Finding(
                    WARNING,
                    "option_misnamed",
                    (host.name,),
                    "%s: Neutron has no such option and ignores it silently" % place,
                    "it is called %s" % wrong.right_name if wrong.right_name else "remove it",
                )
            elif release is not None and not neutron_release.reads(release, section, option):
                yield Finding(
                    NOTE,
                    "option_of_other_release",
                    (host.name,),
                    "%s: Neutron %d does not read it, only releases %s"
                    % (place, release, neutron_release.span(section, option)),
                    "remove it when convenient",
                )


def firewall_driver(site: Site) -> Iterator[Finding]:
    for host in site.examined(NETWORK_NODES, COMPUTE_NODES):
        driver = host.has("linuxbridge_agent", "firewall_driver") or ""
        if driver and driver not in _FIREWALL_DRIVERS:
            yield Finding(
                ERROR,
                "firewall_driver_changes",
                (host.name,),
                "[securitygroup] firewall_driver is %s; a run sets iptables, and security groups begin to filter what "
                "passes now" % driver,
                "see that the security groups let pass what is to pass, then accept this",
            )


def agents_would_upgrade(site: Site) -> Iterator[Finding]:
    """Packages of one Neutron need each other in the very same version, and restart their agents when they change."""
    for host in site.examined(NETWORK_NODES, COMPUTE_NODES):
        installed, candidate = (host.version("neutron", which) for which in ("installed", "candidate"))
        to_come = _to_come(host)
        if installed and candidate and installed != candidate and to_come:
            yield Finding(
                ERROR,
                "agents_would_upgrade",
                (host.name,),
                "has Neutron %s, and its packages are offered as %s: installing the agents that it lacks (%s) would "
                "upgrade and restart all that it has" % (installed, candidate, ", ".join(to_come)),
                "upgrade Neutron on one node after the other first, or offer the packages in the version that is there",
            )


def _to_come(host: Host) -> list[str]:
    wanted = {"linuxbridge_agent": True, "l3_agent": host.in_group(NETWORK_NODES)}
    wanted["metadata_agent"] = bool(host.wanted.get("metadata"))
    return [daemon for daemon, is_wanted in wanted.items() if is_wanted and not host.runs(daemon)]


def l2_population(site: Site) -> Iterator[Finding]:
    for host in site.examined():
        drivers = oslo_ini.as_list(host.has("server", "mechanism_drivers") or "")
        agent = oslo_ini.as_bool(host.has("linuxbridge_agent", "l2_population") or "")
        where = []
        if host.in_group(CONTROLLERS) and "l2population" in drivers:
            where.append("[ml2] mechanism_drivers")
        if host.in_group(NETWORK_NODES, COMPUTE_NODES) and agent:
            where.append("[vxlan] l2_population")
        if where:
            yield Finding(
                NOTE,
                "l2_population_on",
                (host.name,),
                "layer-2 population is on (%s); it does not work with HA routers" % ", ".join(where),
                "nothing to do: the site's playbook turns it off everywhere before the first HA router",
            )
