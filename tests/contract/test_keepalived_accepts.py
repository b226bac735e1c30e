# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever the rules accept, keepalived's own test accepts, in a namespace that has the interfaces."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived import Configuration, problems, render
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_rules import MAX_PROTOCOL_NAME
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_service import Write
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_unit import NODE
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.keepalived import Keepalived
from ansible_collections.linuxbridge.vrrp.tests.fakes.fake_systemd import FakeSystemd
from ansible_collections.linuxbridge.vrrp.tests.oracles.keepalived_values import INTERFACES, configurations

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not os.path.exists(NODE.keepalived),
    reason="needs root and keepalived, to test configurations in a namespace",
)
NAMESPACE = "lbvkt"


@pytest.fixture(scope="module")
def keepalived() -> Iterator[Keepalived]:
    subprocess.run(["ip", "netns", "delete", NAMESPACE], capture_output=True, check=False)
    subprocess.run(["ip", "netns", "add", NAMESPACE], check=True)
    for index, name in enumerate(INTERFACES):
        command = ["ip", "-n", NAMESPACE, "link", "add", name, "type", "veth", "peer", "name", "peer%d" % index]
        subprocess.run(command, check=True)
        subprocess.run(["ip", "-n", NAMESPACE, "link", "set", name, "up"], check=True)
    yield Keepalived(FakeSystemd("/nonexistent"))
    subprocess.run(["ip", "netns", "delete", NAMESPACE], check=True)


def accept(keepalived: Keepalived, text: str) -> None:
    keepalived.test([Write("/etc/keepalived.conf", text, 0o640, NAMESPACE)])


@settings(max_examples=120, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(configurations())
def test_what_the_rules_accept_keepalived_accepts(keepalived: Keepalived, config: Configuration) -> None:
    assume(not problems(config))
    accept(keepalived, render(config))


ROUTED = """\
vrrp_instance a {
 interface ha0
 virtual_router_id 1
 virtual_ipaddress {
 198.51.100.1/24
 }
 virtual_routes {
 192.0.2.0/24 via 198.51.100.2 dev ha0 no_track protocol %s
 }
}
"""


@pytest.mark.skipif(not os.path.isdir("/etc/iproute2"), reason="needs /etc/iproute2, to put names of protocols there")
def test_keepalived_reads_names_of_protocols_up_to_the_length_that_the_rules_allow(
    keepalived: Keepalived, tmp_path: Path
) -> None:
    """In a mount namespace, so that the machine keeps its own names."""
    found = []
    for size in (MAX_PROTOCOL_NAME, MAX_PROTOCOL_NAME + 1):
        name = "a" * size
        (tmp_path / "rt_protos").write_text("7 %s\n" % name)
        (tmp_path / "conf").write_text(ROUTED % name)
        (tmp_path / "conf").chmod(0o600)
        script = 'mount --bind "$0" /etc/iproute2; exec ip netns exec %s %s --config-test --use-file="$0/conf"'
        command = ["unshare", "--mount", "sh", "-ec", script % (NAMESPACE, NODE.keepalived), str(tmp_path)]
        found.append(subprocess.run(command, capture_output=True, text=True, check=False))
    assert [done.returncode == 0 and not done.stderr for done in found] == [True, False]
    assert "not found or invalid for route" in found[1].stderr


def test_keepalived_refuses_a_configuration_that_it_would_change(keepalived: Keepalived) -> None:
    """The oracle is not blind: what is said on standard error alone counts, too."""
    text = "vrrp_instance a {\n interface ha0\n virtual_router_id 1\n virtual_ipaddress {\n 198.51.100.1/24\n }\n"
    accept(keepalived, text + "}\n")
    with pytest.raises(EdgeError, match="must be an integer"):
        accept(keepalived, text + " advert_int 0.5\n}\n")
    with pytest.raises(EdgeError, match="does not exist"):
        keepalived.test([Write("/etc/keepalived.conf", text + "}\n", 0o640, "lbvkt-nope")])
