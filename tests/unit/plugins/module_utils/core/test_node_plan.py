"""A specification, the node that has it, and the way between them."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject, settings

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import (
    keepalived,
    node_anatomy,
    node_boot,
    node_record,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_service import Process
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_anatomy import Device
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_commands import Batch, ConfigTest
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_gather import gather, lost
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_have import Have, Later
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_plan import plan
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_spec import NodeSpec, to_words
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_target import Want, parse_call, target
from ansible_collections.linuxbridge.vrrp.tests.oracles import node_calls

sys.path.insert(0, str(Path(__file__).parents[4] / "fakes"))
import settled_node


def spec_of(call: dict[str, Any]) -> NodeSpec:
    return parse_call({"state": "exact", **call}).spec.ordered()


@settings(max_examples=15)
@given(settled_node.calls())
def test_a_node_that_has_what_is_wanted_is_left_alone(call: dict[str, Any]) -> None:
    spec = spec_of(call)
    result = plan(settled_node.have(spec), spec)
    assert result.actions == [] and result.before == result.after


def test_what_needs_no_answer_of_systemd_does_not_wait_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = spec_of(base())
    empty, done = settled_node.empty(spec), []
    write, files = node_record.write, node_boot.files
    monkeypatch.setattr(node_record, "write", lambda record: done.append("record") or write(record))
    monkeypatch.setattr(node_boot, "files", lambda *given: done.append("boot") or files(*given))
    asked = plan(dataclasses.replace(empty, services=Later(lambda: done.append("services") or {})), spec)
    assert done == ["record", "boot", "services", "record"]
    assert asked == plan(empty, spec)


@settings(max_examples=15)
@given(settled_node.calls())
def test_what_is_gathered_is_what_was_asked_for(call: dict[str, Any]) -> None:
    spec = spec_of(call)
    assert gather(settled_node.have(spec)) == spec


@settings(max_examples=60, suppress_health_check=[HealthCheck.filter_too_much])
@given(node_calls.calls())
def test_whatever_is_accepted_is_gathered_and_read_back_the_same(call: dict[str, Any]) -> None:
    try:
        spec = spec_of(call)
    except SpecError:
        reject()
    have = settled_node.have(spec)
    assert gather(have) == spec
    assert node_record.read(node_record.write(have.record), "node.json").spec == spec
    assert spec_of(to_words(gather(have))) == spec


@settings(max_examples=15)
@given(settled_node.calls())
def test_the_words_of_a_specification_parse_back_to_it(call: dict[str, Any]) -> None:
    spec = spec_of(call)
    assert spec_of(to_words(spec)) == spec


@settings(max_examples=15)
@given(settled_node.calls())
def test_the_record_is_read_back_as_it_was_written(call: dict[str, Any]) -> None:
    record = settled_node.have(spec_of(call)).record
    assert node_record.read(node_record.write(record), "node.json") == record


@settings(max_examples=15)
@given(settled_node.calls())
def test_every_configuration_has_no_problem_and_is_read_back(call: dict[str, Any]) -> None:
    spec = spec_of(call)
    for router in spec.routers:
        configuration = node_anatomy.router_anatomy(router, spec).configuration
        assert keepalived.problems(configuration) == []
        assert keepalived.read(keepalived.parse(keepalived.render(configuration))) == configuration


@settings(max_examples=15)
@given(settled_node.calls())
def test_what_is_to_be_made_is_written_down_before_anything_is_made(call: dict[str, Any]) -> None:
    spec = spec_of(call)
    steps = plan(settled_node.empty(spec), spec).steps
    assert steps[0].object == "/etc/linuxbridge-vrrp/node.json"
    assert node_record.read(steps[0].payload[0].text, "").owned == node_record.owned(spec)


@settings(max_examples=15)
@given(settled_node.calls())
def test_what_was_removed_is_struck_out_last(call: dict[str, Any]) -> None:
    spec = spec_of(call)
    steps = plan(settled_node.have(spec), NodeSpec()).steps
    first, last = (node_record.read(step.payload[0].text, "") for step in (steps[0], steps[-1]))
    assert first.owned == node_record.owned(spec) and last.owned == node_record.owned(NodeSpec())


def test_a_removed_interface_goes_after_keepalived_has_let_go_of_it() -> None:
    call = base()
    before, legs = spec_of(call), call["routers"][0]["interfaces"]
    actions = plan(settled_node.have(before), spec_of(base(interfaces=legs[:1]))).actions
    reload = actions.index("reload linuxbridge-vrrp-qrouter-edge1.service")
    assert reload < actions.index("remove device qr-green of qrouter-edge1")


def test_a_changed_virtual_router_id_is_a_restart_and_said_to_be_one() -> None:
    changed = plan(settled_node.have(spec_of(base())), spec_of(base(virtual_router_id=9)))
    assert [step.verb for step in changed.steps if "edge1.service" in step.object] == ["restart"]
    assert any("restart" in warning for warning in changed.warnings)


def test_keepalived_is_told_of_an_ha_interface_that_is_made_anew() -> None:
    spec = spec_of(base())
    have = settled_node.have(spec)
    namespace = have.namespaces["qrouter-edge1"]
    links = {name: link for name, link in namespace.links.items() if name != "ha-ha"}
    lacking = dataclasses.replace(have, namespaces={"qrouter-edge1": dataclasses.replace(namespace, links=links)})
    again = "reload linuxbridge-vrrp-qrouter-edge1.service"
    assert plan(lacking, spec).actions == ["remake device ha-ha of qrouter-edge1", again]
    assert plan(lacking, spec_of(base(priority=77))).actions.count(again) == 1
    dead = dataclasses.replace(lacking.services["qrouter-edge1"], process=None)
    actions = plan(dataclasses.replace(lacking, services={"qrouter-edge1": dead}), spec).actions
    assert again not in actions and "start linuxbridge-vrrp-qrouter-edge1.service" in actions


@pytest.mark.parametrize("enable_snat", [True, False])
@pytest.mark.parametrize(
    "addresses",
    [["203.0.113.30/24", "203.0.113.21/24"], ["2001:db8::1/64", "203.0.113.30/24", "203.0.113.21/24"]],
)
def test_the_address_of_source_nat_is_gathered_as_the_first(addresses: list[str], enable_snat: bool) -> None:
    gateway = {"network": "provider", "addresses": addresses, "enable_snat": enable_snat}
    spec = spec_of(base(external_gateway=gateway))
    assert gather(settled_node.have(spec)) == spec
    found = spec.routers[0].external_gateway
    assert found and found.addresses[0] == ("203.0.113.30/24" if enable_snat else "203.0.113.21/24")


def test_what_is_too_broken_to_be_gathered_is_named() -> None:
    have = settled_node.have(spec_of(base()))
    assert lost(have, gather(have)) == []
    blind = dataclasses.replace(have.services["qrouter-edge1"], configuration=None)
    broken = dataclasses.replace(have, services={"qrouter-edge1": blind})
    (text,) = lost(broken, gather(broken))
    assert text.startswith("router edge1 is too broken to be gathered")


def with_ha_addresses(have: Have, *addresses: str) -> Have:
    namespace = have.namespaces["qrouter-edge1"]
    link = namespace.links["ha-ha"]
    other = dataclasses.replace(link, device=dataclasses.replace(link.device, addresses=addresses))
    return inside(have, links={**namespace.links, "ha-ha": other})


def test_a_router_is_gathered_with_the_ha_address_that_it_was_given_and_not_without_one() -> None:
    spec = spec_of(base())
    have = settled_node.have(spec)
    (own,) = have.namespaces["qrouter-edge1"].links["ha-ha"].device.addresses
    assert gather(with_ha_addresses(have, "198.51.100.77/24", own)) == spec
    broken = with_ha_addresses(have, "fe80::1/64")
    (text,) = lost(broken, gather(broken))
    assert text.startswith("router edge1 is too broken to be gathered")


def inside(have: Have, **values: Any) -> Have:
    """The node with something else in the namespace of its router."""
    changed = dataclasses.replace(have.namespaces["qrouter-edge1"], **values)
    return dataclasses.replace(have, namespaces={**have.namespaces, "qrouter-edge1": changed})


@pytest.mark.parametrize("broken", ["qr-blue", "qg-provider", "NAT"])
def test_a_router_without_a_device_or_its_nat_is_not_gathered_as_one_that_has_less(broken: str) -> None:
    have = settled_node.have(spec_of(base()))
    links = {name: link for name, link in have.namespaces["qrouter-edge1"].links.items() if name != broken}
    less = inside(have, links=links) if broken != "NAT" else inside(have, nat=())
    assert gather(less).routers == () and len(lost(less, gather(less))) == 1


def test_devices_that_keepalived_does_not_know_are_not_gathered() -> None:
    spec = spec_of(base())
    have = settled_node.have(spec)
    links = dict(have.namespaces["qrouter-edge1"].links)
    for name in ("qr-aaa", "qg-aaa"):
        links[name] = dataclasses.replace(links["qr-blue"], device=Device(name, "bridge"))
    assert gather(inside(have, links=links)) == spec


def test_on_a_node_without_an_uplink_a_router_can_be_removed_and_nothing_is_made() -> None:
    call = base()
    call["routers"].append({**call["routers"][0], "name": "edge2", "virtual_router_id": 8, "ha_address": "10.9.9.9/24"})
    for number, router in enumerate(call["routers"]):
        router.update(interfaces=[], external_gateway=None, floating_ips=[], routes=[], priority=50 + number)
    have = settled_node.have(spec_of(call))
    for uplink in ("eth1", "eth2"):
        devices = {name for name, link in have.links.items() if uplink in (link.device.name, link.device.lower)}
        links = {name: link for name, link in have.links.items() if name not in devices}
        less = dataclasses.replace(have, links=links)
        spec = target(less, Want("absent", routers=("edge2",)))
        assert not [one for one in plan(less, spec).actions if one.startswith(("make", "remake", "set"))]


def test_on_a_node_that_has_nothing_there_is_nothing_to_remove() -> None:
    want = Want("absent", networks=("ha",), routers=("edge1",))
    assert plan(Have(), target(Have(), want)).actions == []


def test_no_password_is_in_a_plan() -> None:
    secret = {"type": "PASS", "password": "topsecre"}
    spec = spec_of(base(authentication=secret))
    made = plan(settled_node.empty(spec), spec)
    changed = plan(settled_node.have(spec), spec_of(base(authentication={**secret, "password": "othersec"})))
    assert changed.steps and "secre" not in str((made, changed)) and "othersec" not in str(changed)


def test_an_active_router_keeps_its_virtual_addresses_and_a_backup_does_not() -> None:
    spec = spec_of(base())
    backup = with_address(settled_node.have(spec), "qr-blue", "198.51.100.1/24")
    assert plan(backup, spec).actions == ["remove address 198.51.100.1/24 of device qr-blue of qrouter-edge1"]
    assert plan(with_address(backup, "ha-ha", "169.254.0.7/24"), spec).actions == []


@pytest.mark.parametrize(
    ("changed", "seconds", "restarts"),
    [
        ({}, 6, True),
        # It may be at it.
        ({}, 4, False),
        # The clock was set back.
        ({}, -3600, True),
        ({"since": 1003.0}, 6, False),
        ({"state": "backup"}, 6, False),
        ({"process": Process(1, loaded=None, loaded_at=1000.0)}, 6, False),
    ],
)
def test_an_active_router_that_goes_on_without_an_address_is_started_anew(
    changed: dict[str, Any], seconds: float, restarts: bool
) -> None:
    spec = spec_of(base())
    settled = settled_node.have(spec)
    found = settled.services["qrouter-edge1"]
    assert found.process
    process = dataclasses.replace(found.process, loaded_at=1000.0)
    service = dataclasses.replace(found, **{"state": "master", "since": 999.0, "process": process, **changed})
    have = dataclasses.replace(settled, services={"qrouter-edge1": service}, at=1000 + seconds)
    for address in node_anatomy.router_anatomy(spec.routers[0], spec).configuration.instances[0].virtual_addresses:
        have = with_address(have, address.interface or "", address.address)
    result = plan(have, spec)
    verbs = [step.verb for step in result.steps]
    assert ("restart" in verbs) == restarts and set(verbs) <= {"restart", "reload"}
    assert len(result.warnings) == restarts


def test_a_password_that_is_not_given_is_the_one_that_the_node_has() -> None:
    have = settled_node.have(spec_of(base(authentication={"type": "PASS", "password": "known"})))
    want = parse_call({"state": "present", **base(authentication={"type": "PASS"})})
    assert target(have, want).routers[0].authentication.password == "known"


def test_absent_takes_names_only_and_keeps_the_rest() -> None:
    have = settled_node.have(spec_of(base()))
    assert target(have, Want("absent", routers=("edge1",))).routers == ()
    assert len(target(have, Want("absent", routers=("edge1",))).networks) == 4


def base(**values: Any) -> dict[str, Any]:
    networks = [
        {"name": name, "kind": "vxlan", "vni": vni, "group": "239.0.0.%d" % vni, "uplink": "eth1"}
        for vni, name in enumerate(("ha", "blue", "green"), 1)
    ]
    router = {
        "name": "edge1",
        "virtual_router_id": 7,
        "ha_network": "ha",
        "ha_address": "169.254.192.1/18",
        "interfaces": [
            {"network": "blue", "addresses": ["198.51.100.1/24"]},
            {"network": "green", "addresses": ["198.51.101.1/24"]},
        ],
        "external_gateway": {"network": "provider", "addresses": ["203.0.113.21/24"], "nexthops": ["203.0.113.1"]},
    }
    provider = {"name": "provider", "kind": "flat", "uplink": "eth2"}
    return {"networks": [*networks, provider], "routers": [{**router, **values}]}


def with_address(have: Have, device: str, address: str) -> Have:
    """The node with one more address on a device of its router."""
    namespace = have.namespaces["qrouter-edge1"]
    link = namespace.links[device]
    more = dataclasses.replace(link.device, addresses=(*link.device.addresses, address))
    links = {**namespace.links, device: dataclasses.replace(link, device=more)}
    changed = dataclasses.replace(namespace, links=links)
    return dataclasses.replace(have, namespaces={"qrouter-edge1": changed})


def test_the_files_of_keepalived_that_are_shown_are_those_for_the_one_that_is_there() -> None:
    result = plan(Have(capabilities=keepalived.Capabilities.of_version((2, 1, 5), ["DBUS"])), spec_of(base()))
    shown = [page for key, page in result.after.items() if key.startswith("keepalived of ")]
    assert [page.count("Type=simple") for page in shown] == [1]


def test_a_node_without_keepalived_or_nftables_is_told_so_first() -> None:
    spec = spec_of(base())
    bare = dataclasses.replace(settled_node.empty(spec), keepalived=False, nftables=False)
    needs = ["need keepalived, which is not installed", "need nftables, which is not installed"]
    assert plan(bare, spec).actions[:2] == needs


def test_a_record_that_others_may_read_is_written_again() -> None:
    spec = spec_of(base())
    have = settled_node.have(spec)
    path = "/etc/linuxbridge-vrrp/node.json"
    readable = {**have.files, path: dataclasses.replace(have.files[path], mode=0o644)}
    assert plan(dataclasses.replace(have, files=readable), spec).actions == ["write " + path]


def test_addresses_go_with_a_device_that_is_made_anew() -> None:
    spec = spec_of(base())
    have = with_address(settled_node.have(spec), "ul-eth1", "2001:db8::1/64")
    namespace = have.namespaces["qrouter-edge1"]
    link = namespace.links["ul-eth1"]
    wrong = dataclasses.replace(link, device=dataclasses.replace(link.device, kind="bridge"))
    changed = dataclasses.replace(namespace, links={**namespace.links, "ul-eth1": wrong})
    other = dataclasses.replace(have, namespaces={"qrouter-edge1": changed})
    assert plan(other, spec).actions == ["remake device ul-eth1 of qrouter-edge1"]


@pytest.mark.parametrize(
    ("all_of_them", "actions"),
    [
        ("0", ["set net/ipv4/ip_forward of qrouter-edge1"]),
        ("1", ["set net/ipv4/conf/qr-blue/forwarding of qrouter-edge1"]),
    ],
)
def test_what_a_sysctl_sets_on_all_devices_is_not_set_once_more_on_each(all_of_them: str, actions: list[str]) -> None:
    spec = spec_of(base())
    have = settled_node.have(spec)
    namespace = have.namespaces["qrouter-edge1"]
    link = dataclasses.replace(namespace.links["qr-blue"], sysctls={"net/ipv4/conf/%s/forwarding": "0"})
    changed = dataclasses.replace(
        namespace,
        links={**namespace.links, "qr-blue": link},
        sysctls={**namespace.sysctls, "net/ipv4/ip_forward": all_of_them},
    )
    assert plan(dataclasses.replace(have, namespaces={"qrouter-edge1": changed}), spec).actions == actions


def test_routers_are_made_fifty_in_a_step_and_shown_each() -> None:
    one = base()["routers"][0]
    routers = [
        {**one, "name": "r%02d" % at, "virtual_router_id": at + 1, "ha_address": "169.254.192.%d/18" % (at + 1)}
        for at in range(51)
    ]
    for at, router in enumerate(routers):
        router["external_gateway"] = {"network": "provider", "addresses": ["203.0.113.%d/24" % (at + 1)]}
        router["interfaces"] = [{"network": "blue", "addresses": ["198.51.100.%d/24" % (at + 1)]}]
    spec = spec_of({**base(), "routers": routers})
    result = plan(settled_node.empty(spec), spec)
    made = [action for action in result.actions if action.startswith("make router ")]
    names = ["qrouter-r%02d" % at for at in range(51)]
    assert made == ["make router " + " ".join(names[:50]), "make router " + names[50]]
    assert {"router " + name for name in names} <= set(result.after)


def test_the_devices_of_a_router_that_goes_are_one_deletion_in_its_namespace() -> None:
    have = settled_node.have(spec_of(base()))
    steps = plan(have, spec_of({**base(), "routers": []})).steps
    inside, namespace = next(step for step in steps if str(step) == "remove router qrouter-edge1").payload
    *marks, deletion = inside.lines
    group = deletion.split()[-1]
    ours = [name for name in have.namespaces["qrouter-edge1"].links if name.startswith(("ha-", "qr-", "qg-", "ul-"))]
    assert sorted(marks) == sorted("link set dev %s group %s" % (name, group) for name in ours)
    assert (inside.namespace, deletion, group != "0") == ("qrouter-edge1", "link del group " + group, True)
    assert (namespace.namespace, namespace.lines) == (None, ("netns del qrouter-edge1",))


def test_a_router_is_made_after_others_have_given_up_what_it_takes() -> None:
    have = settled_node.have(spec_of(base()))
    other = {**base()["routers"][0], "name": "another", "virtual_router_id": 8, "external_gateway": None}
    other["interfaces"] = [{"network": "green", "addresses": ["198.51.101.2/24"]}]
    both = base(ha_address="169.254.192.2/18")
    actions = plan(have, spec_of({**both, "routers": [other, *both["routers"]]})).actions
    given_up = actions.index("set address of device ha-ha of qrouter-edge1")
    assert given_up < actions.index("make router qrouter-another")


def test_keepalived_tests_a_new_router_where_it_is_made_and_one_that_is_there_on_its_own() -> None:
    have = settled_node.have(spec_of(base()))
    changed = base(priority=77)
    other = {**changed["routers"][0], "name": "another", "virtual_router_id": 8, "ha_address": "169.254.192.9/18"}
    other["external_gateway"] = None
    other["interfaces"] = [{"network": "green", "addresses": ["198.51.101.2/24"]}]
    steps = plan(have, spec_of({**changed, "routers": [other, *changed["routers"]]})).steps
    paths = ["/etc/linuxbridge-vrrp/instances/qrouter-%s.conf" % name for name in ("another", "edge1")]
    made = next(step for step in steps if step.verb == "make")
    tests = [command for command in made.payload if isinstance(command, ConfigTest)]
    assert [(test.namespace, test.write.path) for test in tests] == [("qrouter-another", paths[0])]
    assert made.payload[-1] == tests[0] and isinstance(made.payload[-2], Batch)
    assert [step.object for step in steps if step.verb == "test"] == [paths[1]]
    texts = {step.payload.path: step.payload.text for step in steps if step.verb == "write" and step.object in paths}
    assert texts[paths[0]] == tests[0].write.text
    tested = [at for at, step in enumerate(steps) if step.verb in ("make", "test")]
    assert max(tested) < min(at for at, step in enumerate(steps) if step.object in paths and step.verb == "write")
