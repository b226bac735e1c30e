# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a failover drill found: who was active when, whether two were at once, what it cost, and whether it failed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import timeline
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.text_table import table

Json = Mapping[str, Any]

#: Seconds without answers after the takeover that are still part of it: switches learn, and requests are on their way.
TAKEOVER_ENDS = 1.0


def drill_report(
    plan: Json,
    before: Mapping[str, Json],
    after: Mapping[str, Json],
    watches: Mapping[str, Json],
    probes: Mapping[str, Json],
) -> dict[str, Any]:
    """plan: of drill_plan. before, after, watches: vrrp_info and vrrp_watch by network node, probes: traffic_probe by
    outside host. Times are seconds since the epoch.

    ``failures``: empty unless no other node took over, something was not put back, or traffic did not come back.
    ``findings``: what else there is to know. Two active nodes while one is cut off is a finding, and so is an address
    that stood still though another node had taken over: of two nodes with one MAC address a switch may go on sending
    to the one that is cut off.
    """
    held = {node: _held(plan, before[node], watches.get(node, {})) for node in sorted(before)}
    down, up = _cut(plan, watches.get(plan["active"], {}))
    twice = timeline.overlap(held)
    takeover = _takeover(plan, held, down)
    relieved = (takeover["time"], up) if takeover and up is not None else None
    outages = [
        dict(target, host=host, silent_after_takeover_seconds=_silent(target, relieved))
        for host in sorted(probes)
        for target in probes[host].get("targets", ())
    ]
    at_end = _at_end(plan, after)
    report = {
        "router": plan["router"],
        "name": plan["name"],
        "cut": {"node": plan["active"], "interface": plan["interface"], "down": down, "up": up},
        "watched": _watched(watches.values()),
        "active": {
            node: timeline.union(span for spans in found.values() for span in spans) for node, found in held.items()
        },
        "took_over": takeover,
        "both_active": {
            "spans": twice,
            "seconds": round(timeline.length(twice), 3),
            "clock_error_seconds": _clock_error(before.values()),
        },
        "active_at_end": sorted(at_end),
        "missing_at_end": {node: missing for node, missing in at_end.items() if missing},
        "outages": outages,
        "also_affected": plan["also_affected"],
    }
    report["failures"] = _failures(report)
    report["findings"] = _findings(plan, report, after, watches)
    return report


def _held(plan: Json, facts: Json, watch: Json) -> dict[timeline.Held, list[timeline.Span]]:
    """The times of each of the router's virtual addresses on one node, those of the node's configuration."""
    virtual = {
        (item["interface"], item["address"])
        for router in facts.get("routers", ())
        if router["name"] == plan["router"]
        for instance in router["instances"]
        for item in (*instance["addresses_present"], *instance["addresses_missing"])
    }
    # The same address is on devices of different names where the HA interface is a port of the node's own.
    found: dict[timeline.Held, list[timeline.Span]] = {(_role(name), address): [] for name, address in virtual}
    for recorded in watch.get("namespaces", ()):
        for item in recorded["addresses"]:
            held = (item["interface"], item["address"])
            if held in virtual:
                found[(_role(held[0]), held[1])] = [(span[0], span[1]) for span in item["spans"]]
    return found


def _role(interface: str) -> str:
    return "ha" if interface.startswith("ha-") else interface


def _cut(plan: Json, watch: Json) -> tuple[float | None, float | None]:
    changes = [
        change
        for link in watch.get("links", ())
        if link["interface"] == plan["interface"]
        for change in link["changes"]
    ]
    down = next((change["time"] for change in changes if not change["enabled"]), None)
    up = next((change["time"] for change in changes if change["enabled"] and down and change["time"] > down), None)
    return down, up


def _takeover(
    plan: Json,
    held: Mapping[str, Mapping[timeline.Held, Sequence[timeline.Span]]],
    down: float | None,
) -> dict[str, Any] | None:
    """The first node that had all its virtual addresses after the cut, and how long after."""
    complete = []
    for node in plan["standby"]:
        first = [min((span[0] for span in spans), default=None) for spans in held.get(node, {}).values()]
        if first and down is not None and None not in first:
            complete.append((max(start for start in first if start is not None), node))
    if not complete or down is None:
        return None
    when, node = min(complete)
    return {"node": node, "time": when, "seconds": round(when - down, 3)}


def _silent(target: Json, relieved: timeline.Span | None) -> float | None:
    """For how long the target did not answer while another node had taken over and the first one was still cut off."""
    if relieved is None:
        return None
    gaps = [(gap["start"], math.inf if gap["end"] is None else gap["end"]) for gap in target["gaps"]]
    return round(timeline.length(timeline.both(gaps, [relieved])), 3)


def _at_end(plan: Json, after: Mapping[str, Json]) -> dict[str, list[str]]:
    """The nodes that are active, each with the virtual addresses that it lacks."""
    return {
        node: [item["address"] for instance in router["instances"] for item in instance["addresses_missing"]]
        for node in sorted(after)
        for router in after[node].get("routers", ())
        if router["name"] == plan["router"] and router["state"] == "active"
    }


def _clock_error(nodes: Any) -> float | None:
    """How far times of two nodes may be apart at worst, in seconds; 0 when they share a kernel, None when unknown."""
    clocks = [facts["clock"] for facts in nodes]
    booted = [clock["booted"] for clock in clocks]
    if max(booted) - min(booted) < 0.001:
        return 0.0
    errors = sorted((clock["error"] for clock in clocks if clock["error"] is not None), reverse=True)
    return None if len(errors) < len(clocks) else round(sum(errors[:2]), 6)


def _failures(report: Json) -> list[str]:
    failures = []
    cut = report["cut"]
    if cut["down"] is None:
        failures.append("%s of %s did not go down" % (cut["interface"], cut["node"]))
    elif report["took_over"] is None:
        failures.append("no other node took over")
    if cut["down"] is not None and cut["up"] is None:
        failures.append("%s of %s did not come up again" % (cut["interface"], cut["node"]))
    if len(report["active_at_end"]) != 1:
        failures.append(
            "at the end not exactly one node is active, but %s" % (" and ".join(report["active_at_end"]) or "none")
        )
    for node, missing in report["missing_at_end"].items():
        failures.append("at the end %s lacks %s" % (node, ", ".join(missing)))
    for target in report["outages"]:
        if target["first_answer"] is None:
            failures.append("%s never answered %s, before the cut neither" % (target["target"], target["host"]))
        elif not target["answers_at_end"]:
            failures.append("%s does not answer %s any more" % (target["target"], target["host"]))
    return failures


def _findings(plan: Json, report: Json, after: Mapping[str, Json], watches: Mapping[str, Json]) -> list[str]:
    findings = list(_read_again(plan, report["cut"], after))
    twice = report["both_active"]
    if twice["spans"]:
        why = ": a node of Neutron's that is cut off keeps its addresses" if plan["maker"] == "neutron" else ""
        findings.append("two nodes were active at once for %.1f s%s" % (twice["seconds"], why))
    findings += _stood_still(plan, report)
    if report["took_over"] and report["active_at_end"] == [plan["active"]]:
        findings.append("%s took the router back when it was there again" % plan["active"])
    if twice["clock_error_seconds"] is None:
        findings.append("no time service keeps the nodes' clocks together, so times of two nodes cannot be compared")
    elif twice["clock_error_seconds"] > 0:
        findings.append("times of two nodes may be %.3f s apart" % twice["clock_error_seconds"])
    for node in (plan["active"], *plan["standby"]):
        recorded = watches.get(node, {}).get("namespaces", ())
        if not recorded or not all(one["complete"] for one in recorded):
            findings.append("what happened on %s was not recorded completely" % node)
    if not report["outages"]:
        findings.append("no traffic was measured: it takes a host in the group outside, and targets")
    if plan["also_affected"]:
        findings.append("these routers failed over as well: %s" % ", ".join(plan["also_affected"]))
    return findings


def _read_again(plan: Json, cut: Json, after: Mapping[str, Json]) -> Iterator[str]:
    """A backup that reads its configuration again begins to wait anew (keepalived 2.2.7). Neutron's agent writes the
    file and has it read at any change of the router.
    """
    text = "keepalived's configuration on %s was written %.1f s after the cut: a backup that reads it waits anew"
    if None in (cut["down"], cut["up"]):
        return
    for node in plan["standby"]:
        for router in after.get(node, {}).get("routers", ()):
            for file in router["keepalived"] if router["name"] == plan["router"] else ():
                if cut["down"] < (file["written"] or 0) < cut["up"]:
                    yield text % (node, file["written"] - cut["down"])


def _stood_still(plan: Json, report: Json) -> list[str]:
    text = "%s did not answer %s for %.1f of the %.1f s in which %s had taken over and %s was still cut off"
    cut, took_over = report["cut"], report["took_over"]
    return [
        text
        % (target["target"], target["host"], silent, cut["up"] - took_over["time"], took_over["node"], plan["active"])
        for target in report["outages"]
        for silent in [target["silent_after_takeover_seconds"]]
        if silent is not None and silent > TAKEOVER_ENDS
    ]


def _watched(watches: Any) -> list[float | None]:
    """From when to when all nodes were watched."""
    known = [watch for watch in watches if watch.get("started") is not None]
    if not known:
        return [None, None]
    return [max(watch["started"] for watch in known), min(watch["ended"] for watch in known)]


def drill_table(report: Json) -> list[str]:
    """The report as lines for a terminal; times are seconds after the cut."""
    cut, took_over, twice = report["cut"], report["took_over"], report["both_active"]
    zero = cut["down"] or report["watched"][0] or 0.0
    shut = "was not down" if None in (cut["down"], cut["up"]) else "was down for %.1f s" % (cut["up"] - cut["down"])
    lines = ["Failover of %s: %s of %s %s" % (report["name"], cut["interface"], cut["node"], shut), ""]
    end = report["watched"][1]
    lines += table(
        ["node", "active, in seconds after the cut"],
        [[node, _spans(spans, zero, end)] for node, spans in report["active"].items()],
    )
    lines += [""]
    if report["outages"]:
        lines += table(
            ["outage of", "seen from", "longest", "in all", "lost", "gaps"],
            [_outage(target) for target in report["outages"]],
        )
        lines += [""]
    lines.append(
        "Took over: %s, after %.2f s" % (took_over["node"], took_over["seconds"]) if took_over else "Took over: nobody"
    )
    lines.append(
        "Two at once: %.2f s (%s)" % (twice["seconds"], _spans(twice["spans"], zero, end))
        if twice["spans"]
        else "Two at once: never"
    )
    lines += ["Note: %s" % finding for finding in report["findings"]]
    lines += ["FAILED: %s" % failure for failure in report["failures"]] or ["The failover worked."]
    return lines


def _spans(spans: Sequence[Sequence[float]], zero: float, end: float | None) -> str:
    shown = [
        "%+.2f to %s" % (start - zero, "the end" if end is not None and stop >= end else "%+.2f" % (stop - zero))
        for start, stop in spans
    ]
    return ", ".join(shown) or "never"


def _outage(target: Json) -> list[str]:
    return [
        target["target"],
        target["host"],
        "%.2f s" % target["longest_gap_seconds"],
        "%.2f s" % target["outage_seconds"],
        "%d of %d" % (target["lost"], target["sent"]),
        str(target["gap_count"]),
    ]
