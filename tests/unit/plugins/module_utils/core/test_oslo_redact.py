"""What is shown has no secret in it: not a new one, not an old one, not one in a comment."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.oslo_ini import Document, parse
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.oslo_redact import (
    MASK,
    is_secret_name,
    shown,
    shown_texts,
    without_values,
)
from ansible_collections.linuxbridge.vrrp.tests.oracles import oslo_texts


def by_name(section: str, option: str) -> bool:
    return is_secret_name(option)


def both(before: str, after: str) -> tuple[str, str]:
    return shown_texts(parse(before), parse(after), by_name)


def one(text: str) -> str:
    first, second = both(text, text)
    assert first == second
    return first


@pytest.mark.parametrize(
    "option",
    [
        "password",
        "admin_password",
        "ha_vrrp_auth_password",
        "metadata_proxy_shared_secret",
        "memcache_secret_key",
        "transport_url",
        "notification_transport_url",
        "connection",
        "slave_connection",
        "auth_pass",
        "admin_token",
        "encryption_key",
        "Rabbit_Password",
    ],
)
def test_options_that_hold_secrets_are_known_by_their_names(option: str) -> None:
    assert is_secret_name(option)
    assert one("[s]\n%s = hunter22\n" % option) == "[s]\n%s = %s\n" % (option, MASK)


@pytest.mark.parametrize(
    "option",
    [
        "l3_ha",
        "l3_ha_net_cidr",
        "mechanism_drivers",
        "auth_url",
        "ha_vrrp_auth_type",
        "connection_retries",
        "ssl_key_file",
    ],
)
def test_other_options_are_shown(option: str) -> None:
    assert not is_secret_name(option)
    assert one("[s]\n%s = hunter22\n" % option) == "[s]\n%s = hunter22\n" % option


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("backend = redis://:p4ssw0rd@controller:6379", "backend = redis://:********@controller:6379"),
        ("a = rabbit://u:p1@c1:5672,u:p2@c2:5672/", "a = rabbit://u:********@c2:5672/"),
        (
            "a = mysql+pymysql://neutron:p@ss:w/rd@controller/neutron",
            "a = mysql+pymysql://neutron:********@controller/neutron",
        ),
        ("auth_url = http://controller:5000/v3", "auth_url = http://controller:5000/v3"),
        ("a = redis://c?password=hunter22&db=1", "a = redis://c?password=********&db=1"),
        ("a = user:neutron,password:hunter22,b:1", "a = user:neutron,password:********,b:1"),
        ("# password = hunter22 or so", "# password = ********"),
        ("#password=hunter22", "#password=********"),
        ("; old connection: mysql://n:x@c/n", "; old connection: ********"),
        ("# was rabbit://openstack:RABBIT_PASS@controller", "# was rabbit://openstack:********@controller"),
        ("# Enable HA mode for virtual routers: see the guide", "# Enable HA mode for virtual routers: see the guide"),
    ],
)
def test_secrets_are_masked_wherever_they_look_like_one(line: str, seen: str) -> None:
    assert one("[s]\n%s\n" % line) == "[s]\n%s\n" % seen


def test_a_known_secret_is_masked_in_comments_and_other_options_too() -> None:
    text = "[s]\npassword = hunter22\n# before 2019: hunter22.\nusername = hunter22\nurl = http://hunter22x/\n"
    seen = "[s]\npassword = %s\n# before 2019: %s.\nusername = %s\nurl = http://hunter22x/\n" % (MASK, MASK, MASK)
    assert one(text) == seen


def test_a_word_that_happens_to_be_a_password_does_not_blank_the_file() -> None:
    assert one("[s]\nusername = admin\npassword = admin\n") == "[s]\nusername = admin\npassword = %s\n" % MASK


def test_every_line_of_a_secret_is_masked() -> None:
    seen = one("[s]\npassword = abc\n  def\nnext = 1\n")
    assert seen == "[s]\npassword = %s\n  %s\nnext = 1\n" % (MASK, MASK)


def test_every_repetition_of_a_secret_is_masked() -> None:
    assert one("[s]\npassword = a1\n[S]\npassword: b2\n") == "[s]\npassword = %s\n[S]\npassword: %s\n" % (MASK, MASK)


def test_an_empty_secret_is_seen_to_be_empty() -> None:
    assert one("[s]\npassword =\n") == "[s]\npassword =\n"
    assert shown("", True) == ""


def test_that_a_secret_changes_is_shown_though_not_to_what() -> None:
    before, after = both("[s]\npassword = old-one\nb = 1\n", "[s]\npassword = new-one\nb = 1\n")
    assert before == "[s]\npassword = %s\nb = 1\n" % MASK
    assert after == "[s]\npassword = %s (new value)\nb = 1\n" % MASK


def test_that_a_password_in_a_url_changes_is_shown() -> None:
    before, after = both("[s]\na = redis://:old-one@c\n", "[s]\na = redis://:new-one@c\n")
    assert (before, after) == ("[s]\na = redis://:%s@c\n" % MASK, "[s]\na = redis://:%s@c (new value)\n" % MASK)


def test_a_removed_secret_is_masked_in_what_stays() -> None:
    assert both("[s]\npassword = old-one\n# old-one\n", "[s]\n# old-one\n")[1] == "[s]\n# %s\n" % MASK


secrets = st.text(alphabet="abcXYZ019-_.@:/#'$% ", min_size=6, max_size=12).filter(
    lambda s: s == s.strip() and s[0].isalnum() and s[-1].isalnum()
)


@settings(max_examples=300)
@given(oslo_texts.readable, secrets, st.sampled_from(["password = {}", "# {}", "#password={}", "x = a://u:{}@h/ é"]))
def test_a_secret_of_the_file_is_nowhere_in_what_is_shown(text: str, secret: str, line: str) -> None:
    assume(" " not in secret or "://" not in line)
    assume(secret not in text)
    whole = "[keystone_authtoken]\npassword = %s\n%s\n%s" % (secret, line.format(secret), text)
    try:
        document: Document = parse(whole)
    except ValueError:
        assume(False)
    assert secret not in "".join(shown_texts(document, document, by_name))


@settings(max_examples=200)
@given(oslo_texts.readable)
def test_what_is_shown_of_a_file_without_secrets_is_the_file(text: str) -> None:
    try:
        document = parse(text)
    except ValueError:
        assume(False)
    assume("password" not in text)
    assert shown_texts(document, document, by_name) == (text, text)


def test_parameters_are_shown_without_their_secrets() -> None:
    options = [
        {"option": "l3_ha", "value": True},
        {"option": "ha_vrrp_auth_password", "value": "hunter22"},
        {"option": "pin", "value": [1234, "5678"], "secret": True},
        {"option": "a", "value": "redis://:hunter22@c"},
        {"option": "connection", "value": "redis://:hunter22@c", "secret": False},
    ]
    assert [entry["value"] for entry in without_values(options)] == [
        True,
        MASK,
        [MASK, MASK],
        "redis://:%s@c" % MASK,
        "redis://:%s@c" % MASK,
    ]
    assert options[1]["value"] == "hunter22"


def test_what_stands_behind_a_misspelt_key_is_not_shown() -> None:
    assert without_values([{"option": "password", "valeu": "hunter22"}]) == [{"option": "password", "valeu": MASK}]


@pytest.mark.parametrize("options", ["password=x", {"password": "x"}, ["password=x"], [{"password": {"value": "x"}}]])
def test_parameters_of_a_wrong_shape_show_no_value(options: object) -> None:
    assert "x" not in str(without_values(options)).replace("'password'", "")
