# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be looked at again after a step."""

from __future__ import annotations

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.companion_plan import Processes
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_service import Write
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_unit import unit_name
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_commands import Batch, Nat, PutFile, Sysctls
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_touched import touched
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.plan import Step

SEEN = frozenset({"qrouter-a", "qrouter-b"})
MAKE = Batch(("netns add qrouter-c", "link add name tapc type veth peer name ha-x netns qrouter-c"))


@pytest.mark.parametrize(
    ("payload", "names"),
    [
        ((Batch(("link set ha-x up",), "qrouter-a"),), {"qrouter-a"}),
        ((Sysctls((("net/ipv4/ip_forward", "1"),), "qrouter-a"), Nat("{}", "qrouter-b")), SEEN),
        ((MAKE, Batch(("link set lo up",), "qrouter-c")), {"qrouter-c"}),
        ((unit_name("qrouter-b"),), {"qrouter-b"}),
    ],
)
def test_what_is_done_in_a_namespace_touches_that_one(payload: object, names: set[str]) -> None:
    assert touched(Step("set", "something", payload), SEEN) == names


@pytest.mark.parametrize("line", ["link set eth1 mtu 1400", "link del tapa", "netns del qrouter-a"])
def test_what_is_done_outside_may_touch_all(line: str) -> None:
    assert touched(Step("set", "something", (Batch((line,)),)), SEEN) == SEEN


@pytest.mark.parametrize(
    "payload",
    [
        (PutFile("/etc/linuxbridge-vrrp/node.json", "{}", 0o600),),
        (Write("/etc/linuxbridge-vrrp/instances/qrouter-a.conf", "", 0o640, "qrouter-a"),),
        Write("/etc/linuxbridge-vrrp/instances/qrouter-a.conf", "", 0o640, "qrouter-a"),
        Processes(("linuxbridge-vrrp-radvd@qrouter-a.service",)),
        None,
    ],
)
def test_files_tests_and_the_daemons_beside_keepalived_touch_none(payload: object) -> None:
    assert touched(Step("write", "something", payload), SEEN) == frozenset()
