"""Our reader reads what oslo.config reads."""

from __future__ import annotations

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from oslo_config import cfg, types

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.oslo_ini import (
    Document,
    as_bool,
    as_list,
    effective,
    parse,
)
from ansible_collections.linuxbridge.vrrp.tests.oracles import oslo, oslo_texts


def read(text: str) -> dict[str, dict[str, list[str]]] | None:
    try:
        document = parse(text)
    except SpecError:
        return None
    return as_oslo_reads(document)


def as_oslo_reads(document: Document) -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = {section: {} for section in document.sections}
    for section in found:
        for option in {assignment.option for assignment in document.assignments}:
            values = document.get_all(section, option)
            if values:
                found[section][option] = values
    return found


@settings(max_examples=600)
@given(oslo_texts.anything)
@example("[a]\no = '\n")
@example("[a]\no =\n  b\n\n c")
@example("[a] \no: b=c\rp= d\r\n")
@example("[a]\n\xa0o = b\n")
@example("\ufeff[a]\no = b\n")
@example("[ a ]\no = b # c\n")
def test_a_text_is_read_or_refused_as_oslo_config_does(text: str) -> None:
    assert read(text) == oslo.read(text)


@settings(max_examples=200)
@given(oslo_texts.readable)
def test_a_text_that_is_read_is_given_back_byte_for_byte(text: str) -> None:
    assume(oslo.read(text) is not None)
    assert parse(text).text == text


def test_most_generated_texts_are_readable() -> None:
    counted = []

    @settings(max_examples=200, database=None)
    @given(oslo_texts.readable)
    def count(text: str) -> None:
        counted.append(oslo.read(text) is not None)

    count()
    assert sum(counted) > len(counted) // 2


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("# head\nl3_ha = true\n[DEFAULT]\n", 2, "l3_ha stands before any section"),
        ("[DEFAULT]\n\n  l3_ha = true\n", 3, "continues nothing"),
        ("[DEFAULT]\na = 1\n# c\n  b\n", 4, "continues nothing"),
        ("[DEFAULT]\nl3_ha\n", 2, "needs = or :"),
        ("[DEFAULT]\n= true\n", 2, "needs a name"),
        ("[vxlan] # overlay\n", 1, "must end with ]"),
        ("[]\n", 1, "needs a name"),
        ("[DEFAULT]\r\n\r\nl3_ha\r\n", 3, "needs = or :"),
    ],
)
def test_a_line_that_oslo_config_refuses_is_named(text: str, line: int, words: str) -> None:
    with pytest.raises(SpecError, match=words) as caught:
        parse(text, "/etc/neutron/neutron.conf")
    assert caught.value.problems[0].path == "/etc/neutron/neutron.conf:%d" % line


def test_an_error_does_not_show_the_line_for_it_may_hold_a_password() -> None:
    with pytest.raises(SpecError) as caught:
        parse("[DEFAULT]\npassword hunter22\n")
    assert "hunter22" not in str(caught.value)


def test_of_several_files_the_later_one_wins_as_for_a_service(tmp_path) -> None:
    texts = ["[vxlan]\nvxlan_group = 224.0.0.1\nlocal_ip = a\n", "[agent]\n", "[VXLAN]\nvxlan_group =\n"]
    paths = []
    for number, text in enumerate(texts):
        (tmp_path / str(number)).write_text(text)
        paths.append(str(tmp_path / str(number)))
    documents = [parse(text) for text in texts]
    for option in ("vxlan_group", "local_ip", "unset"):
        assert effective(documents, "vxlan", option) == oslo.typed(paths, cfg.StrOpt(option), "vxlan")
    assert effective([], "vxlan", "vxlan_group") is None


@given(st.one_of(oslo_texts.short, st.sampled_from(["True", "yes", "ON", "1", "off", "No", "0", "false", "2"])))
def test_booleans_are_oslo_configs(value: str) -> None:
    try:
        wanted = types.Boolean()(value)
    except ValueError:
        wanted = None
    assert as_bool(value) is wanted


@given(st.text(alphabet="ab, \n", max_size=10))
def test_lists_are_oslo_configs(value: str) -> None:
    assert as_list(value) == types.List()(value)
