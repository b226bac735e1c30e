"""After an edit oslo.config reads what was asked for, and all else is as it was."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from oslo_config import types

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import oslo_edit
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.oslo_ini import Document, normal_section, parse
from ansible_collections.linuxbridge.vrrp.tests.oracles import oslo, oslo_texts

sections = st.sampled_from(oslo_texts.SECTIONS[:-1])
options = st.sampled_from(oslo_texts.OPTIONS)
Edit = Callable[[Document, str, str], Document]


def readable(text: str) -> tuple[Document, dict[str, dict[str, list[str]]]]:
    before = oslo.read(text)
    assume(before is not None)
    return parse(text), before or {}


def writable(*values: str) -> bool:
    try:
        for value in values:
            oslo_edit.value_lines(value)
            value.encode()
    except ValueError:
        return False
    return True


def others(document: Document, section: str, option: str) -> list[str]:
    """The lines that the edit is not about, without line ends."""
    own = {at for a in document.occurrences(section, option) for at in range(a.first, a.last)}
    return [line.text for at, line in enumerate(document.lines) if at not in own]


def check(text: str, section: str, option: str, edit: Edit, wanted: Callable[[list[str]], list[str]]) -> None:
    """wanted: from the option's values before to those after ([] when it is not there)."""
    document, before = readable(text)
    changed = edit(document, section, option)
    after = oslo.read(changed.text)
    expected = copy.deepcopy(before)
    values = wanted(before.get(normal_section(section), {}).get(option, []))
    if values:
        expected.setdefault(normal_section(section), {})[option] = values
    elif normal_section(section) in expected:
        expected[normal_section(section)].pop(option, None)
    assert after == expected
    kept, left = others(document, section, option), others(changed, section, option)
    assert left[: len(kept)] == kept
    # A new section is all that may be added beside the option itself.
    added = left[len(kept) :]
    assert added in ([], ["[%s]" % section], ["", "[%s]" % section])
    assert bool(added) == (bool(values) and normal_section(section) not in before)
    if len({line.end for line in document.lines if line.end}) == 1:
        assert {line.end for line in changed.lines if line.end} <= {line.end for line in document.lines if line.end}
    assert edit(changed, section, option) is changed
    assert changed == parse(changed.text)


@settings(max_examples=300)
@given(oslo_texts.readable, sections, options, oslo_texts.values)
@example("", "DEFAULT", "o", "")
@example("[DEFAULT]", "DEFAULT", "o", " a ")
@example("[DEFAULT]\no = 1\n[vxlan]\n[DEFAULT]\no:\n  2\n", "DEFAULT", "o", "3")
@example("[DEFAULT]\no =", "DEFAULT", "o", "'")
def test_a_scalar_is_read_back_and_nothing_else_changes(text: str, section: str, option: str, value: str) -> None:
    assume(writable(value))
    check(text, section, option, lambda d, s, o: oslo_edit.set_value(d, s, o, value), lambda old: [*old[:-1], value])


@settings(max_examples=300)
@given(oslo_texts.readable, sections, options, st.lists(oslo_texts.values, max_size=4))
@example("[DEFAULT]\no = a\n#\no = b\n[vxlan]\n[DEFAULT]\no = c", "DEFAULT", "o", ["a", "c", "b", "d"])
def test_a_repeated_option_is_read_back_in_order(text: str, section: str, option: str, values: list[str]) -> None:
    assume(writable(*values))
    check(text, section, option, lambda d, s, o: oslo_edit.set_values(d, s, o, values), lambda old: values)


@settings(max_examples=200)
@given(oslo_texts.readable, sections, options)
def test_a_removed_option_is_gone_and_nothing_else_changes(text: str, section: str, option: str) -> None:
    check(text, section, option, oslo_edit.remove, lambda old: [])


@settings(max_examples=300)
@given(
    oslo_texts.readable,
    sections,
    options,
    st.lists(st.one_of(oslo_texts.items, st.sampled_from("abc")), max_size=3, unique=True),
    st.lists(st.one_of(oslo_texts.items, st.sampled_from("abc")), max_size=3, unique=True),
)
@example("[DEFAULT]\no = a,\n  b,\n  c\n", "DEFAULT", "o", ["d"], ["b"])
@example("[DEFAULT]\no = a\n  ,b\n", "DEFAULT", "o", [], ["a"])
@example('[DEFAULT]\no = "a, b"\n', "DEFAULT", "o", ["c"], ["a"])
def test_items_come_and_go_and_the_other_items_keep_their_order(
    text: str, section: str, option: str, present: list[str], absent: list[str]
) -> None:
    assume(not set(present) & set(absent))
    document, before = readable(text)
    changed = oslo_edit.change_items(document, section, option, present, absent)
    old = before.get(normal_section(section), {}).get(option, [])
    items = types.List()(old[-1]) if old else []
    kept = [item for item in items if item not in absent]
    wanted = kept + [item for item in present if item not in kept]
    new = (oslo.read(changed.text) or {}).get(normal_section(section), {}).get(option, [])
    if old or present:
        assert types.List()(new[-1]) == wanted
        assert new[:-1] == old[:-1]
    else:
        assert changed is document
    if wanted == items:
        assert changed is document
    assert others(changed, section, option)[: len(others(document, section, option))] == others(
        document, section, option
    )
    assert oslo_edit.change_items(changed, section, option, present, absent) is changed


@settings(max_examples=200)
@given(oslo_texts.values)
def test_a_value_that_is_refused_could_not_be_read_back(value: str) -> None:
    """Only several lines with an empty one or spaces at an end, a carriage return, a NUL."""
    lines = value.split("\n")
    odd = any(line != line.strip() or not line for line in lines[1:]) or "\r" in value or "\0" in value
    try:
        oslo_edit.value_lines(value)
    except ValueError:
        assert odd
    else:
        assert not odd


def edited(text: str, *changes: tuple[str, str, str]) -> str:
    document = parse(text)
    for section, option, value in changes:
        document = oslo_edit.set_value(document, section, option, value)
    return document.text


SAMPLE = """\
[DEFAULT]

#
# From neutron
#

# Enable HA mode for virtual routers. (boolean value)
#l3_ha = false

# Maximum number of L3 agents.
#max_l3_agents_per_router = 3


# The agent's own part
[agent]
root_helper = sudo

[vxlan]
# enable_vxlan = true
"""


def test_a_new_option_goes_behind_its_commented_sample() -> None:
    after = edited(SAMPLE, ("DEFAULT", "l3_ha", "True"), ("vxlan", "enable_vxlan", "True"))
    assert after == SAMPLE.replace("#l3_ha = false\n", "#l3_ha = false\nl3_ha = True\n") + "enable_vxlan = True\n"


def test_a_new_option_without_a_sample_goes_to_the_end_of_its_section() -> None:
    after = edited(SAMPLE, ("DEFAULT", "core_plugin", "ml2"), ("agent", "a", "1"), ("agent", "b", "2"))
    assert after == SAMPLE.replace(
        "#max_l3_agents_per_router = 3\n", "#max_l3_agents_per_router = 3\ncore_plugin = ml2\n"
    ).replace("sudo\n", "sudo\na = 1\nb = 2\n")


def test_a_sample_in_another_section_is_not_the_place() -> None:
    assert edited(SAMPLE, ("agent", "l3_ha", "True")) == SAMPLE.replace("sudo\n", "sudo\nl3_ha = True\n")


def test_a_sample_of_an_option_with_a_longer_name_is_not_the_place() -> None:
    text = "[DEFAULT]\n#l3_ha_net_cidr = x\na = 1\n"
    assert edited(text, ("DEFAULT", "l3_ha", "True")) == text + "l3_ha = True\n"


def test_a_comment_that_belongs_to_the_last_option_stays_with_its_section() -> None:
    text = "[DEFAULT]\na = 1\n# about a\n[agent]\n"
    assert edited(text, ("DEFAULT", "b", "2")) == "[DEFAULT]\na = 1\n# about a\nb = 2\n[agent]\n"


def test_a_missing_section_is_added_at_the_end_of_the_file() -> None:
    after = edited("[DEFAULT]\na = 1", ("vxlan", "l2_population", "False"), ("vxlan", "ttl", "2"))
    assert after == "[DEFAULT]\na = 1\n\n[vxlan]\nl2_population = False\nttl = 2\n"
    assert edited("", ("DEFAULT", "l3_ha", "True")) == "[DEFAULT]\nl3_ha = True\n"


def test_of_a_section_that_stands_twice_the_value_that_counts_is_changed() -> None:
    text = "[vxlan]\nttl = 1\n[agent]\n[VXLAN]\nttl = 2\n"
    assert edited(text, ("vxlan", "ttl", "3")) == text.replace("ttl = 2", "ttl = 3")
    assert edited(text, ("vxlan", "ttl", "2")) == text


def test_default_in_other_letters_is_another_section() -> None:
    assert edited("[default]\na = 1\n", ("DEFAULT", "a", "2")) == "[default]\na = 1\n\n[DEFAULT]\na = 2\n"


@pytest.mark.parametrize(
    ("line", "value", "after"),
    [
        ("l3_ha=false", "True", "l3_ha=True"),
        ("l3_ha   =   false  ", "True", "l3_ha   =   True"),
        ("l3_ha: false", "True", "l3_ha: True"),
        ("l3_ha:", "True", "l3_ha: True"),
        ("l3_ha =", "True", "l3_ha = True"),
        ("l3_ha=", "True", "l3_ha=True"),
        ("l3_ha = false", "", "l3_ha ="),
        ("l3_ha = a\n    b", "True", "l3_ha = True"),
        ("l3_ha = a", "b\nc", "l3_ha = b\n    c"),
        ("l3_ha = a # not a comment", "a", "l3_ha = a"),
        ("l3_ha = a", " b ", 'l3_ha = " b "'),
        ("l3_ha = a", "'b'", "l3_ha = \"'b'\""),
    ],
)
def test_the_spelling_of_the_line_is_kept(line: str, value: str, after: str) -> None:
    text = "[DEFAULT]\n%s\n# end\n"
    assert edited(text % line, ("DEFAULT", "l3_ha", value)) == text % after


def test_an_empty_value_is_written_as_the_guide_writes_it() -> None:
    text = "[DEFAULT]\n"
    assert edited(text, ("DEFAULT", "external_network_bridge", "")) == text + "external_network_bridge =\n"


def test_lines_end_as_the_file_has_them() -> None:
    after = edited("[DEFAULT]\r\na = 1\r\n", ("DEFAULT", "a", "2"), ("DEFAULT", "b", "x\ny"), ("agent", "c", "3"))
    assert after == "[DEFAULT]\r\na = 2\r\nb = x\r\n    y\r\n\r\n[agent]\r\nc = 3\r\n"


def test_no_newline_at_the_end_stays_so_when_the_last_line_is_changed() -> None:
    assert edited("[DEFAULT]\na = 1", ("DEFAULT", "a", "2")) == "[DEFAULT]\na = 2"


def changed_items(line: str, present: Sequence[str] = (), absent: Sequence[str] = ()) -> str:
    text = "[ml2]\n%s\n# end\n"
    after = oslo_edit.change_items(parse(text % line), "ml2", "mechanism_drivers", present, absent).text
    head, tail = text.split("%s")
    assert after.startswith(head) and after.endswith(tail)
    return after[len(head) : -len(tail)]


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ("mechanism_drivers = linuxbridge,l2population", "mechanism_drivers = linuxbridge"),
        ("mechanism_drivers = l2population, linuxbridge", "mechanism_drivers = linuxbridge"),
        ("mechanism_drivers=openvswitch , l2population,sriov", "mechanism_drivers=openvswitch ,sriov"),
        ("mechanism_drivers = l2population", "mechanism_drivers ="),
        ("mechanism_drivers = l2population2,linuxbridge", "mechanism_drivers = l2population2,linuxbridge"),
        ("mechanism_drivers = l2population2 , l2population,a", "mechanism_drivers = l2population2 ,a"),
        ("mechanism_drivers = a,\n  l2population,\n  b,", "mechanism_drivers = a,\n  b,"),
        ("mechanism_drivers = a,l2population,b,l2population,", "mechanism_drivers = a,b,"),
        ("mechanism_drivers = 'a,l2population'", "mechanism_drivers = a"),
    ],
)
def test_a_driver_is_taken_out_without_touching_the_others(line: str, after: str) -> None:
    assert changed_items(line, absent=["l2population"]) == after


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ("mechanism_drivers = openvswitch,sriov", "mechanism_drivers = openvswitch,sriov,linuxbridge"),
        ("mechanism_drivers = openvswitch, sriov", "mechanism_drivers = openvswitch, sriov, linuxbridge"),
        ("mechanism_drivers = linuxbridge ,a", "mechanism_drivers = linuxbridge ,a"),
        ("mechanism_drivers =", "mechanism_drivers = linuxbridge"),
        ("mechanism_drivers = a,\n  b", "mechanism_drivers = a,\n  b,linuxbridge"),
        ("mechanism_drivers = a,", "mechanism_drivers = a,linuxbridge,"),
    ],
)
def test_a_driver_is_added_behind_the_others(line: str, after: str) -> None:
    assert changed_items(line, present=["linuxbridge"]) == after


def test_a_list_that_reads_the_same_keeps_its_spacing() -> None:
    document = parse("[ml2]\ntype_drivers = flat , vlan,\n")
    assert oslo_edit.set_items(document, "ml2", "type_drivers", ["flat", "vlan"]) is document
    assert oslo_edit.set_items(document, "ml2", "type_drivers", []).text == "[ml2]\ntype_drivers =\n"


def test_repeated_lines_that_stay_keep_their_place() -> None:
    text = "[DEFAULT]\n# first\nr = a\n# second\nr = b\n# third\nr=c\n"
    after = oslo_edit.set_values(parse(text), "DEFAULT", "r", ["a", "c", "d"]).text
    assert after == "[DEFAULT]\n# first\nr = a\n# second\n# third\nr=c\nr = d\n"


def test_a_repeated_line_is_added_where_its_value_stands_in_the_list() -> None:
    text = "[DEFAULT]\nr = a\n# second\nr = b\n"
    after = oslo_edit.set_values(parse(text), "DEFAULT", "r", ["0", "a", "a2", "b"]).text
    assert after == "[DEFAULT]\nr = 0\nr = a\nr = a2\n# second\nr = b\n"


def test_a_text_that_cannot_be_read_is_never_made() -> None:
    with pytest.raises(ValueError, match="could not read this value back"):
        oslo_edit.set_value(parse("[DEFAULT]\n"), "DEFAULT", "a", "b\n\n[c]")
    with pytest.raises(SpecError):
        parse("a = b\n")
