# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about the hosts themselves: who answers, what they run, whether they are enough."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.site_model import (
    COMPUTE_NODES,
    CONTROLLERS,
    ERROR,
    NETWORK_NODES,
    WARNING,
    Finding,
    Site,
)

#: What ansible-core 2.19 and newer run modules with, less what this collection's own modules need.
OLDEST_PYTHON = (3, 9)


def unanswered(site: Site) -> Iterator[Finding]:
    for host in site.hosts:
        if host.left_out:
            yield Finding(
                ERROR,
                "host_left_out",
                (host.name,),
                "is not part of this run, so nothing is known of it or compared with it",
                "run without --limit: a site is changed as a whole, and in an order over all its hosts",
            )
        elif host.node is None:
            yield Finding(
                ERROR,
                "host_not_examined",
                (host.name,),
                "could not be examined: %s" % (host.failure.strip() or "it was lost earlier in this run"),
                "make it answer to `ansible %s -m ansible.builtin.ping --become`, or take it out of the inventory; "
                "a site is changed as a whole" % host.name,
            )


def unreadable_files(site: Site) -> Iterator[Finding]:
    for host in site.examined():
        for file in (host.node or {}).get("unreadable", []):
            yield Finding(
                ERROR,
                "file_unreadable",
                (host.name,),
                "%s cannot be read: %s" % (file["path"], file["reason"]),
                "mend the file, or run with `become: true` as a user who may read it",
            )


def platforms(site: Site) -> Iterator[Finding]:
    for host in site.examined():
        node = host.node or {}
        version = str(node.get("python", ""))
        if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_PYTHON:
            yield Finding(
                ERROR,
                "python_too_old",
                (host.name,),
                "Python %s is too old" % version,
                "set ansible_python_interpreter to Python %d.%d or newer" % OLDEST_PYTHON,
            )
        if not node["operating_system"]["family"]:
            yield Finding(
                ERROR,
                "operating_system_unsupported",
                (host.name,),
                "%s is not supported" % (node["operating_system"]["name"] or "a system without /etc/os-release"),
                "use a host of the Debian family (Debian, Ubuntu) or the Red Hat family (RHEL, CentOS, Rocky, Alma)",
            )


def group_sizes(site: Site) -> Iterator[Finding]:
    if not site.members(CONTROLLERS):
        yield Finding(
            ERROR,
            "no_controller",
            (),
            "the inventory group controllers is empty",
            "put the hosts of the Neutron server into it",
        )
    nodes = site.members(NETWORK_NODES)
    names = tuple(host.name for host in nodes)
    if len(nodes) < 2:
        yield Finding(
            ERROR,
            "too_few_network_nodes",
            names,
            "VRRP needs two network nodes at the least; the group network_nodes has %d" % len(nodes),
            "add hosts to the inventory group network_nodes; they may be bare",
        )
    elif len(nodes) == 2:
        yield Finding(
            WARNING,
            "only_two_network_nodes",
            names,
            "with two network nodes nothing is left to take over while one of them is down",
            "add a third host to the group network_nodes",
        )


def missing_variables(site: Site) -> Iterator[Finding]:
    """Variables without which a node cannot be made: missing always, metadata_missing if its files have none either."""
    for host in site.members(NETWORK_NODES, COMPUTE_NODES):
        metadata = host.wanted.get("metadata_missing", [])
        for name in [
            *host.wanted.get("missing", []),
            *(name for name in metadata if host.node and not host.has("metadata_agent", name)),
        ]:
            yield Finding(
                ERROR,
                "variable_missing",
                (host.name,),
                "the variable %s has no value" % name,
                "set it in the inventory, secrets in a vault file",
            )


def dhcp_metadata_group(site: Site) -> Iterator[Finding]:
    groups = (COMPUTE_NODES, NETWORK_NODES)
    for host in site.members(*groups):
        group = host.wants("dhcp_metadata_on")
        if group and group not in groups:
            yield Finding(
                ERROR,
                "dhcp_metadata_on_unknown",
                (host.name,),
                "dhcp_metadata_on is %s, where nothing would be put" % group,
                "set it to %s or %s, or leave it out, and the agents stay where they are" % groups,
            )


def agents_known(site: Site) -> Iterator[Finding]:
    """Neutron knows an agent by the name of its host, which is not always the inventory's."""
    known = site.linuxbridge_agents
    for host in site.examined(NETWORK_NODES, COMPUTE_NODES) if known else ():
        name = host.wants("agent_node_host") or host.name
        if host.runs("linuxbridge_agent") and name not in known:
            yield Finding(
                WARNING,
                "agent_unknown",
                (host.name,),
                "has a Linux bridge agent, and Neutron knows none on %s; it knows them on %s"
                % (name, ", ".join(known)),
                "set agent_node_host to the name that the host's agents report, which is their option host, else its "
                "own; nothing to do where the agent has never been started",
            )
