"""node_routers against the same made by hand, on virtual nodes: ratios within one run, raw figures kept as JSON.

Run as root: python bench/node_routers.py [--routers 100] [--output FILE]
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve()
sys.path[:0] = [str(HERE.parents[1] / "tests" / "fakes"), str(HERE.parents[1] / ".cache" / "collections")]
from virtual_node import Site, VirtualNode, volatile, wait_for

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import node_anatomy, node_commands, node_target
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived import render

#: Measured on Neutron (Zed): two keepalived-state-change processes and a keepalived a router.
NEUTRON_ROUTER_MB = 135
#: Routers on one HA network hear each other, so they are spread, here as by hand.
PER_HA_NETWORK = 50
VIRTUAL = "198.51.100.1/24"


def call(count: int, number: int = 1, interval: float = 2) -> dict[str, Any]:
    """Routers with three interfaces each: HA, inside, gateway; with source NAT and a floating IP."""
    wires = [{"name": "ha%d" % at, "kind": "vxlan", "vni": 10 + at, "group": "239.0.1.%d" % at, "uplink": "eth1"}
             for at in range((count - 1) // PER_HA_NETWORK + 1)]  # fmt: skip
    inside = {"name": "inside", "kind": "vxlan", "vni": 2, "group": "239.0.0.2", "uplink": "eth1"}
    return {
        "state": "exact",
        "networks": [*wires, inside, {"name": "provider", "kind": "flat", "uplink": "eth2"}],
        "routers": [router(at, number, interval) for at in range(count)],
    }


def router(at: int, number: int, interval: float) -> dict[str, Any]:
    inside = VIRTUAL if not at else "10.%d.%d.1/24" % (at // 250 + 1, at % 250)
    outside = "203.0.%d.%d/16" % (at // 250, at % 250 + 2)
    return {
        "name": "r%d" % at,
        "virtual_router_id": at % PER_HA_NETWORK + 1,
        "ha_network": "ha%d" % (at // PER_HA_NETWORK),
        "ha_address": "169.254.%d.%d/18" % (192 + number, at % PER_HA_NETWORK + 1),
        "advert_interval": interval,
        "interfaces": [{"network": "inside", "addresses": [inside]}],
        "external_gateway": {"network": "provider", "addresses": [outside]},
        "floating_ips": [],
    }  # fmt: skip


def by_hand(count: int) -> str:
    """One ip -batch for the node and one for each namespace, nft and keepalived started once each."""
    spec = node_target.parse_call(call(count)).spec.ordered()
    outside: list[str] = []
    inside: list[str] = []
    for network in spec.networks:
        outside += [line for command in node_commands.add_network(network) for line in command.lines]
    for item in spec.routers:
        anatomy = node_anatomy.router_anatomy(item, spec)
        first, sysctls, nat, last = node_commands.add_router(anatomy)
        outside += first.lines
        echo = "; ".join("echo %s > /proc/sys/%s" % (value, key) for key, value in sysctls.values)
        path = "/run/hand-" + item.name
        inside += [
            "cat > %s.conf <<'END'\n%sEND" % (path, render(anatomy.configuration)),
            "ip -n %s -batch - <<'END'\n%s\nEND" % (anatomy.namespace, "\n".join(last.lines)),
            "ip netns exec %s sh -c '%s; nft -j -f -' <<'END'\n%s\nEND" % (anatomy.namespace, echo, nat.text),
            "ip netns exec %s keepalived -P -f %s.conf -p %s.pid -r %s.vrrp.pid"
            % (anatomy.namespace, path, path, path),
        ]
    return "\n".join(["set -e", "ip -batch - <<'END'", *outside, "END", *inside]) + "\n"


def timed(node: VirtualNode, params: dict[str, Any], changed: bool = True) -> float:
    begin = time.monotonic()
    result = node.module(params)
    if result.get("failed") or result["changed"] != changed:
        raise SystemExit("a run did not do what it was measured for: %s" % result.get("msg", result["actions"][:3]))
    return time.monotonic() - begin


def making(count: int) -> dict[str, float]:
    """Seconds: by hand and by the module, again, one router more; megabytes a router, as the proportional set size."""
    found: dict[str, float] = {}
    site = Site(volatile(), ["n1", "n2"])
    try:
        hand, node = site.nodes["n1"], site.nodes["n2"]
        begin = time.monotonic()
        hand.run("sh", text=by_hand(count))
        found["by_hand"] = time.monotonic() - begin
        node.module({"state": "gathered"})
        found["made"] = timed(node, call(count))
        found["again"] = timed(node, call(count), changed=False)
        found["memory"] = proportional_set_size(node) / count
        found["one_more"] = timed(node, call(count + 1))
    finally:
        site.close()
    return found


def made(count: int) -> float:
    site = Site(volatile(), ["n1"])
    try:
        site.nodes["n1"].module({"state": "gathered"})
        return timed(site.nodes["n1"], call(count))
    finally:
        site.close()


def proportional_set_size(node: VirtualNode) -> float:
    """Megabytes of keepalived and its recorders on a node."""
    script = "for pid in $(pgrep 'keepalived|record-state'); do grep ^Pss: /proc/$pid/smaps_rollup; done"
    return sum(map(int, re.findall(r"(\d+) kB", node.run("sh", "-c", script)))) / 1024


def outage(interval: float, bare: bool) -> float:
    """Seconds from the cut of the active node's link until the other has the address."""
    site = Site(volatile())
    try:
        nodes = list(site.nodes.values())
        for number, node in enumerate(nodes, 1):
            (bare_router if bare else module_router)(node, number, interval)

        def has(node: VirtualNode) -> bool:
            return VIRTUAL in node.addresses("qrouter-r0")

        if not wait_for(lambda: sum(map(has, nodes)) == 1, 30):
            raise SystemExit("no node became active")
        active, other = sorted(nodes, key=has, reverse=True)
        watch = other.start("ip", "-n", "qrouter-r0", "-ts", "-o", "monitor", "address")
        time.sleep(1)
        cut = time.time()
        site.cables[active.name, "eth1"].near.ip("link", "set", "eth1", "down")
        wait_for(lambda: has(other), 30)
        watch.terminate()
        text = watch.communicate()[0]
    finally:
        site.close()
    moment = re.search(r"\[(\S+)\] \d+: \S+ +inet %s " % re.escape(VIRTUAL), text)
    if not moment:
        raise SystemExit("no takeover was seen: %s" % text[:200])
    return datetime.fromisoformat(moment.group(1)).timestamp() - cut


def module_router(node: VirtualNode, number: int, interval: float) -> None:
    timed(node, call(1, number, interval))


def bare_router(node: VirtualNode, number: int, interval: float) -> None:
    """keepalived alone, on the uplink itself, with one address."""
    version = 3 if interval != int(interval) else 2
    text = """
vrrp_instance bare {
    state BACKUP
    interface eth1
    virtual_router_id 1
    priority 50
    version %d
    advert_int %s
    nopreempt
    virtual_ipaddress {
        %s dev eth1
    }
}
""" % (version, interval, VIRTUAL)
    name = "/run/netns/qrouter-r0"
    script = "cat > /run/bare.conf; mkdir -p /run/netns; touch %s; mount --bind /proc/self/ns/net %s" % (name, name)
    node.run("sh", "-ec", script + "; keepalived -P -f /run/bare.conf", text=text)


def table(raw: dict[str, Any], count: int) -> list[tuple[str, float, str]]:
    making_of, rows = raw["making"], []
    rows.append(("%d routers made, to by hand" % count, making_of["made"] / making_of["by_hand"], "1.5 or less"))
    rows.append(("the same again, to making", making_of["again"] / making_of["made"], "0.25 or less"))
    share = making_of["made"] / count
    rows.append(("one router more, to one of %d" % count, making_of["one_more"] / share, "3 or less"))
    rows.append(("memory of a router, to Neutron's", making_of["memory"] / NEUTRON_ROUTER_MB, "0.025 or less"))
    if "scale" in raw:
        small, large = sorted(raw["scale"], key=int)
        per = {key: raw["scale"][key] / int(key) for key in (small, large)}
        rows.append(("cost of a router at %s, to %s" % (large, small), per[large] / per[small], "1.2 or less"))
    for interval, found in raw.get("outage", {}).items():
        ratio = found["router"] / found["bare"]
        name = "outage at %s s (%.3f s), to bare keepalived" % (interval, found["router"])
        rows.append((name, ratio, "1.2 or less"))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--routers", type=int, default=100)
    parser.add_argument("--scale", type=int, nargs="*", default=[50, 250])
    parser.add_argument("--intervals", type=float, nargs="*", default=[0.01, 0.1, 1])
    parser.add_argument("--output", type=Path, default=HERE.parents[1] / ".cache" / "bench" / "node_routers.json")
    given = parser.parse_args()
    raw: dict[str, Any] = {"making": making(given.routers)}
    if given.scale:
        raw["scale"] = {str(count): made(count) for count in given.scale}
    raw["outage"] = {
        str(interval): {"bare": outage(interval, True), "router": outage(interval, False)}
        for interval in given.intervals
    }
    rows = table(raw, given.routers)
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(json.dumps({"raw": raw, "ratios": {name: ratio for name, ratio, _aim in rows}}, indent=1))
    for name, ratio, aim in rows:
        print("%-60s %8.3f   aim: %s" % (name, ratio, aim))


if __name__ == "__main__":
    main()
