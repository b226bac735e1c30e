# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a router still lacks, from what the API says of it; how the API's answers are read is in test_ha_router."""

from __future__ import annotations

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.ha_router_state import (
    Agent,
    Have,
    Router,
    unsettled,
)

WANTS = "router red wants exactly one active agent and has "


def have(*states: str, alive: bool = True) -> Have:
    router = Router("0b1c", "red", "demo", "", "ACTIVE", True, True, (), (), None, (), (), False)
    return Have(router, agents=tuple(Agent("network%d" % at, alive, state) for at, state in enumerate(states, 1)))


def test_a_router_with_one_active_agent_lacks_nothing() -> None:
    assert unsettled(have("standby", "active")) == ""


@pytest.mark.parametrize(
    ("states", "found", "remedy"),
    [
        ((), "0: no agent hosts it", ""),
        (("standby", "unknown"), "0: network1 standby, network2 unknown", "its keepalived runs"),
        (("active", "active"), "2: network1 active, network2 active", "which have its addresses"),
    ],
)
def test_another_number_is_told_with_where_to_look(states: tuple[str, ...], found: str, remedy: str) -> None:
    told, _period, rest = unsettled(have(*states)).partition(". On these nodes vrrp_info tells ")
    assert told == WANTS + found and remedy in rest and bool(remedy) == bool(rest)


def test_the_word_of_a_dead_agent_does_not_count() -> None:
    assert unsettled(have("active", alive=False)).startswith(WANTS + "0: network1 active (dead). On")
