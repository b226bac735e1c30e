"""What stands in the place of a file of the collection's own is replaced, and what it leads to is left alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_service import File
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.own_files import read_own, write_own

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, whose files they are")


def test_nothing_is_read_where_nothing_is(tmp_path: Path) -> None:
    assert read_own(str(tmp_path / "unit")) is None


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = str(tmp_path / "folder" / "unit")
    write_own(path, "text\n", 0o640)
    assert read_own(path) == File("text\n", 0o640)


def test_a_file_of_another_user_is_not_as_it_was_written(tmp_path: Path) -> None:
    path = str(tmp_path / "unit")
    write_own(path, "text\n", 0o644)
    os.chown(path, 65534, 0)
    assert read_own(path) == File("text\n", None)


def test_a_link_to_nothing_as_of_a_masked_unit_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "unit"
    path.symlink_to("/dev/null")
    assert read_own(str(path)) == File("", None)
    write_own(str(path), "text\n", 0o644)
    assert not path.is_symlink() and read_own(str(path)) == File("text\n", 0o644)
    assert Path("/dev/null").is_char_device()


#: A first run on a node with a read-only /etc, in a mount namespace of its own.
READ_ONLY = """
import os, subprocess, sys
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.node_lock import NodeLock
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.own_files import write_own
etc = sys.argv[1]
os.symlink("/dev/null", etc + "/unit")
subprocess.run(["mount", "--bind", etc, etc], check=True)
subprocess.run(["mount", "-o", "remount,ro,bind", etc], check=True)
new = etc + "/new"
for act in (NodeLock(new).take, lambda make: write_own(new + "/unit", "", 0o644),
            lambda make: write_own(etc + "/unit", "", 0o644)):
    try:
        act(make=True)
    except EdgeError as error:
        print(error)
"""


def test_what_a_read_only_etc_refuses_is_an_error_that_names_the_path(tmp_path: Path) -> None:
    command = ["unshare", "--mount", sys.executable, "-c", READ_ONLY, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    told = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    assert told.replace(str(tmp_path), "/etc").splitlines() == [
        "/etc/new cannot be made: Read-only file system",
        "/etc/new/unit cannot be written: Read-only file system",
        "/etc/unit cannot be written: Read-only file system",
    ]


def test_a_link_to_a_file_is_replaced_and_the_file_is_left_alone(tmp_path: Path) -> None:
    path, other = tmp_path / "unit", tmp_path / "other"
    other.write_text("text\n")
    path.symlink_to(other)
    write_own(str(path), "new\n", 0o644)
    assert other.read_text() == "text\n" and read_own(str(path)) == File("new\n", 0o644)
