# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that are waited for, and commands that run beside what is done next."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io import commands


def test_a_command_tells_its_status_and_what_it_said() -> None:
    assert commands.run(["sh", "-c", "echo out; echo err >&2; exit 3"], check=False) == (3, "out\n", "err\n")


def test_a_command_runs_in_the_c_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert commands.run(["sh", "-c", "echo $LC_ALL"])[1] == "C\n"


def test_an_administrator_s_command_is_found_where_path_does_not_lead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert commands.run(["ldconfig", "--version"])[0] == 0


def test_a_failure_names_the_command_and_says_why() -> None:
    with pytest.raises(EdgeError, match=r"^sh -c echo no >&2; false: no$"):
        commands.run(["sh", "-c", "echo no >&2; false"])


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(EdgeError, match=r"^no-such-program is not installed on this node$"):
        commands.start(["no-such-program", "--version"])


def test_a_started_command_runs_beside_what_comes_next(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(commands, "TIMEOUT", 5)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    finish = commands.start(["cat", str(fifo)])
    fifo.write_text("written while it runs")
    assert finish() == (0, "written while it runs", "")


def test_a_command_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(commands, "TIMEOUT", 0.9)
    pid, ended = tmp_path / "pid", tmp_path / "ended"
    program = "import os, pathlib, time; pathlib.Path('%s').write_text(str(os.getpid())); time.sleep(2)" % pid
    program += "; pathlib.Path('%s').touch()" % ended
    with pytest.raises(EdgeError, match=r" -c import os, .* did not end within 0 s$"):
        commands.run([sys.executable, "-c", program])
    assert not os.path.exists("/proc/" + pid.read_text()) and not ended.exists()
