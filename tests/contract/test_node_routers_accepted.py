# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever node_routers accepts, keepalived's own test accepts, in a namespace with the devices of the routers."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject, settings

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import keepalived
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError, SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_service import Write, configuration_text
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_unit import NODE, RECORDER, Layout
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_anatomy import router_anatomy
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_rendered import rendered
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_services import service
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_spec import NodeSpec
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_target import parse_call
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.keepalived import Keepalived
from ansible_collections.linuxbridge.vrrp.tests.fakes.fake_systemd import FakeSystemd
from ansible_collections.linuxbridge.vrrp.tests.oracles.node_calls import DEVICES, calls

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not os.path.exists(NODE.keepalived),
    reason="needs root and keepalived, to test configurations in a namespace",
)
NAMESPACE = "lbvnr"


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layout]:
    """A namespace with all devices, and the recorder that the configurations name."""
    found = Layout(settings=str(tmp_path_factory.mktemp("settings")))
    Path(found.recorder).write_text(RECORDER)
    Path(found.recorder).chmod(0o755)
    subprocess.run(["ip", "netns", "delete", NAMESPACE], capture_output=True, check=False)
    subprocess.run(["ip", "netns", "add", NAMESPACE], check=True)
    try:
        lines = ["link add %s up type veth peer name peer%d" % (name, at) for at, name in enumerate(DEVICES)]
        subprocess.run(["ip", "-n", NAMESPACE, "-batch", "-"], input="\n".join(lines), text=True, check=True)
        yield found
    finally:
        subprocess.run(["ip", "netns", "delete", NAMESPACE], check=True)


def texts(spec: NodeSpec, layout: Layout) -> list[str]:
    """What the module writes for each router."""
    services = [service(router_anatomy(router, spec)) for router in spec.routers]
    return [configuration_text(one, layout=layout) for one in services]


def accept(found: list[str]) -> None:
    writes = [Write("router%d.conf" % at, text, 0o640, NAMESPACE) for at, text in enumerate(found)]
    Keepalived(FakeSystemd("/nonexistent")).test(writes)


def accepted(call: dict[str, Any]) -> NodeSpec:
    """The specification; examples that node_routers refuses are none."""
    try:
        return parse_call({"state": "rendered", **call}).spec.ordered()
    except SpecError:
        reject()


@settings(max_examples=60, suppress_health_check=[HealthCheck.filter_too_much], deadline=None)
@given(calls())
def test_what_node_routers_accepts_keepalived_accepts(layout: Layout, call: dict[str, Any]) -> None:
    accept(texts(accepted(call), layout))


@settings(max_examples=60, suppress_health_check=[HealthCheck.filter_too_much], deadline=None)
@given(calls())
def test_what_is_rendered_is_what_keepalived_was_asked_but_for_passwords(call: dict[str, Any]) -> None:
    spec = accepted(call)
    files = rendered(spec)["files"]
    shown = [files[NODE.configuration("qrouter-" + router.name)] for router in spec.routers]
    assert shown == [keepalived.redact(text) for text in texts(spec, NODE)]


def test_keepalived_refuses_one_router_of_several(layout: Layout) -> None:
    """The oracle is not blind: it sees a device that is not there, and what keepalived would change."""
    networks = [{"name": "ha", "kind": "vxlan", "vni": 1, "group": "239.0.0.1", "uplink": "eth1"}]
    routers = [
        {"name": "r%d" % vrid, "virtual_router_id": vrid, "ha_network": "ha", "ha_address": "169.254.192.%d/18" % vrid}
        for vrid in (1, 2)
    ]
    good, other = texts(accepted({"networks": networks, "routers": routers}), layout)
    accept([good, other])
    for right, wrong, said in (("ul-eth1", "ul-eth9", "ul-eth9"), ("advert_int 2", "advert_int 0.5", "VR_2.*integer")):
        with pytest.raises(EdgeError, match=said):
            accept([good, other.replace(right, wrong)])
