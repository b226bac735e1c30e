"""node_routers against the same made by hand: ratios within this run.

Run as root: python bench/node_routers.py [--routers 100] [--intervals 0.01 0.1 1]
Prints each ratio with its aim, and writes them with the raw figures (seconds, megabytes) to
.cache/bench/node_routers.json. Routers are made on hosts of a lab. Outages are measured on virtual nodes, whose systemd
is a stand-in (tests/fakes/systemctl_stand_in.py), for cables can be pulled there and all clocks are one.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_calls import CHECKOUT, by_hand, call, made, router
from lab_node import LabNode, lab
from takeover import bare_router, module_router, outages
from virtual_node import usable, wait_for

#: Measured on Neutron (Zed): two keepalived-state-change processes and a keepalived a router.
NEUTRON_ROUTER_MB = 135
#: A takeover lasts up to an interval more or less, as the cut comes before or after an advertisement.
OUTAGE_ROUNDS = 7
#: A single call is short, so that whatever else a machine does shows in it.
ONE_MORE_ROUNDS = 15
#: Nodes that are measured, and the median taken: a machine does not do the same work in the same time twice.
#: bench/lab.yml has as many of each name.
NODES = 3
#: Seconds to wait until the kernel has done with the namespaces of the node before.
PATIENCE = 60.0


@dataclass(frozen=True)
class Ratio:
    """aim: the most that will do."""

    name: str
    value: float
    aim: float

    def __str__(self) -> str:
        verdict = "" if self.value <= self.aim else "   NOT met"
        return "%-64s %7.3f (aim: %g or less)%s" % (self.name, self.value, self.aim, verdict)


@contextmanager
def lone_node(name: str) -> Iterator[LabNode]:
    """A node on a machine that has nothing else of ours to do; the module has been loaded there."""
    node = LabNode(name)
    try:
        node.module({"state": "gathered"})
        yield node
    finally:
        node.close()
        wait_for(lambda: not any("+netns" in name for name in kernel_threads()), PATIENCE)


def kernel_threads() -> list[str]:
    """Names of the kernel's workers, with what each is at work on."""
    found = []
    for path in Path("/proc").glob("[0-9]*/comm"):
        try:
            found.append(path.read_text())
        except OSError:
            continue
    return [name for name in found if name.startswith("kworker")]


def run_seconds(node: LabNode, params: dict[str, Any], changed: bool = True) -> float:
    """How long the module takes in a process that has loaded it."""
    node.prepare()
    return seconds(made, node, params, changed)


def seconds(work: Callable[..., Any], *arguments: Any) -> float:
    begin = time.monotonic()
    work(*arguments)
    return time.monotonic() - begin


def making(count: int) -> dict[str, Any]:
    """Seconds by hand, and what it costs on each of some nodes, see on_a_node()."""
    with lone_node("hand") as node:
        by_hand_ = seconds(lambda: node.run("sh", text=by_hand(count)))
    return {"by_hand": by_hand_, "nodes": [on_a_node("module%d" % (at + 1), count) for at in range(NODES)]}


def on_a_node(name: str, count: int) -> dict[str, float]:
    """Seconds by the module, by the module again, for one router more (the median); megabytes a router."""
    found: dict[str, float] = {}
    with lone_node(name) as node:
        found["made"] = run_seconds(node, call(count))
        found["again"] = run_seconds(node, call(count), False)
        found["megabytes"] = proportional_set_size(node) / count
        calls = [{"state": "present", "routers": [one_more(count + at, 254 - at)]} for at in range(ONE_MORE_ROUNDS)]
        found["one_more"] = statistics.median(run_seconds(node, one) for one in calls)
    return found


def one_more(at: int, last: int) -> dict[str, Any]:
    """On a network that is there, where the others have taken the first numbers."""
    address = "169.254.193.%d/18" % last
    return {**router(at), "ha_network": "ha0", "ha_address": address, "virtual_router_id": last}


def making_alone(name: str, count: int) -> float:
    with lone_node(name) as node:
        return run_seconds(node, call(count))


def proportional_set_size(node: LabNode) -> float:
    """Megabytes of keepalived and its recorders on a node."""
    script = "for pid in $(pgrep 'keepalived|record-state'); do grep ^Pss: /proc/$pid/smaps_rollup; done"
    return sum(map(int, re.findall(r"(\d+) kB", node.run("sh", "-c", script)))) / 1024


def making_ratios(raw: dict[str, Any], count: int) -> Iterator[Ratio]:
    def median(ratio: Callable[[dict[str, float]], float]) -> float:
        return statistics.median(map(ratio, raw["nodes"]))

    yield Ratio("%d routers made / by hand" % count, median(lambda node: node["made"]) / raw["by_hand"], 1.5)
    yield Ratio("the same again, nothing to do / the making", median(lambda node: node["again"] / node["made"]), 0.25)
    megabytes = median(lambda node: node["megabytes"])
    yield Ratio("memory of a router (PSS) / of Neutron's", megabytes / NEUTRON_ROUTER_MB, 1 / 40)
    one_more = median(lambda node: node["one_more"] / (node["made"] / count))
    yield Ratio("one router added to %d / one of them" % count, one_more, 3)


def scale_ratio(raw: dict[str, list[float]]) -> Ratio:
    small, large = sorted(raw, key=int)
    one = {count: statistics.median(raw[count]) / int(count) for count in raw}
    return Ratio("cost of a router at %s / at %s" % (large, small), one[large] / one[small], 1.2)


def outage_ratios(raw: dict[str, dict[str, list[float]]]) -> Iterator[Ratio]:
    for interval, found in raw.items():
        router_, bare = (statistics.median(found[key]) for key in ("router", "bare"))
        yield Ratio("outage, advertisements each %s s / bare keepalived's" % interval, router_ / bare, 1.2)
        if float(interval) == 0.01:
            yield Ratio("outage, advertisements each %s s, in s" % interval, router_, 0.05)


def write(content: dict[str, Any]) -> None:
    """What has been measured so far, for a run that is cut off."""
    target = CHECKOUT / ".cache" / "bench" / "node_routers.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(content, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--routers", type=int, default=100, help="also half and two and a half times as many")
    parser.add_argument("--intervals", type=float, nargs="*", default=[0.01, 0.1, 1], help="seconds")
    given = parser.parse_args()
    unusable = usable()
    if unusable:
        sys.exit("bench/node_routers.py " + unusable)
    signal.signal(signal.SIGTERM, lambda *_unused: sys.exit("stopped"))
    raw: dict[str, Any] = {"outage": {}, "scale": {}}
    ratios: list[Ratio] = []

    def tell(found: Iterable[Ratio]) -> None:
        for ratio in found:
            ratios.append(ratio)
            print(ratio, flush=True)
        write({"routers": given.routers, "raw": raw, "ratios": {one.name: one.value for one in ratios}})

    for interval in given.intervals:
        makers = {"bare": bare_router, "router": module_router}
        found = {name: outages(make, interval, OUTAGE_ROUNDS) for name, make in makers.items()}
        raw["outage"][str(interval)] = found
        tell(outage_ratios({str(interval): found}))
    with lab():
        raw["making"] = making(given.routers)
        tell(making_ratios(raw["making"], given.routers))
        for name, count in (("small", given.routers // 2), ("large", given.routers * 5 // 2)):
            raw["scale"][str(count)] = [making_alone("%s%d" % (name, at + 1), count) for at in range(NODES)]
        tell([scale_ratio(raw["scale"])])


if __name__ == "__main__":
    os.chdir(CHECKOUT)
    main()
