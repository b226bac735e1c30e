# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A router's nftables table, in the JSON that ``nft -j list table`` prints (libnftables-json(5)).

The same value is loaded and compared, so what is loaded is what is read back. The rules are those of Neutron's router
(l3/router_info.py): floating IPs 1:1 both ways, source NAT to the gateway's first address, hairpins through it; and a
chain of our own that keeps a node without addresses silent, for every node has the same MAC addresses and one frame
from the wrong one makes the switches learn it there.
"""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import node_names
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_spec import FloatingIp, Router

FAMILY, TABLE = "inet", "linuxbridge_vrrp"

Json = dict[str, Any]

#: Chain: type, hook and priority. Hooks as in nft(8); -100 is dstnat, 100 srcnat, 0 filter.
_CHAINS = {
    "prerouting": ("nat", "prerouting", -100),
    "output": ("nat", "output", -100),
    "postrouting": ("nat", "postrouting", 100),
    "silence": ("filter", "output", 0),
    "unknown": ("filter", "input", 0),
}


def ruleset(router: Router) -> tuple[Json, ...]:
    """The objects of the table, in the order in which nft lists them."""
    unknown = _unknown(router)
    chains = [_chain(name, *values) for name, values in _CHAINS.items() if name != "unknown" or unknown]
    rules = [*_floating(router), *_source_nat(router)]
    rules += [_rule("silence", _match(_payload(protocol, "saddr"), nobody), {"drop": None})
              for protocol, nobody in (("ip", "0.0.0.0"), ("ip6", "::"))]  # fmt: skip
    return ({"table": {"family": FAMILY, "name": TABLE}}, *chains, *rules, *unknown)


def load_text(objects: tuple[Json, ...]) -> str:
    """Input for ``nft -j -f -``: the table is replaced in one transaction, whether it was there or not."""
    table = {"table": {"family": FAMILY, "name": TABLE}}
    commands = [{"add": table}, {"delete": table}, *({"add": item} for item in objects)]
    return json.dumps({"nftables": commands})


def canonical(listing: str) -> tuple[Json, ...]:
    """What ``nft -j list table`` printed, without handles and in one order: compares with ruleset()."""
    objects = [item for item in json.loads(listing or "{}").get("nftables", []) if "metainfo" not in item]
    order = {"table": 0, "chain": 1, "rule": 2}
    return tuple(
        sorted(map(_canonical, objects), key=lambda item: (order.get(next(iter(item)), 3), _chain_order(item)))
    )


def floating_ips(objects: tuple[Json, ...]) -> tuple[FloatingIp, ...]:
    """The floating IPs that a listed table has."""
    for rule in _rules(objects, "prerouting"):
        for statement in rule["expr"]:
            found = statement.get("dnat", {}).get("addr", {})
            if isinstance(found, dict) and "map" in found:
                return tuple(FloatingIp(outer, inner) for outer, inner in found["map"]["data"]["set"])
    return ()


def source_address(objects: tuple[Json, ...]) -> str | None:
    """The address that a listed table gives to what leaves by the gateway; None without source NAT."""
    for rule in _rules(objects, "postrouting"):
        address = rule["expr"][-1].get("snat", {}).get("addr")
        if isinstance(address, str):
            return address
    return None


def snat_address(router: Router) -> str | None:
    """The gateway's first IPv4 address, when it is to do source NAT."""
    gateway = router.external_gateway
    if gateway is None or not gateway.enable_snat:
        return None
    return next((address.split("/")[0] for address in gateway.addresses if ":" not in address), None)


def _floating(router: Router) -> list[Json]:
    pairs = router.floating_ips
    if not pairs or router.external_gateway is None:
        return []
    inward = _map("daddr", [[pair.floating_ip_address, pair.fixed_ip_address] for pair in pairs])
    outward = _map("saddr", sorted([pair.fixed_ip_address, pair.floating_ip_address] for pair in pairs))
    return [
        _rule("prerouting", {"dnat": {"family": "ip", "addr": inward}}),
        _rule("output", {"dnat": {"family": "ip", "addr": inward}}),
        _rule("postrouting", _outside(router), {"snat": {"family": "ip", "addr": outward}}),
    ]


def _source_nat(router: Router) -> list[Json]:
    address = snat_address(router)
    if address is None:
        return []
    snat = {"snat": {"family": "ip", "addr": address}}
    inward = {"match": {"op": "in", "left": {"ct": {"key": "status"}}, "right": "dnat"}}
    # A host inside that calls another one by its floating IP would get the answer straight from that one. What comes
    # from outside keeps its address, as with Neutron.
    inside = [_match({"meta": {"key": key}}, "qr-*") for key in ("iifname", "oifname")]
    return [
        _rule("postrouting", _outside(router), _match({"meta": {"key": "nfproto"}}, "ipv4"), snat),
        _rule("postrouting", *inside, inward, snat),
    ]


def _unknown(router: Router) -> list[Json]:
    """Packets to the address of source NAT of connections that this node is only about to be told of are dropped.

    It has the address some milliseconds before conntrackd has given the kernel the connections. Answered, a segment
    would cost the connection by a reset; taken for a new connection, a datagram would be in the way of the old one.
    """
    gateway, address = router.external_gateway, snat_address(router)
    if not router.connection_tracking or gateway is None or address is None:
        return []
    came = _match({"meta": {"key": "iifname"}}, node_names.device("qg", gateway.network))
    to = _match(_payload("ip", "daddr"), address)
    segment = {"match": {"op": "in", "left": _payload("tcp", "flags"), "right": "ack"}}
    return [
        *(_rule("unknown", came, to, _in_state(state), segment, {"drop": None}) for state in ("new", "invalid")),
        _rule("unknown", came, to, _in_state("new"), _match({"meta": {"key": "l4proto"}}, "udp"), {"drop": None}),
    ]


def _in_state(state: str) -> Json:
    return {"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": state}}


def _outside(router: Router) -> Json:
    gateway = router.external_gateway
    if gateway is None:
        raise ValueError("router %s has no gateway to translate addresses at" % router.name)
    return _match({"meta": {"key": "oifname"}}, node_names.device("qg", gateway.network))


def _map(field: str, pairs: list[list[str]]) -> Json:
    return {"map": {"key": _payload("ip", field), "data": {"set": sorted(pairs)}}}


def _payload(protocol: str, field: str) -> Json:
    return {"payload": {"protocol": protocol, "field": field}}


def _match(left: Json, right: str) -> Json:
    return {"match": {"op": "==", "left": left, "right": right}}


def _chain(name: str, kind: str, hook: str, priority: int) -> Json:
    where = {"family": FAMILY, "table": TABLE, "name": name}
    return {"chain": {**where, "type": kind, "hook": hook, "prio": priority, "policy": "accept"}}


def _rule(chain: str, *expressions: Json) -> Json:
    return {"rule": {"family": FAMILY, "table": TABLE, "chain": chain, "expr": list(expressions)}}


def _rules(objects: tuple[Json, ...], chain: str) -> list[Json]:
    return [item["rule"] for item in objects if "rule" in item and item["rule"]["chain"] == chain]


def _canonical(item: Any) -> Any:
    """Without handles, and with the elements of sets and maps sorted: the kernel lists them in its own order."""
    if isinstance(item, list):
        return [_canonical(element) for element in item]
    if not isinstance(item, dict):
        return item
    clean = {key: _canonical(value) for key, value in item.items() if key != "handle"}
    if isinstance(clean.get("set"), list):
        clean["set"] = sorted(clean["set"], key=json.dumps)
    return clean


def _chain_order(item: Json) -> int:
    value = next(iter(item.values()))
    name = value.get("chain", value.get("name", ""))
    return list(_CHAINS).index(name) if name in _CHAINS else len(_CHAINS)
