# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The syntax of keepalived.conf, and configurations there and back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived import (
    Authentication,
    Capabilities,
    Configuration,
    GlobalDefinitions,
    Statement,
    Tracked,
    TrackFile,
    TrackScript,
    VirtualAddress,
    VirtualRoute,
    VrrpInstance,
    parse,
    problems,
    read,
    redact,
    render,
    write,
)
from ansible_collections.linuxbridge.vrrp.tests.oracles.keepalived_values import configurations

ROUTER = Configuration(
    instances=(
        VrrpInstance(
            name="router1",
            interface="ha-net",
            virtual_router_id=7,
            priority=50,
            advert_interval=2,
            preempt=False,
            authentication=Authentication("se#cr%t"),
            unicast_peers=("169.254.192.3", "169.254.192.2"),
            source_address="169.254.192.1",
            track_interfaces=(Tracked("qr-lan", -10), Tracked("qg-wan")),
            track_files=(Tracked("drain"),),
            track_scripts=(Tracked("ping"),),
            garp_master_delay=60,
            virtual_addresses=(VirtualAddress("169.254.0.7/24", "ha-net"),),
            virtual_addresses_excluded=(
                VirtualAddress("2001:DB8::1/64", "qr-lan"),
                VirtualAddress("203.0.113.17", "qg-wan", track=False),
                VirtualAddress("198.51.100.1/24", "qr-lan", scope="global"),
            ),
            virtual_routes=(
                VirtualRoute("default", "203.0.113.1", "qg-wan", on_link=True),
                VirtualRoute("192.0.2.0/24", "198.51.100.254", protocol="static", track=False),
            ),
            notify="/usr/local/sbin/changed router1",
        ),
    ),
    scripts=(TrackScript("ping", "/usr/bin/ping -c 1 203.0.113.1", 5, fall=2),),
    files=(TrackFile("drain", "/run/drain", -100),),
    global_definitions=GlobalDefinitions("node1", "root", True, "/run/x/fifo", "/etc/x/record /run/x"),
)
GOLDEN = """\
global_defs {
    router_id node1
    script_user root
    enable_script_security
    dynamic_interfaces
    vrrp_notify_fifo /run/x/fifo
    vrrp_notify_fifo_script "/etc/x/record /run/x"
}
vrrp_script ping {
    script "/usr/bin/ping -c 1 203.0.113.1"
    interval 5
    fall 2
}
track_file drain {
    file /run/drain
    weight -100
}
vrrp_instance router1 {
    state BACKUP
    interface ha-net
    virtual_router_id 7
    priority 50
    version 2
    advert_int 2
    nopreempt
    garp_master_delay 60
    authentication {
        auth_type PASS
        auth_pass "se#cr%t"
    }
    unicast_src_ip 169.254.192.1
    unicast_peer {
        169.254.192.2
        169.254.192.3
    }
    track_interface {
        qg-wan
        qr-lan weight -10
    }
    track_file {
        drain
    }
    track_script {
        ping
    }
    virtual_ipaddress {
        169.254.0.7/24 dev ha-net
    }
    virtual_ipaddress_excluded {
        198.51.100.1/24 dev qr-lan scope global
        203.0.113.17/32 dev qg-wan no_track
        2001:db8::1/64 dev qr-lan
    }
    virtual_routes {
        0.0.0.0/0 via 203.0.113.1 dev qg-wan onlink
        192.0.2.0/24 via 198.51.100.254 protocol static no_track
    }
    notify "/usr/local/sbin/changed router1"
}
"""
#: As Neutron's agents write it, in the releases that track no virtual address.
AGENT = """\
global_defs {
    notification_email_from neutron@openstack.local
    router_id neutron
}
vrrp_instance VR_3 {
    state BACKUP
    interface ha-11111111-22
    virtual_router_id 3
    priority 50
    nopreempt
    advert_int 2
    track_interface {
        ha-11111111-22
    }
    virtual_ipaddress {
        169.254.0.3/24 dev ha-11111111-22
    }
    virtual_ipaddress_excluded {
        fe80::f816:3eff:fe00:1/64 dev qr-33333333-44 scope link no_track
    }
    virtual_routes {
        0.0.0.0/0 via 203.0.113.1 dev qg-55555555-66 no_track protocol static
    }
}
"""


def test_a_router_is_rendered_to_these_bytes() -> None:
    assert render(ROUTER) == GOLDEN
    assert read(parse(GOLDEN)) == ROUTER


def test_a_keepalived_older_than_2_0_3_gets_no_no_track() -> None:
    assert "no_track" not in render(ROUTER, Capabilities.of_version((2, 0, 2)))
    assert render(ROUTER, Capabilities.of_version((2, 0, 3))) == GOLDEN


def test_what_has_no_order_is_rendered_in_one_order() -> None:
    instance = ROUTER.instances[0]
    turned = replace(
        instance,
        unicast_peers=instance.unicast_peers[::-1],
        track_interfaces=instance.track_interfaces[::-1],
        virtual_addresses_excluded=instance.virtual_addresses_excluded[::-1],
    )
    assert turned == instance
    assert render(replace(ROUTER, instances=(turned,))) == GOLDEN


def test_the_file_of_neutrons_agent_is_read() -> None:
    instance = read(parse(AGENT)).instances[0]
    assert (instance.name, instance.virtual_router_id, instance.preempt, instance.version) == ("VR_3", 3, False, 2)
    assert instance.virtual_addresses_excluded == (
        VirtualAddress("fe80::f816:3eff:fe00:1/64", "qr-33333333-44", "link", track=False),
    )
    assert instance.virtual_routes == (
        VirtualRoute("0.0.0.0/0", "203.0.113.1", "qg-55555555-66", protocol="static", track=False),
    )


@given(configurations())
def test_whatever_is_rendered_parses_back_to_the_same(config: Configuration) -> None:
    if not problems(config):
        assert read(parse(render(config))) == config


words = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="\"'\\$"), min_size=1)
statements = st.recursive(
    st.builds(Statement, st.lists(words, min_size=1).map(tuple)),
    lambda inner: st.builds(Statement, st.lists(words, min_size=1).map(tuple), st.lists(inner).map(tuple)),
    max_leaves=6,
)


@given(st.lists(statements))
def test_whatever_is_written_parses_back_to_the_same_statements(given_statements: list[Statement]) -> None:
    assert list(parse(write(given_statements))) == given_statements


def test_comments_quotes_and_braces_are_read_as_keepalived_reads_them() -> None:
    text = (
        '! a comment { "\n# another }\nglobal_defs\n{\n router_id a!b # behind\n}\n'
        'vrrp_instance x { state BACKUP\n interface "a b"#c\n notify \'/bin/x "y" z\'\n'
        ' auth_pass a"b #"c\n p ${_HASH} \\\n  q\n }\n'
    )
    outer, inner = parse(text)
    assert outer == Statement(("global_defs",), (Statement(("router_id", "a")),))
    assert [statement.words for statement in inner.block or ()] == [
        ("state", "BACKUP"),
        ("interface", "a b"),
        ("notify", '/bin/x "y" z'),
        ("auth_pass", "ab #c"),
        ("p", "${_HASH}", "q"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a {\n b\n", "the block 'a' is not closed"),
        ("a\n}\n", "line 2: } closes no block"),
        ('a "b\n', "line 1: a quoted string does not end on its line"),
    ],
)
def test_a_file_that_is_broken_is_an_error_that_says_where(text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        parse(text)


@pytest.mark.parametrize("word", ['a"b', "a\\b", "a'b", "a\nb", "${X}"])
def test_a_word_that_has_no_sure_spelling_is_never_written(word: str) -> None:
    with pytest.raises(SpecError):
        write([Statement((word,))])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("vrrp_instance x {\n interface a\n}", "vrrp_instance x: virtual_router_id is missing"),
        ("vrrp_instance x {\n virtual_router_id one\n}", "vrrp_instance x: virtual_router_id: 'one' is not a number"),
        ("vrrp_instance {\n}", "vrrp_instance: a name is missing"),
    ],
)
def test_a_value_that_cannot_be_read_is_named(text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        read(parse(text))


@pytest.mark.parametrize(
    "text",
    [
        "auth_pass s3cret",
        'auth_pass "s3cret x s3cret"',
        "# auth_pass s3cret",
        "{ auth_pass s3cret }",
        "auth_pass \\\n s3cret",
        "$P=s3cret\nauth_pass $P",
        "$P=a\\\n s3cret",
        'auth_pass "s3cret',
    ],
)
def test_redact_leaves_no_password_however_it_is_written(text: str) -> None:
    assert "s3cret" not in redact("before\n%s\nafter s\n" % text)
    assert redact("before\n%s\nafter s\n" % text).endswith("\nafter s\n")


def test_a_password_is_in_no_representation() -> None:
    assert "se#cr%t" not in repr(ROUTER)


@pytest.mark.parametrize(
    ("interval", "address", "version"),
    [(1, "198.51.100.1/24", 2), (0.5, "198.51.100.1/24", 3), (1, "2001:db8::1/64", 3)],
)
def test_a_fraction_and_ipv6_choose_version_3(interval: float, address: str, version: int) -> None:
    instance = VrrpInstance("x", "ha0", 1, advert_interval=interval, virtual_addresses=(VirtualAddress(address),))
    assert instance.version == version
