"""Watches against the kernel, in namespaces of their own."""

from __future__ import annotations

import ctypes
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.job import JobHave
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.watch import Watches

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")
CLONE_NEWNET = 0x40000000
RED = "lbvwc-red"
ADDRESS = "198.51.100.1/24"


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


@pytest.fixture
def watches(tmp_path: Path) -> Iterator[Watches]:
    """This process is in a namespace of its own, with e0, beside RED, whose lo has ADDRESS."""
    libc = ctypes.CDLL(None, use_errno=True)
    outside = os.open("/proc/self/ns/net", os.O_RDONLY)
    assert libc.unshare(CLONE_NEWNET) == 0
    subprocess.run(["ip", "netns", "delete", RED], capture_output=True, check=False)
    ip("netns", "add", RED)
    ip("-n", RED, "link", "set", "lo", "up")
    ip("-n", RED, "address", "add", ADDRESS, "dev", "lo")
    add_e0()
    found = Watches(str(tmp_path))
    try:
        yield found
    finally:
        found.stop("one")
        ip("netns", "delete", RED)
        assert libc.setns(outside, CLONE_NEWNET) == 0
        os.close(outside)


def add_e0() -> None:
    ip("link", "add", "e0", "type", "veth", "peer", "name", "e1")
    ip("link", "set", "e0", "up")
    ip("link", "set", "e1", "up")


def asked(**given: Any) -> dict[str, Any]:
    return {"namespaces": [], "interfaces": [], "duration": 30.0, **given}


def stopped(watches: Watches) -> dict[str, Any]:
    time.sleep(0.3)
    watches.stop("one")
    result = watches.look("one").result
    assert result is not None
    return result


def states(watches: Watches) -> list[tuple[bool, bool]]:
    (link,) = stopped(watches)["links"]
    return [(change["enabled"], change["carrier"]) for change in link["changes"]]


def test_no_span_of_an_address_that_flaps_begins_before_the_watch_or_ends_before_it_begins(watches: Watches) -> None:
    flap = "for i in $(seq 60); do ip address delete %s dev lo; sleep 0.02; ip address add %s dev lo; sleep 0.02; done"
    with subprocess.Popen(["ip", "netns", "exec", RED, "sh", "-c", flap % (ADDRESS, ADDRESS)]) as flapping:
        time.sleep(0.1)
        watches.start("one", asked(namespaces=[RED]))
        assert flapping.poll() is None
        flapping.wait()
    result = stopped(watches)
    (recorded,) = result["namespaces"]
    assert recorded["complete"]
    spans = [span for one in recorded["addresses"] if one["address"] == ADDRESS for span in one["spans"]]
    assert len(spans) > 5
    moments = [moment for span in spans for moment in span]
    assert moments == sorted(moments)
    assert result["started"] <= moments[0] and moments[-1] == result["ended"]


def test_what_is_not_there_is_not_watched(watches: Watches) -> None:
    with pytest.raises(EdgeError, match="there is no interface eth8 and no eth9"):
        watches.start("one", asked(namespaces=[RED], interfaces=["eth9", "e0", "eth8"]))
    with pytest.raises(EdgeError, match="there is no network namespace blue"):
        watches.start("one", asked(namespaces=["blue"]))
    assert watches.look("one") == JobHave()


def test_an_interface_that_is_made_again_under_its_name_is_up_again(watches: Watches) -> None:
    watches.start("one", asked(interfaces=["e0"]))
    ip("link", "delete", "e0")
    time.sleep(0.1)
    add_e0()
    assert (found := states(watches))[0] == (False, False) and found[-1] == (True, True)


def test_only_what_changes_whether_an_interface_is_enabled_or_has_carrier_is_a_change(watches: Watches) -> None:
    ip("link", "add", "br0", "type", "bridge")
    watches.start("one", asked(interfaces=["e0"]))
    ip("link", "set", "e0", "mtu", "1400")
    ip("link", "set", "e0", "master", "br0")
    ip("link", "set", "e0", "nomaster")
    ip("link", "set", "e1", "down")
    ip("link", "set", "e1", "up")
    assert states(watches) == [(True, False), (True, True)]
