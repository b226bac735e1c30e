# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether keepalived is there, and what it can do; all else is in the contract tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_model import Capabilities
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_unit import Layout
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.plan import Step
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.keepalived import Keepalived
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.systemd import Systemd


def keepalived(program: Path, says: str, mode: int) -> Keepalived:
    program.write_text("#!/bin/sh\necho '%s' >&2\n" % says)
    program.chmod(mode)
    return Keepalived(Systemd(), Layout(keepalived=str(program)))


def test_a_file_that_is_removed_takes_along_what_a_killed_write_left(tmp_path: Path) -> None:
    for name in ("red.conf", ".red.conf.0badcafe.linuxbridge_vrrp.tmp", ".blue.conf.0badcafe.linuxbridge_vrrp.tmp"):
        (tmp_path / name).write_text("auth_pass s3cret")
    path = str(tmp_path / "red.conf")
    Keepalived(Systemd()).apply(Step("remove", path, path))
    assert [found.name for found in tmp_path.iterdir()] == [".blue.conf.0badcafe.linuxbridge_vrrp.tmp"]


def test_the_version_is_asked_for_once(tmp_path: Path) -> None:
    found = keepalived(tmp_path / "keepalived", "Keepalived v1.2.15 (date)", 0o755)
    assert found.installed and found.capabilities() == Capabilities.of_version((1, 2, 15)) != Capabilities()
    (tmp_path / "keepalived").write_text("#!/bin/sh\necho asked again\n")
    assert found.capabilities() == Capabilities.of_version((1, 2, 15))


def test_it_is_asked_whether_it_tells_systemd_when_it_is_ready(tmp_path: Path) -> None:
    says = "Keepalived v2.1.5 (date)\n\nConfig options:  VRRP DBUS"
    assert not keepalived(tmp_path / "without", says, 0o755).capabilities().systemd_notify
    assert keepalived(tmp_path / "with", says + " SYSTEMD_NOTIFY", 0o755).capabilities().systemd_notify


def test_a_file_that_cannot_be_run_is_no_keepalived(tmp_path: Path) -> None:
    found = keepalived(tmp_path / "keepalived", "Keepalived v1.2.15 (date)", 0o644)
    assert not found.installed and found.capabilities() == Capabilities()


def test_a_program_that_tells_no_version_is_an_error(tmp_path: Path) -> None:
    found = keepalived(tmp_path / "keepalived", "hello", 0o755)
    with pytest.raises(EdgeError, match=r"keepalived does not tell its version$"):
        found.capabilities()
