# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide's verification of a site, each step a named check. All are made, whatever the others say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.text_table import table
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.vrrp_node import not_understood, unheard

Json = Mapping[str, Any]

OK, FAILED, SKIPPED = "ok", "FAILED", "skipped"

_KINDS = {
    "neutron-linuxbridge-agent": "Linux bridge agent",
    "neutron-l3-agent": "L3 agent",
    "neutron-dhcp-agent": "DHCP agent",
    "neutron-metadata-agent": "Metadata agent",
}


_DHCP_METADATA = ("neutron-dhcp-agent", "neutron-metadata-agent")


@dataclass(frozen=True)
class Check:
    """check: what is claimed; result: OK, FAILED or SKIPPED; found: what was seen, or why it was not looked at."""

    check: str
    result: str
    found: str


@dataclass(frozen=True)
class Site:
    """What is to be judged. Each answer is what a module returned, or with ``msg`` why it returned nothing.

    agents: of openstack.cloud.resources; api: of ha_router_info; nodes: of vrrp_info, by network node; probes: of
    traffic_probe, by outside host. routers: names or identifiers of the HA routers that are asked for; none means
    those that the API has and that are up. agents_per_router: Neutron's max_l3_agents_per_router, 0 for all, None where
    the server's own is not known. dhcp_metadata_on: the group whose nodes have DHCP and metadata agents, None where
    they are what they are.
    """

    groups: Mapping[str, Sequence[str]]
    agents: Json
    api: Json
    nodes: Mapping[str, Json]
    probes: Mapping[str, Json]
    routers: Sequence[str] = ()
    targets: Sequence[str] = ()
    agents_per_router: int | None = None
    dhcp_metadata_on: str | None = None


def verify(site: Site) -> list[Check]:
    return [_agents(site), *_nodes(site), *_routers(site), *_targets(site)]


def verify_table(checks: Iterable[Check]) -> list[str]:
    """Lines for a terminal, the last one a sum."""
    listed = list(checks)
    lines = table(["check", "result", "found"], [[one.check, one.result, one.found] for one in listed])
    count = {result: sum(one.result == result for one in listed) for result in (OK, FAILED, SKIPPED)}
    return [*lines, "", "%d checks: %d ok, %d failed, %d skipped" % (len(listed), *count.values())]


def expected_agents(groups: Mapping[str, Sequence[str]], dhcp_metadata_on: str | None) -> list[tuple[str, str]]:
    """The agents of the guide's site, as (binary, host)."""
    by_group = {
        "network_nodes": ["neutron-linuxbridge-agent", "neutron-l3-agent"],
        "compute_nodes": ["neutron-linuxbridge-agent"],
    }
    if dhcp_metadata_on:
        by_group.setdefault(dhcp_metadata_on, []).extend(_DHCP_METADATA)
    found = {
        (binary, host) for group, binaries in by_group.items() for host in groups.get(group, ()) for binary in binaries
    }
    return sorted(found, key=lambda agent: (agent[1], agent[0]))


def _agents(site: Site) -> Check:
    name = "agents are alive"
    if "resources" not in site.agents:
        return Check(name, FAILED, _why(site.agents))
    known = {(agent["binary"], agent["host"]): agent for agent in site.agents["resources"]}
    wanted = expected_agents(site.groups, site.dhcp_metadata_on)
    if not site.dhcp_metadata_on:
        wanted += sorted((binary, host) for binary, host in known if binary in _DHCP_METADATA)
    wrong = [
        "%s on %s %s" % (_KINDS[binary], host, "is dead" if (binary, host) in known else "is missing")
        for binary, host in wanted
        if not known.get((binary, host), {}).get("is_alive")
    ]
    shown = "%d of %d" % (len(wanted) - len(wrong), len(wanted))
    return Check(name, FAILED if wrong or not wanted else OK, "; ".join([shown, *wrong]))


def _nodes(site: Site) -> list[Check]:
    lost = ["%s: %s" % (node, _why(facts)) for node, facts in sorted(site.nodes.items()) if "routers" not in facts]
    count = "%d of %d" % (len(site.nodes) - len(lost), len(site.nodes))
    return [
        Check("network nodes can be looked at", FAILED if lost or not site.nodes else OK, "; ".join([count, *lost]))
    ]


def _routers(site: Site) -> list[Check]:
    if "routers" not in site.api:
        return [Check("routers", FAILED, _why(site.api))]
    known = site.api["routers"]
    named = [] if site.routers else [one for one in known if one["ha"]]
    # Neutron takes a router that is down from all nodes.
    wanted = [one for one in named if one["admin_state_up"]]
    checks = [Check("%s, which is HA" % one["name"], SKIPPED, "it is down") for one in named if one not in wanted]
    for name in site.routers:
        found = [one for one in known if name in (one["name"], one["id"])]
        if len(found) == 1 and found[0]["ha"]:
            wanted += found
        else:
            said = (
                "it is not highly available" if len(found) == 1 else "the API has %d routers of that name" % len(found)
            )
            checks.append(Check("%s is there" % name, FAILED, said))
    if not wanted and not checks:
        checks.append(Check("HA routers", SKIPPED, "the API has none"))
    for router in wanted:
        checks += [_ha_network(router), _everywhere(router, site), _exactly_one(router, site)]
        checks += [_heard(router, site), _agreed(router, site)]
    return checks + [_only_one(router, site) for router in known if not router["ha"]]


def _ha_network(router: Json) -> Check:
    network = router["ha_network"]
    name = "%s: its HA network is there" % router["name"]
    return Check(name, OK if network else FAILED, network["name"] if network else "the API has none")


def _on(router: Json, site: Site) -> dict[str, Json]:
    """What the network nodes have of a router."""
    return {
        node: one
        for node, facts in sorted(site.nodes.items())
        for one in facts.get("routers", ())
        if one["name"] == router["id"]
    }


def _everywhere(router: Json, site: Site) -> Check:
    there = sorted(_on(router, site))
    asked = sorted(agent["host"] for agent in router["agents"] or ())
    count = min(len(site.nodes), _agents_per_router(len(asked), site))
    name = "%s: its namespace is on %s network nodes" % (router["name"], "all" if count == len(site.nodes) else count)
    shown = "qrouter-%s on %s" % (router["id"], _listed(there))
    if there != asked:
        shown += ", but the API has it on %s" % _listed(asked)
    return Check(name, OK if there == asked and len(there) == count else FAILED, shown)


def _agents_per_router(asked: int, site: Site) -> int:
    """Where the server's own number is not known, those that it has given the router, and two at least."""
    return max(asked, 2) if site.agents_per_router is None else site.agents_per_router or len(site.nodes)


def _exactly_one(router: Json, site: Site) -> Check:
    there = _on(router, site)
    active = [node for node, one in there.items() if one["state"] == "active"]
    wrong = []
    for node, one in there.items():
        if not one["ha"]:
            wrong.append("%s has no keepalived for it%s" % (node, _beside_vrrp(one)))
        wrong += ["%s: %s" % (node, text) for text in not_understood(one)]
        for instance in one["instances"]:
            wrong += ["%s: %s" % (node, fault) for fault in instance["faults"]]
            missing = [item["address"] for item in instance["addresses_missing"]]
            if one["state"] == "active" and missing:
                wrong.append("%s lacks %s" % (node, ", ".join(missing)))
        wrong += [
            "%s has %s, which is not the router's" % (node, item["address"]) for item in one["addresses_unexpected"]
        ]
    count = sum(len(instance["addresses_present"]) for node in active for instance in there[node]["instances"])
    shown = "%d addresses on %s" % (count, _listed(active))
    name = "%s: its addresses are on exactly one node" % router["name"]
    return Check(name, OK if len(active) == 1 and not wrong else FAILED, "; ".join([shown, *wrong]))


def _beside_vrrp(namespace: Json) -> str:
    """Addresses that a namespace from before the router was HA still has, where the node's L3 agent was not there."""
    found = [
        address
        for device in namespace["devices"]
        if device["role"] in ("interface", "gateway")
        for address in device["addresses"]
        if not address.startswith("fe80:")
    ]
    return ", but %s" % ", ".join(found) if found else ""


def _heard(router: Json, site: Site) -> Check:
    there = _on(router, site)
    wrong = ["%s: %s" % (node, text) for node, one in there.items() for text in [unheard(one)] if text]
    name = "%s: the L3 agents know its state" % router["name"]
    return Check(name, FAILED if wrong else OK, "; ".join(wrong) or "on %s" % _listed(sorted(there)))


def _agreed(router: Json, site: Site) -> Check:
    """Neutron's own tools go by the API; it lags a few seconds behind, and after a lost message for good."""
    kernel = [node for node, one in _on(router, site).items() if one["state"] == "active"]
    said = sorted(agent["host"] for agent in router["agents"] or () if agent["ha_state"] == "active")
    name = "%s: the API knows who is active" % router["name"]
    shown = _listed(said) if said == kernel else "the API says %s, the nodes say %s" % (_listed(said), _listed(kernel))
    return Check(name, OK if said == kernel else FAILED, shown)


def _only_one(router: Json, site: Site) -> Check:
    there = sorted(_on(router, site))
    name = "%s, which is not HA: its namespace is on one node only" % router["name"]
    # Neutron gives a router that is down, or has no networks, to no node.
    empty = not (router["interfaces"] or router["external_gateway"])
    if not there and (empty or not router["admin_state_up"]):
        return Check(name, SKIPPED, "it has no networks" if empty else "it is down")
    return Check(name, OK if len(there) == 1 else FAILED, "qrouter-%s on %s" % (router["id"], _listed(there)))


def _targets(site: Site) -> list[Check]:
    if not site.targets:
        return [Check("addresses answer from outside", SKIPPED, "no addresses were given (verify_targets)")]
    if not site.probes:
        return [
            Check("%s answers from outside" % target, SKIPPED, "no host is in the group outside")
            for target in site.targets
        ]
    return [_answers(target, host, site.probes[host]) for target in site.targets for host in sorted(site.probes)]


def _answers(target: str, host: str, probe: Json) -> Check:
    name = "%s answers %s" % (target, host)
    found = next((one for one in probe.get("targets", ()) if one["target"] == target), None)
    if found is None:
        return Check(name, FAILED, _why(probe))
    # What is lost before the first answer is the time that resolving the address takes.
    late = [
        gap for gap in found["gaps"] if found["first_answer"] is None or gap["end"] != round(found["first_answer"], 6)
    ]
    shown = "%d of %d requests" % (found["received"], found["sent"])
    shown += "".join("; %s (%d times)" % (text, count) for text, count in found["errors"].items())
    return Check(name, OK if found["answers_at_end"] and not late else FAILED, shown)


def _why(answer: Json) -> str:
    return str(answer.get("msg") or "there is no answer")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
