"""What systemctl is asked for, and what is told of its errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_service import ENABLE_AND_START
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.systemd import Systemd

SYSTEMCTL = """\
#!/bin/sh
echo "$*" >> %s
case "$*" in *refused*) echo "Job failed." >&2; exit 1 ;; esac
"""


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a systemctl writes what it was asked for."""
    path = tmp_path / "calls"
    program = tmp_path / "systemctl"
    program.write_text(SYSTEMCTL % path)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(Systemd, "running", True)
    return path


def test_a_new_unit_is_enabled_without_systemd_and_started_by_it(calls: Path) -> None:
    Systemd().do(ENABLE_AND_START, ["a.service", "b.service"])
    wanted = ["--root=/ enable -- a.service b.service", "start -- a.service b.service"]
    assert sorted(calls.read_text().splitlines()) == sorted(wanted)


def test_every_other_verb_is_one_call_of_that_name(calls: Path) -> None:
    Systemd().do("enable", ["a.service"])
    assert calls.read_text() == "enable -- a.service\n"


@pytest.mark.parametrize("verb", ["restart", ENABLE_AND_START])
def test_an_error_says_what_was_to_be_done_and_what_systemctl_says(calls: Path, verb: str) -> None:
    with pytest.raises(EdgeError, match="^systemctl %s refused.service: Job failed.$" % verb):
        Systemd().do(verb, ["refused.service"])
