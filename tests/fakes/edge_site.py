"""What the tests of node_routers ask for: a small site in documentation ranges."""

from __future__ import annotations

from typing import Any

from virtual_node import Site, VirtualNode, volatile

VIRTUAL = "198.51.100.1/24"
NAMESPACE = "qrouter-edge1"
KEEPALIVED = "linuxbridge-vrrp-qrouter-edge1.service"


def networks(*names: str) -> list[dict[str, Any]]:
    known = {
        "ha": {"name": "ha", "kind": "vxlan", "vni": 1, "group": "239.0.0.1", "uplink": "eth1"},
        "blue": {"name": "blue", "kind": "vxlan", "vni": 2, "group": "239.0.0.2", "uplink": "eth1"},
        "green": {"name": "green", "kind": "vxlan", "vni": 3, "group": "239.0.0.3", "uplink": "eth1"},
        "provider": {"name": "provider", "kind": "flat", "uplink": "eth2"},
    }
    return [dict(known[name]) for name in names]


def router(number: int, name: str = "edge1", vrid: int = 7, **values: Any) -> dict[str, Any]:
    """A router with IPv4 and IPv6, source NAT, a floating IP and a route; number is the node's."""
    base = {
        "name": name,
        "virtual_router_id": vrid,
        "ha_network": "ha",
        "ha_address": "169.254.%d.%d/18" % (192 + vrid // 200, number + 4 * (vrid % 60)),
        "advert_interval": 1,
        "authentication": {"type": "PASS", "password": "secret"},
        "interfaces": [{"network": "blue", "addresses": [VIRTUAL, "2001:db8:1::1/64"]}],
        "external_gateway": {"network": "provider", "addresses": ["203.0.113.21/24"], "nexthops": ["203.0.113.1"]},
        "floating_ips": [{"floating_ip_address": "203.0.113.17", "fixed_ip_address": "198.51.100.10"}],
        "routes": [{"destination": "192.0.2.0/24", "nexthop": "198.51.100.254"}],
    }
    return {**base, **values}


def call(number: int, state: str = "exact", **values: Any) -> dict[str, Any]:
    """A whole call for a node; values change the router."""
    return {
        "state": state,
        "networks": networks("ha", "blue", "provider"),
        "routers": [router(number, **values)],
    }


def quick_call(number: int, **values: Any) -> dict[str, Any]:
    """A short interval, for tests that wait for a failover; it takes VRRP version 3, which has no password."""
    return call(number, **{"advert_interval": 0.2, "authentication": None, "priority": 100 - number, **values})


def make(node: VirtualNode, number: int, **values: Any) -> dict[str, Any]:
    return done(node, call(number, **values))


def done(node: VirtualNode, wanted: dict[str, Any]) -> dict[str, Any]:
    """The result of a call that must not fail."""
    result = node.module(wanted)
    assert not result.get("failed"), result["msg"]
    return result


def runs(node: VirtualNode, unit: str) -> bool:
    return "MainPID=0" not in node.run("systemctl", "show", unit)


def assert_package_is_asked_for(wanted: dict[str, Any], program: str, option: str, without: dict[str, Any]) -> None:
    """On a node without a program nothing is changed, the error names package and option, and a call without it works.

    option is its path.
    """
    site = Site(volatile(), ["alone"])
    try:
        node = site.nodes["alone"]
        node.run("mount", "--bind", "/dev/null", "/usr/sbin/" + program)
        refused = node.module(wanted)
        assert refused["failed"] and not refused["changed"]
        assert refused["msg"].startswith("need package %s, which is not installed, for %s" % (program, option))
        assert "brqblue" not in node.ip("link") and NAMESPACE not in node.ip("netns")
        done(node, without)
    finally:
        site.close()


def active(nodes: list[VirtualNode], namespace: str = NAMESPACE) -> list[str]:
    """Names of the nodes that have the router's address."""
    return [node.name for node in nodes if VIRTUAL in node.addresses(namespace)]
