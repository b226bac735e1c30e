# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the recorder does on a real kernel when keepalived has ended."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived import Configuration, render
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_model import (
    VirtualAddress,
    VirtualRoute,
    VrrpInstance,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_unit import RECORDER

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to make a network namespace")

INSTANCE = VrrpInstance(
    "red",
    "ha0",
    1,
    virtual_addresses=(VirtualAddress("198.51.100.1/24"), VirtualAddress("198.51.100.2", scope="link")),
    virtual_addresses_excluded=(
        VirtualAddress("198.51.100.3/32", track=False),
        VirtualAddress("198.51.101.1/24", "qr0"),
        VirtualAddress("2001:db8::1/64", "qr0", track=False),
        VirtualAddress("198.51.101.9/32", "not-there"),
    ),
    virtual_routes=(VirtualRoute("198.51.102.0/24", interface="qr0"),),
)
#: $1 is the recorder, $2 the runtime directory.
SCRIPT = """
for device in ha0 qr0; do ip link add $device type bridge; ip link set $device up; done
for address in 169.254.1.1/18 198.51.100.1/24 198.51.100.2/32 198.51.100.3/32; do ip addr add $address dev ha0; done
for address in 198.51.101.1/24 198.51.101.7/32 2001:db8::1/64; do ip addr add $address dev qr0; done
sh "$1" "$2" STOP
ip -br addr show scope global | grep -v "^lo "
"""


def test_of_a_keepalived_that_has_ended_exactly_its_own_addresses_are_taken_away(tmp_path: Path) -> None:
    recorder = tmp_path / "record-state"
    recorder.write_text(RECORDER)
    (tmp_path / "loaded.conf").write_text(render(Configuration((INSTANCE,))))
    command = ["unshare", "--net", "sh", "-ec", SCRIPT, "sh", str(recorder), str(tmp_path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    kept = [line.split()[::2] for line in done.stdout.splitlines()]
    assert kept == [["ha0", "169.254.1.1/18"], ["qr0", "198.51.101.7/32"]] and done.stderr == ""
