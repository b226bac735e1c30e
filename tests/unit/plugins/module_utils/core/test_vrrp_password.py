# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.vrrp_password import problems, summary


@pytest.mark.parametrize("password", ["a", "secretpw", "se'cret", "a=b,c@d", "pässwö"])
def test_up_to_eight_bytes_of_harmless_characters_will_do(password: str) -> None:
    assert problems(password) == []


def test_bytes_count_not_characters() -> None:
    assert problems("äääää") == problems("ninechars")
    assert len(problems("ninechars")) == 1


@pytest.mark.parametrize("character", '#!"{}$ \t\n')
def test_each_character_that_keepalived_or_oslo_takes_for_something_else_is_told(character: str) -> None:
    assert len(problems("a%sb" % character)) == 1


@given(st.text(min_size=1, max_size=30), st.text(min_size=16, max_size=40))
def test_a_password_has_one_fingerprint_in_one_run_and_another_in_the_next(password: str, salt: str) -> None:
    assert summary(password, salt) == summary(password, salt)
    assert summary(password, salt)["fingerprint"] != summary(password, salt + "x")["fingerprint"]
    assert summary(password, salt)["fingerprint"] != summary(password + "x", salt)["fingerprint"]


@pytest.mark.parametrize("password", ["hunter2!", "a very long one"])
def test_the_summary_does_not_have_the_password(password: str) -> None:
    assert password not in repr(summary(password, "0123456789abcdef"))


@pytest.mark.parametrize("password", ["", None])
def test_an_empty_password_is_none(password: str | None) -> None:
    assert summary(password, "0123456789abcdef") == {"fingerprint": "", "problems": []}
