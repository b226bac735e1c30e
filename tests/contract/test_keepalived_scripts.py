# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which programs real keepalived runs, and which it drops."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_unit import NODE
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.keepalived_scripts import script_problem

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not os.path.exists(NODE.keepalived),
    reason="needs root and keepalived, to run it in a namespace",
)
NAMESPACE = "lbvks"
SECURITY = "global_defs {\n script_user root\n enable_script_security\n}\n"
INSTANCE = """\
vrrp_instance i%d {
 interface ha0
 virtual_router_id %d
 virtual_ipaddress {
 198.51.100.%d/24
 }
 notify %s
}
"""


@pytest.fixture()
def base() -> Iterator[Path]:
    """A directory that only root can write to."""
    path = Path("/run/lbvks-test")
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(mode=0o755)
    subprocess.run(["ip", "netns", "delete", NAMESPACE], capture_output=True, check=False)
    subprocess.run(["ip", "netns", "add", NAMESPACE], check=True)
    link = ["ha0", "type", "veth", "peer", "name", "peer0"]
    subprocess.run(["ip", "-n", NAMESPACE, "link", "add", *link], check=True)
    yield path
    subprocess.run(["ip", "netns", "delete", NAMESPACE], check=True)
    shutil.rmtree(path)


def program(base: Path, name: str, mode: int = 0o755, owner: int = 0, group: int = 0, above: int = 0o755) -> None:
    """The program ``name`` in a directory of its own, whose mode is above."""
    path = base / (name + ".d") / name
    path.parent.mkdir()
    path.write_text("#!/bin/sh\n")
    os.chown(path, owner, group)
    path.chmod(mode)
    path.parent.chmod(above)


def log_of(base: Path, programs: list[Path]) -> str:
    """What keepalived says of a configuration that runs them, in its first second."""
    blocks = [INSTANCE % (number, number, number, path) for number, path in enumerate(programs, 1)]
    (base / "conf").write_text(SECURITY + "".join(blocks))
    (base / "conf").chmod(0o600)
    options = ["-n", "-l", "-P", "-f", "%s/conf" % base, "-p", "%s/pid" % base, "-r", "%s/vrrp.pid" % base]
    command = ["timeout", "1", "ip", "netns", "exec", NAMESPACE, NODE.keepalived, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_a_program_is_refused_exactly_when_keepalived_does_not_run_it(base: Path) -> None:
    program(base, "plain")
    program(base, "private", mode=0o700)
    program(base, "of-group-root", mode=0o775)
    program(base, "in-sticky", above=0o1777)
    program(base, "not-executable", mode=0o644)
    program(base, "of-a-user", owner=65534)
    program(base, "of-a-group", mode=0o775, group=65534)
    program(base, "read-by-a-group", group=65534)
    program(base, "for-all", mode=0o777)
    program(base, "in-open", above=0o777)
    (base / "missing.d").mkdir()
    (base / "link-to-plain.d").mkdir()
    (base / "link-to-plain.d" / "link-to-plain").symlink_to(base / "plain.d" / "plain")
    programs = [path / path.stem for path in sorted(base.glob("*.d"))]
    log = log_of(base, programs)
    assert "Startup complete" in log, log
    dropped = {path.name for path in programs if "/%s'" % path.name in log or "/%s " % path.name in log}
    assert {path.name for path in programs if script_problem(str(path))} == dropped, log
    assert dropped == {"not-executable", "of-a-user", "of-a-group", "for-all", "in-open", "missing"}
