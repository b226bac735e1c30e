"""What a user asks for is checked as a whole, and an error names the entry."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.oslo_ini import parse
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.oslo_options import parse_options


def entry(**given: Any) -> dict[str, Any]:
    unset = {"value": None, "items_present": None, "items_absent": None, "secret": None}
    return {"section": "DEFAULT", "option": "o", "state": "present", "kind": "scalar", **unset, **given}


def applied(text: str, **given: Any) -> str:
    (option,) = parse_options([entry(**given)])
    return option.apply(parse(text)).text


def problems(*entries: dict[str, Any]) -> list[str]:
    with pytest.raises(SpecError) as caught:
        parse_options(entries)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"value": True}, "o = True"),
        ({"value": False}, "o = False"),
        ({"value": 3}, "o = 3"),
        ({"value": 0.5}, "o = 0.5"),
        ({"value": "a,b"}, "o = a,b"),
        ({"value": ""}, "o ="),
        ({"value": "", "kind": "multi"}, "o ="),
        ({"value": ["a", 1, True], "kind": "list"}, "o = a,1,True"),
        ({"value": "a, b", "kind": "list"}, "o = a,b"),
        ({"value": [], "kind": "list"}, "o ="),
        ({"value": ["a", "b"], "kind": "multi"}, "o = a\no = b"),
        ({"items_present": ["a", "b", "a"], "kind": "list"}, "o = a,b"),
    ],
)
def test_a_value_is_written_as_its_kind_is_read(given: dict[str, Any], line: str) -> None:
    assert applied("[DEFAULT]\n", **given) == "[DEFAULT]\n%s\n" % line


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"kind": "list"},
        {"kind": "multi"},
        {"kind": "list", "items_absent": ["x"]},
        {"kind": "list", "items_present": []},
    ],
)
def test_unset_means_untouched(given: dict[str, Any]) -> None:
    for text in ("[DEFAULT]\n", "[DEFAULT]\no = 1\n"):
        assert applied(text, **given) == text


@pytest.mark.parametrize("spelling", ["true", "yes", "1", "ON"])
def test_a_boolean_in_other_words_is_left_alone(spelling: str) -> None:
    text = "[DEFAULT]\no = %s\n" % spelling
    assert applied(text, value=True) == text
    assert applied(text, value=False) == "[DEFAULT]\no = False\n"
    assert applied(text, value="True") == "[DEFAULT]\no = True\n"


def test_absent_takes_no_notice_of_the_value() -> None:
    assert applied("[DEFAULT]\no = 1\n[vxlan]\no = 2\n", state="absent", value=["x"]) == "[DEFAULT]\n[vxlan]\no = 2\n"


def test_an_emptied_repeated_option_is_gone() -> None:
    assert applied("[DEFAULT]\no = 1\no = 2\n", kind="multi", value=[]) == "[DEFAULT]\n"


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"value": ["a"]}, "options[0].value: a list needs 'kind: list'"),
        ({"value": {"a": 1}}, "options[0].value: must be a string"),
        ({"value": [["a"]], "kind": "multi"}, "options[0].value[0]: must be a string"),
        ({"value": "a\n\nb"}, "options[0].value: oslo.config could not read this value back"),
        ({"value": "a\rb"}, "options[0].value: oslo.config could not read"),
        ({"value": "a\0"}, "options[0].value: oslo.config could not read"),
        ({"value": "\udc80"}, "options[0].value: 'utf-8' codec can't encode"),
        ({"value": ["a", "b,c"], "kind": "list"}, "options[0].value[1]: an item of a comma separated list"),
        ({"items_present": ["a", " b"], "kind": "list"}, "options[0].items_present[1]: an item of"),
        ({"items_absent": [""], "kind": "list"}, "options[0].items_absent[0]: an item of"),
        ({"items_absent": ["a"]}, "options[0].items_absent: needs 'kind: list'"),
        ({"items_absent": ["a"], "kind": "list", "value": ["b"]}, "options[0].items_absent: give either value"),
        ({"items_absent": ["a"], "items_present": ["a"], "kind": "list"}, "options[0]: in items_present and"),
        ({"section": "[vxlan]"}, "options[0].section: '[vxlan]' is not a section name"),
        ({"section": ""}, "options[0].section: '' is not a section name"),
        ({"section": "a]\nb = 1\n[c"}, "options[0].section:"),
        ({"section": "default"}, "options[0].section: 'default' is not read as DEFAULT"),
        ({"option": ""}, "options[0].option: '' is not an option name"),
        ({"option": "a = b"}, "options[0].option: 'a = b' is not"),
        ({"option": "a:b"}, "options[0].option: 'a:b' is not"),
        ({"option": "#a"}, "options[0].option: '#a' is not"),
        ({"option": " a"}, "options[0].option: ' a' is not"),
        ({"option": "a\nb"}, "options[0].option: 'a\\nb' is not"),
        ({"option": "[a]"}, "options[0].option: '[a]' is not"),
    ],
)
def test_what_cannot_be_written_is_refused_by_its_path(given: dict[str, Any], problem: str) -> None:
    (found,) = problems(entry(**given))
    assert found.startswith(problem)


def test_an_option_given_twice_is_an_error_that_names_both() -> None:
    found = problems(entry(section="vxlan"), entry(), entry(section="VXLAN", state="absent"))
    assert found == ["options[2]: [VXLAN] o is already given in options[0]; keep one of the two"]


def test_every_problem_is_listed() -> None:
    assert [line.split(":")[0] for line in problems(entry(option=""), entry(value={}), entry(), entry())] == [
        "options[0].option",
        "options[1].value",
        "options[3]",
    ]


def test_an_error_does_not_show_the_value() -> None:
    assert "hunter22" not in str(problems(entry(option="password", value="hunter22\n\nx")))
    assert "hunter22" not in str(problems(entry(option="password", kind="list", value=["hunter22,x"])))


def test_an_action_shows_the_value_but_no_secret() -> None:
    options = parse_options(
        [
            entry(option="l3_ha", value=True),
            entry(option="password", value="hunter22"),
            entry(option="pin", value="hunter22", secret=True),
            entry(option="drivers", kind="list", items_absent=["b"]),
            entry(option="gone", state="absent"),
            entry(option="many", kind="multi", value=["x", "y"]),
        ]
    )
    document, actions = parse("[DEFAULT]\ndrivers = a,b\ngone = 1\n"), []
    for option in options:
        document = option.apply(document)
        actions.append(option.action(document))
    assert actions == [
        "set [DEFAULT] l3_ha = True",
        "set [DEFAULT] password = ********",
        "set [DEFAULT] pin = ********",
        "set [DEFAULT] drivers = a",
        "remove [DEFAULT] gone",
        "set [DEFAULT] many = x, y",
    ]
