# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is made of journalctl's answers; that it gives them is seen on the lab."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io import commands
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.journal import keepalived_messages


def answer(directory: Path, monkeypatch: pytest.MonkeyPatch, lines: list[str], status: int = 0) -> None:
    program = directory / "journalctl"
    (directory / "lines").write_text("".join(line + "\n" for line in lines))
    program.write_text("#!/bin/sh\ncat %s/lines\nexit %d\n" % (directory, status))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(directory), prepend=":")


def test_messages_are_told_by_process_in_the_order_of_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = [("748", "newest"), ("760", "of another"), ("748", "oldest"), ("748", [255, 110])]
    lines = [json.dumps({"_PID": pid, "MESSAGE": text, "__CURSOR": "s=1"}) for pid, text in said]
    answer(tmp_path, monkeypatch, [*lines, json.dumps({"MESSAGE": "of nobody"})])
    assert keepalived_messages() == {748: ["newest", "oldest"], 760: ["of another"]}


def test_a_journal_that_says_nothing_one_that_takes_too_long_and_none_are_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(tmp_path, monkeypatch, [], status=1)
    assert keepalived_messages() == {}
    monkeypatch.setattr(commands, "TIMEOUT", 0.01)
    (tmp_path / "journalctl").write_text("#!/bin/sh\nexec sleep 60\n")
    assert keepalived_messages() == {}
    (tmp_path / "journalctl").unlink()
    monkeypatch.setattr("shutil.which", lambda *_given, **_named: None)
    assert keepalived_messages() == {}
