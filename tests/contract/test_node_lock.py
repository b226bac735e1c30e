# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run may begin while another one, or what is left of it, is at work."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import node_boot
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_target import parse_call
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.plan import Step
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.node import Node
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.node_lock import NodeLock

# Takes the lock, begins a command that lasts a second, and is killed.
KILLED = """
import os, signal, subprocess, sys
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.node_lock import NodeLock
lock = NodeLock(sys.argv[1])
lock.take()
begun = subprocess.Popen(["sleep", "1"], pass_fds=lock.inherited)
print(begun.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def begin_and_kill(directory: Path) -> int:
    """Process ID of the command that the killed run has left."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", KILLED, str(directory)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        return int(process.stdout.readline())


def runs(pid: int) -> bool:
    try:
        state = Path("/proc/%d/stat" % pid).read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_what_a_killed_run_has_begun_is_waited_for(tmp_path: Path) -> None:
    left = begin_and_kill(tmp_path)
    assert runs(left)
    NodeLock(str(tmp_path)).take()
    assert not runs(left)


def test_a_run_that_does_not_end_is_an_error_that_says_so(tmp_path: Path) -> None:
    NodeLock(str(tmp_path)).take()
    with pytest.raises(EdgeError, match="another run is at work on this node"):
        NodeLock(str(tmp_path), timeout=0.1).take()


def test_a_directory_that_is_not_there_is_locked_as_soon_as_it_is(tmp_path: Path) -> None:
    later = tmp_path / "later"
    first, second = NodeLock(str(later)), NodeLock(str(later), timeout=0.1)
    first.take()
    assert first.inherited == ()
    later.mkdir()
    first.take()
    with pytest.raises(EdgeError):
        second.take()


def test_what_runs_at_boot_leaves_the_node_to_a_run_that_is_at_work(tmp_path: Path) -> None:
    # Of an uplink that never comes, so that it goes on until it is ended.
    networks = [{"name": "blue", "kind": "flat", "uplink": "never-there"}]
    boot = tmp_path / "node.sh"
    boot.write_text(
        node_boot.script(parse_call({"state": "rendered", "networks": networks, "routers": []}).spec, str(tmp_path))
    )
    command = ["timeout", "1", "sh", str(boot)]
    assert subprocess.run(command, check=False).returncode == 124
    lock = NodeLock(str(tmp_path))
    lock.take()
    assert subprocess.run(command, check=False).returncode == 0


@pytest.mark.parametrize(("made", "told"), [(False, "install it first"), (True, "meanwhile; run again")])
def test_what_another_first_run_has_made_meanwhile_is_not_overwritten(tmp_path: Path, made: bool, told: str) -> None:
    """Where nothing is there yet, there is nothing to lock when a run looks."""
    record = tmp_path / "etc" / "node.json"
    if made:
        record.parent.mkdir()
        record.write_text("{}")
    with pytest.raises(EdgeError, match=told):
        Node(node_boot.Paths(record=str(record))).apply(Step("need", "keepalived, which is not installed"))
