# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that are waited for, and commands that run beside what is done next."""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
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


def test_the_end_of_a_command_is_told_and_not_looked_for_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(seconds: float) -> None:
        raise AssertionError("slept for %s s" % seconds)

    monkeypatch.setattr("time.sleep", never)
    assert commands.run(["sh", "-c", "exec >&- 2>&-; exec sleep 0.2"]) == (0, "", "")


def refuse(_pid: int) -> int:
    raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))


def test_a_kernel_that_tells_no_ends_is_asked_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "pidfd_open", refuse)
    assert commands.run(["sh", "-c", "sleep 0.1; echo out; exit 3"], check=False) == (3, "out\n", "")
    monkeypatch.setattr(commands, "TIMEOUT", 0.2)
    with pytest.raises(EdgeError, match=r"^sleep 60 did not end within 0 s$"):
        commands.run(["sleep", "60"])


def test_a_command_that_says_much_does_not_wait_for_a_reader() -> None:
    finish = commands.start(["sh", "-c", "head -c 1000000 /dev/zero | tr '\\0' x; echo y >&2"])
    assert finish() == (0, "x" * 1000000, "y\n")


def test_what_is_no_utf_8_comes_through() -> None:
    assert os.fsencode(commands.run(["printf", r"\377"])[1]) == b"\xff"


def test_what_a_command_leaves_behind_is_not_waited_for() -> None:
    status, pid, _error = commands.run(["sh", "-c", "sleep 60 & echo $!"])
    try:
        assert status == 0 and Path("/proc/%d" % int(pid)).exists()
    finally:
        os.kill(int(pid), signal.SIGKILL)


@pytest.mark.parametrize("count", [0, 1, 9])
def test_work_that_is_done_side_by_side_gives_its_results_in_order(count: int) -> None:
    together = threading.Barrier(min(count, 4) or 1)

    def work(item: int) -> int:
        if item < 4:
            together.wait(10)
        return item + 7

    assert commands.side_by_side(work, range(count)) == [item + 7 for item in range(count)]


def test_all_work_is_done_before_the_first_error_comes_through() -> None:
    done = []

    def work(item: int) -> None:
        done.append(item)
        if item in (1, 3):
            raise EdgeError("item %d" % item)

    with pytest.raises(EdgeError, match=r"^item 1$"):
        commands.side_by_side(work, range(6))
    assert sorted(done) == [*range(6)]
