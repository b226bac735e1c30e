# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a failover drill will do, and all that speaks against doing it, before anything is touched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import Problem, SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.vrrp_node import not_understood, unheard

Json = Mapping[str, Any]


def drill_plan(
    nodes: Mapping[str, Json],
    router: str | None = None,
    interface: str | None = None,
    names: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The drill for one router: which node is cut off from the others, and on which interface.

    nodes: what vrrp_info returned of every network node, or with ``msg`` why it returned nothing. router: name,
    identifier or namespace; None takes the only HA router. interface: None takes the one that carries the router's HA
    network. names: routers' names by identifier, as the API has them.
    Raises SpecError with everything that is wrong.
    """
    names = names or {}
    _check_nodes(nodes)
    chosen = _router(nodes, router, names)
    there = {node: one for node, facts in nodes.items() for one in facts["routers"] if one["name"] == chosen}
    active = _active(there, names.get(chosen, chosen))
    cut = _interface(active, nodes[active], there[active], interface)
    return {
        "router": chosen,
        "name": names.get(chosen, chosen),
        "namespace": there[active]["namespace"],
        "maker": there[active]["maker"],
        "active": active,
        "standby": sorted(set(there) - {active}),
        "interface": cut,
        "takeover_seconds": round(max(map(_master_down_interval, there.values())), 2),
        "also_affected": sorted(
            names.get(one["name"], str(one["name"]))
            for one in nodes[active]["routers"]
            if one["state"] == "active" and one["name"] != chosen and cut in one["uplinks"]
        ),
    }


def _check_nodes(nodes: Mapping[str, Json]) -> None:
    problems = [
        Problem(node, str(facts.get("msg") or "it was not examined; do not limit the run to some network nodes"))
        for node, facts in nodes.items()
        if "routers" not in facts
    ]
    if len(nodes) < 2:
        problems.append(Problem("network_nodes", "a drill needs two nodes, the inventory has %d" % len(nodes)))
    if problems:
        raise SpecError(problems)


def _router(nodes: Mapping[str, Json], wanted: str | None, names: Mapping[str, str]) -> str:
    known = sorted({str(one["name"]) for facts in nodes.values() for one in facts["routers"] if one["ha"]})
    shown = ", ".join(names.get(one, one) for one in known) or "none"
    if wanted is None:
        if len(known) != 1:
            raise SpecError.one("router", "say which; the nodes' HA routers are: %s" % shown)
        return known[0]
    found = [one for one in known if wanted in (one, "qrouter-" + one)]
    found = found or [one for one in known if names.get(one) == wanted]
    if len(found) > 1:
        raise SpecError.one("router", "%s is the name of %s; give the identifier" % (wanted, " and ".join(found)))
    if not found:
        raise SpecError.one("router", "%s is not among the nodes' HA routers: %s" % (wanted, shown))
    return found[0]


def _active(there: Mapping[str, Json], name: str) -> str:
    """The node that is active, if the router is healthy."""
    active = [node for node, one in there.items() if one["state"] == "active"]
    problems = []
    if len(active) != 1:
        states = ", ".join("%s: %s" % (node, one["state"]) for node, one in sorted(there.items()))
        problems.append(Problem(name, "exactly one node must be active before a drill (%s)" % states))
    if len(there) < 2:
        problems.append(Problem(name, "only %s has it, so no node can take over" % ", ".join(there)))
    for node, one in sorted(there.items()):
        problems += [Problem("%s on %s" % (name, node), text) for text in (*not_understood(one), unheard(one)) if text]
        for instance in one["instances"]:
            problems += [Problem("%s on %s" % (name, node), fault) for fault in instance["faults"]]
            if one["state"] == "active" and instance["addresses_missing"]:
                missing = ", ".join(item["address"] for item in instance["addresses_missing"])
                problems.append(Problem("%s on %s" % (name, node), "it is active without %s" % missing))
    if problems:
        raise SpecError(problems)
    return active[0]


def _interface(node: str, facts: Json, router: Json, wanted: str | None) -> str:
    uplinks: list[str] = router["uplinks"]
    shown = ", ".join(uplinks) or "none that could be told"
    if wanted is None and len(uplinks) != 1:
        raise SpecError.one("interface", "say which; the HA network is carried on %s by: %s" % (node, shown))
    chosen = wanted or uplinks[0]
    if uplinks and chosen not in uplinks:
        raise SpecError.one("interface", "%s does not carry the HA network on %s; it is %s" % (chosen, node, shown))
    connection = facts.get("connection")
    if connection and chosen in connection["interfaces"]:
        raise SpecError.one(
            "interface", "Ansible's own connection to %s runs over %s, so it must not be cut" % (node, chosen)
        )
    return chosen


def _master_down_interval(router: Json) -> float:
    """After which a backup that hears nothing takes over, in seconds (RFC 3768 and RFC 5798, section 6.1)."""
    found = 0.0
    for instance in router["instances"]:
        interval = float(instance["advert_interval"])
        skew = (256 - instance["priority"]) / 256 * (interval if instance["version"] == 3 else 1.0)
        found = max(found, 3 * interval + skew)
    return found
