"""What bench/node_routers.py and bench/takeover.py ask of a node, by the module and by hand."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Protocol

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT / "tests" / "fakes"), str(CHECKOUT / ".cache" / "collections")]
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import node_anatomy, node_commands, node_target
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived import render

#: Routers on one HA network hear each other, so they are spread, here as by hand.
PER_HA_NETWORK = 50
VIRTUAL = "198.51.100.1/24"
#: Seconds between advertisements of routers that are only made: none becomes active, and floods the bridges with
#: gratuitous ARP, before all are there, by hand or not.
SLOW = 40.0


def call(count: int, number: int = 1, interval: float = SLOW) -> dict[str, Any]:
    """Routers with three interfaces each: HA, inside, gateway with source NAT. number: of the node."""
    wires = [{"name": "ha%d" % at, "kind": "vxlan", "vni": 10 + at, "group": "239.0.1.%d" % at, "uplink": "eth1"}
             for at in range((count - 1) // PER_HA_NETWORK + 1)]  # fmt: skip
    inside = {"name": "inside", "kind": "vxlan", "vni": 2, "group": "239.0.0.2", "uplink": "eth1"}
    return {
        "state": "exact",
        "networks": [*wires, inside, {"name": "provider", "kind": "flat", "uplink": "eth2"}],
        "routers": [router(at, number, interval) for at in range(count)],
    }


def router(at: int, number: int = 1, interval: float = SLOW) -> dict[str, Any]:
    inside = VIRTUAL if not at else "10.%d.%d.1/24" % (at // 250 + 1, at % 250)
    return {
        "name": "r%d" % at,
        "virtual_router_id": at % PER_HA_NETWORK + 1,
        "ha_network": "ha%d" % (at // PER_HA_NETWORK),
        "ha_address": "169.254.%d.%d/18" % (192 + number, at % PER_HA_NETWORK + 1),
        "priority": 100 - 20 * number,
        "advert_interval": interval,
        "interfaces": [{"network": "inside", "addresses": [inside]}],
        "external_gateway": {"network": "provider", "addresses": ["198.18.%d.%d/16" % (at // 250, at % 250 + 2)]},
    }  # fmt: skip


class Node(Protocol):
    """One that runs the module: a host of a lab, or a virtual node."""

    def module(self, params: dict[str, Any]) -> dict[str, Any]: ...


def made(node: Node, params: dict[str, Any], changed: bool = True) -> None:
    result = node.module(params)
    if result.get("failed") or result["changed"] != changed:
        said = result.get("msg") or result["actions"][:3]
        raise SystemExit("a run did not do what it was measured for: %s" % said)


def by_hand(count: int) -> str:
    """A shell script: ip -batch once for the node and once for each namespace, nft and keepalived once each.

    Like the module it has ended when every keepalived runs.
    """
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
    waits = ["until [ -s /run/hand-%s.vrrp.pid ]; do sleep 0.01; done" % item.name for item in spec.routers]
    return "\n".join(["set -e", "ip -batch - <<'END'", *outside, "END", *inside, *waits]) + "\n"
