# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real files below a directory of the test's own, and the real settings of a network namespace of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.bridge_netfilter import FILES

CHILD = """
import sys
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.bridge_netfilter import plan_netfilter
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.bridge_netfilter import BridgeNetfilter

port = BridgeNetfilter(lambda command: sys.exit("ran %s" % command), root=sys.argv[1])
for step in (first := plan_netfilter(port.look())).steps:
    port.do(step)
print(len(first.steps), len(plan_netfilter(port.look()).steps))
print(*port.look().settings.values())
"""


@pytest.fixture
def settings_of_its_own() -> None:
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    if not Path("/proc/sys/net/bridge").is_dir():
        pytest.skip("br_netfilter is not in this kernel")


def converge(root: Path, turned_off: str = "") -> list[str]:
    off = "; ".join("echo 0 > /proc/sys/net/bridge/%s" % name for name in turned_off.split())
    command = "%s\nexec %s -c '%s' %s" % (off, sys.executable, CHILD, root)
    done = subprocess.run(
        ["unshare", "--net", "sh", "-ec", command],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_files_and_settings_are_there_after_one_run_and_a_second_changes_nothing(
    settings_of_its_own: None, tmp_path: Path
) -> None:
    off = "bridge-nf-call-iptables bridge-nf-call-ip6tables"
    assert converge(tmp_path, turned_off=off) == ["4", "0", "1", "1"]
    for path, text in FILES.items():
        assert (tmp_path / path.lstrip("/")).read_text() == text
        assert (tmp_path / path.lstrip("/")).stat().st_mode & 0o777 == 0o644
    assert converge(tmp_path, turned_off="bridge-nf-call-ip6tables") == ["1", "0", "1", "1"]
