"""What stands in the place of a file of the collection's own is replaced, and what it leads to is left alone."""

from __future__ import annotations

import os
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


def test_a_link_to_a_file_is_replaced_and_the_file_is_left_alone(tmp_path: Path) -> None:
    path, other = tmp_path / "unit", tmp_path / "other"
    other.write_text("text\n")
    path.symlink_to(other)
    write_own(str(path), "new\n", 0o644)
    assert other.read_text() == "text\n" and read_own(str(path)) == File("new\n", 0o644)
