"""What a drill is told of a host's clock."""

from __future__ import annotations

import time

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.host import clock


def test_readings_of_one_kernel_agree_to_the_millisecond() -> None:
    first = clock()["booted"]
    time.sleep(0.2)
    assert abs(clock()["booted"] - first) < 0.001


def test_the_kernel_was_started_in_the_past() -> None:
    assert 0 < clock()["booted"] < time.time()
