"""Which routers a call is about, and that a plan is about no others."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import (
    node_anatomy,
    node_names,
    node_record,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_boot import PATHS
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_have import Have
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_plan import plan
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_reach import reach
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_spec import NodeSpec
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_target import Want, parse_call, target

sys.path.insert(0, str(Path(__file__).parents[4] / "fakes"))
import settled_node

NETWORKS = [
    {"name": name, "kind": "vxlan", "vni": vni, "group": "239.0.0.%d" % vni, "uplink": "eth1"}
    for vni, name in enumerate(("ha", "blue"), 1)
]


def router(number: int, **values: Any) -> dict[str, Any]:
    return {
        "name": "edge%d" % number,
        "virtual_router_id": number,
        "ha_network": "ha",
        "ha_address": "169.254.192.%d/18" % number,
        "interfaces": [{"network": "blue", "addresses": ["198.51.100.%d/24" % number]}],
        **values,
    }


def spec_of(*routers: dict[str, Any]) -> NodeSpec:
    return parse_call({"state": "exact", "networks": NETWORKS, "routers": list(routers)}).spec.ordered()


TWO = spec_of(router(1), router(2))


def reached(have: Have, **call: Any) -> frozenset[str] | None:
    return reach(have.record, have.links, have.flooding, parse_call(call))


def planned(have: Have, names: frozenset[str] | None, want: Want) -> list[str]:
    """What is done when only these routers' namespaces were looked at."""
    seen = {name: inside for name, inside in have.namespaces.items() if names is None or name in names}
    services = {name: found for name, found in have.services.items() if names is None or name in names}
    narrow = dataclasses.replace(have, namespaces=seen, services=services, reach=names)
    return plan(narrow, target(narrow, want)).actions


def test_present_reaches_the_routers_that_it_names() -> None:
    have = settled_node.have(TWO)
    assert reached(have, state="present", routers=[router(2, priority=60), router(3)]) == {
        "qrouter-edge2",
        "qrouter-edge3",
    }


def test_absent_reaches_the_routers_that_it_names() -> None:
    assert reached(settled_node.have(TWO), state="absent", routers=[{"name": "edge1"}]) == {"qrouter-edge1"}


@pytest.mark.parametrize("state", ["exact", "gathered"])
def test_what_does_not_only_name_some_reaches_all(state: str) -> None:
    assert reached(settled_node.have(TWO), state=state, networks=NETWORKS, routers=[router(1)]) is None


def test_a_network_that_changes_or_is_new_reaches_all() -> None:
    have = settled_node.have(TWO)
    changed, new = {**NETWORKS[1], "mtu": 1400}, {**NETWORKS[1], "name": "green", "vni": 3}
    assert reached(have, state="present", networks=[NETWORKS[0]], routers=[router(1)]) is not None
    assert reached(have, state="present", networks=[changed], routers=[router(1)]) is None
    assert reached(have, state="present", networks=[new], routers=[router(1)]) is None


def test_a_network_that_somebody_changed_to_what_is_now_wanted_reaches_all_for_routers_on_it_have_not_changed() -> None:
    changed = {**NETWORKS[1], "mtu": 1400}
    call = {"state": "exact", "networks": [NETWORKS[0], changed], "routers": [router(1), router(2)]}
    by_hand = settled_node.have(parse_call(call).spec.ordered())
    have = dataclasses.replace(settled_node.have(TWO), links=by_hand.links, flooding=by_hand.flooding)
    assert reached(have, state="present", networks=[changed], routers=[router(1)]) is None


@pytest.mark.parametrize("device", ["brqblue", "vxlan-2"])
def test_a_network_that_is_not_as_it_should_be_reaches_all(device: str) -> None:
    have = settled_node.have(TWO)
    gone = {name: link for name, link in have.links.items() if name != device}
    down = {**have.links, device: dataclasses.replace(have.links[device], up=False)}
    for links in (gone, down):
        assert reached(dataclasses.replace(have, links=links), state="present", routers=[router(1)]) is None


def test_a_run_that_did_not_come_to_its_end_makes_the_next_one_reach_all() -> None:
    have = settled_node.have(TWO)
    killed = dataclasses.replace(have, record=dataclasses.replace(have.record, unfinished=True))
    assert reached(killed, state="present", routers=[router(3)]) is None
    assert reached(killed, state="absent", routers=[{"name": "edge1"}]) is None


def test_a_run_is_unfinished_from_its_first_step_to_its_last() -> None:
    steps = plan(settled_node.empty(TWO), TWO).steps
    first, last = (node_record.read(step.payload[0].text, "") for step in (steps[0], steps[-1]))
    assert first.unfinished and not last.unfinished
    assert last == settled_node.have(TWO).record


def test_what_a_killed_run_left_is_completed_when_nothing_else_is_to_do() -> None:
    have = settled_node.have(TWO)
    killed = dataclasses.replace(have, record=dataclasses.replace(have.record, unfinished=True))
    texts = {**have.files, PATHS.record: dataclasses.replace(have.files[PATHS.record], text="")}
    assert plan(dataclasses.replace(killed, files=texts), TWO).actions[-1] == "complete " + PATHS.record


def test_one_more_router_is_planned_as_if_all_had_been_looked_at() -> None:
    have, want = settled_node.have(TWO), parse_call({"state": "present", "routers": [router(3)]})
    assert planned(have, frozenset({"qrouter-edge3"}), want) == planned(have, None, want)


def test_a_router_that_goes_is_planned_as_if_all_had_been_looked_at() -> None:
    have, want = settled_node.have(TWO), parse_call({"state": "absent", "routers": [{"name": "edge1"}]})
    assert planned(have, frozenset({"qrouter-edge1"}), want) == planned(have, None, want)


def test_a_script_of_a_router_that_is_gone_is_made_again_out_of_reach_too() -> None:
    have, path = settled_node.have(TWO), PATHS.router("qrouter-edge1")
    files = {name: file for name, file in have.files.items() if name != path}
    have = dataclasses.replace(have, files=files, scripts=have.scripts - {path})
    want = parse_call({"state": "present", "routers": [router(2)]})
    assert planned(have, frozenset({"qrouter-edge2"}), want) == ["write " + path]


def test_the_script_of_a_router_that_goes_is_removed_when_nothing_runs_it_any_more() -> None:
    have, want = settled_node.have(TWO), parse_call({"state": "absent", "routers": [{"name": "edge1"}]})
    actions = planned(have, frozenset({"qrouter-edge1"}), want)
    at = actions.index("write " + PATHS.script)
    assert actions[at + 1] == "remove " + PATHS.router("qrouter-edge1")
    assert PATHS.router("qrouter-edge2") in have.files and not any("edge2" in action for action in actions)


def test_the_last_router_with_a_daemon_takes_its_files_along_and_another_keeps_them() -> None:
    both = spec_of(router(1, connection_tracking=True), router(2, connection_tracking=True))
    one = spec_of(router(1, connection_tracking=True), router(2))
    want = parse_call({"state": "absent", "routers": [{"name": "edge1"}]})
    shared = "remove /etc/linuxbridge-vrrp/conntrackd/follow"
    assert shared not in planned(settled_node.have(both), frozenset({"qrouter-edge1"}), want)
    assert shared in planned(settled_node.have(one), frozenset({"qrouter-edge1"}), want)


def test_what_is_wrong_with_a_router_that_is_not_reached_is_left() -> None:
    have = settled_node.have(TWO)
    broken = {**have.namespaces, "qrouter-edge1": dataclasses.replace(have.namespaces["qrouter-edge1"], links={})}
    have, want = dataclasses.replace(have, namespaces=broken), parse_call({"state": "present", "routers": [router(2)]})
    assert planned(have, frozenset({"qrouter-edge2"}), want) == []
    assert any("qrouter-edge1" in action for action in planned(have, None, want))


def test_a_number_that_a_router_out_of_reach_has_is_refused() -> None:
    want = parse_call({"state": "present", "routers": [router(3, virtual_router_id=1)]})
    with pytest.raises(SpecError, match=r"routers\[0\].virtual_router_id: 1 is already used on this HA network"):
        planned(settled_node.have(TWO), frozenset({"qrouter-edge3"}), want)


def test_a_script_of_a_router_that_was_edited_is_kept_only_out_of_reach() -> None:
    have, path = settled_node.have(TWO), PATHS.router("qrouter-edge1")
    edited = dataclasses.replace(have.files[path], text=have.files[path].text + "exit 1\n")
    have = dataclasses.replace(have, files={**have.files, path: edited})
    for number, wanted in ((2, []), (1, ["write " + path])):
        want = parse_call({"state": "present", "routers": [router(number)]})
        assert planned(have, frozenset({"qrouter-edge%d" % number}), want) == wanted


@settings(max_examples=15)
@given(settled_node.calls())
def test_what_is_owned_is_what_the_anatomy_has(call: dict[str, Any]) -> None:
    spec = parse_call({"state": "exact", **call}).spec.ordered()
    anatomies = [node_anatomy.router_anatomy(one, spec) for one in spec.routers]
    devices = {tap.name for anatomy in anatomies for tap in anatomy.taps}
    devices |= {one.name for network in spec.networks for one in node_anatomy.network_devices(network) if one.kind}
    assert node_record.owned(spec).devices == devices
    assert node_record.owned(spec).namespaces == {node_names.namespace(one.name) for one in spec.routers}


def test_an_ha_network_that_is_its_own_wire_needs_no_tap() -> None:
    wire = {"name": "ha", "kind": "flat", "uplink": "eth2"}
    call = {"state": "exact", "networks": [wire, NETWORKS[1]], "routers": [router(1)]}
    spec = parse_call(call).spec.ordered()
    taps = {tap.name for tap in node_anatomy.router_anatomy(spec.routers[0], spec).taps}
    assert len(taps) == 1 and {name for name in node_record.owned(spec).devices if name.startswith("tap")} == taps
