# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about options that must be the same on all nodes, and must not change under a running router.

VRRP version 2 (RFC 3768, 7.1) drops an advertisement of another interval or password; then every node is active.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.site_model import (
    COMPUTE_NODES,
    ERROR,
    NETWORK_NODES,
    Finding,
    Host,
    Site,
)

_PASSWORD = "ha_vrrp_auth_password_fingerprint"

#: Options that must agree: daemon, groups whose hosts run it, what happens otherwise.
_MUST_AGREE = {
    "ha_vrrp_advert_int": ("l3_agent", (NETWORK_NODES,), "every node becomes active"),
    "ha_vrrp_auth_type": ("l3_agent", (NETWORK_NODES,), "every node becomes active"),
    _PASSWORD: ("l3_agent", (NETWORK_NODES,), "every node becomes active"),
    "udp_dstport": ("linuxbridge_agent", (NETWORK_NODES, COMPUTE_NODES), "the hosts do not hear each other"),
    "vxlan_group": ("linuxbridge_agent", (NETWORK_NODES, COMPUTE_NODES), "flooded frames do not reach every host"),
}


def options_agree(site: Site) -> Iterator[Finding]:
    """What each option will be after a run, compared over the nodes."""
    for option, (daemon, groups, otherwise) in _MUST_AGREE.items():
        by_value: dict[str, list[str]] = {}
        for host in site.examined(*groups):
            by_value.setdefault(host.will_have(daemon, option), []).append(host.name)
        if len(by_value) > 1:
            shown = _shown(option)
            yield Finding(
                ERROR,
                "vxlan_options_differ" if daemon == "linuxbridge_agent" else "vrrp_options_differ",
                tuple(host.name for host in site.examined(*groups)),
                "%s would differ, so %s: %s" % (shown, otherwise, _values(option, by_value)),
                "set %s once in the inventory, for all hosts" % shown,
            )


def authentication(site: Site) -> Iterator[Finding]:
    for host in site.members(NETWORK_NODES):
        kind = host.wants("ha_vrrp_auth_type")
        if kind and kind not in ("AH", "PASS"):
            yield Finding(
                ERROR,
                "vrrp_auth_type_unknown",
                (host.name,),
                "ha_vrrp_auth_type is %s, with which the L3 agent does not start" % kind,
                "set it to PASS or AH, or leave it out",
            )


def _shown(option: str) -> str:
    return "ha_vrrp_auth_password" if option == _PASSWORD else option


def _values(option: str, by_value: dict[str, list[str]]) -> str:
    parts = []
    for number, (value, names) in enumerate(by_value.items(), start=1):
        word = value
        if option == _PASSWORD:
            word = "password %d" % number if value else "no password"
        parts.append("%s on %s" % (word, ", ".join(names)))
    return "; ".join(parts)


def password(site: Site) -> Iterator[Finding]:
    """The password that the nodes will have: the inventory's, or today's where the inventory says nothing."""
    for host in site.members(NETWORK_NODES):
        agent: dict[str, Any] = (host.node or {}).get("daemons", {}).get("l3_agent") or {}
        source = host.wanted if host.wants(_PASSWORD) else agent
        for problem in source.get("ha_vrrp_auth_password_problems") or []:
            yield Finding(
                ERROR,
                "vrrp_password_unusable",
                (host.name,),
                "ha_vrrp_auth_password will not do: %s" % problem,
                "choose 1 to 8 letters and digits, for instance from `openssl rand -hex 4`",
            )


def live_change(site: Site) -> Iterator[Finding]:
    """With routers running, two nodes would have different values until the last one has the new one."""
    live = [host for host in site.examined(NETWORK_NODES) if (host.node or {}).get("ha_routers")]
    for option in ("ha_vrrp_advert_int", "ha_vrrp_auth_type", _PASSWORD):
        changing = [host for host in live if host.will_have("l3_agent", option) != host.has("l3_agent", option)]
        if changing:
            yield Finding(
                ERROR,
                "vrrp_change_on_live_site",
                tuple(host.name for host in changing),
                "%s would change%s while HA routers run; until every node has the new value they do not hear each "
                "other and are active at once" % (_shown(option), _change(option, changing)),
                "leave it as it is; or, at a time when an interruption is allowed, add vrrp_change_on_live_site to "
                "preflight_accepted",
            )


def _change(option: str, hosts: list[Host]) -> str:
    if option == _PASSWORD:
        return ""
    changes = {"%s to %s" % (host.has("l3_agent", option), host.wants(option)): None for host in hosts}
    return " (%s)" % ", ".join("from %s" % change for change in changes)
