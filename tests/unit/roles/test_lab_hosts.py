"""What the lab refuses before it makes anything."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).parents[3] / "roles" / "lab" / "files" / "lab_hosts.py"


def refusal(directory: Path, lab: str = "demo", host: str = "network1", number: int = 21) -> str:
    """What is said of a lab with one host; nothing may have been made."""
    want: dict[str, Any] = {"name": lab, "state": "present", "check": False, "directory": str(directory / "labs")}
    want["hosts"] = [{"name": host, "number": number}]
    done = subprocess.run(
        [sys.executable, PROGRAM], input=json.dumps(want), capture_output=True, text=True, check=False
    )
    assert done.returncode == 1 and not (directory / "labs").exists()
    return done.stderr.strip()


@pytest.mark.parametrize("name", ["controller12", "", "a.b", "Edge1", "-edge"])
def test_a_host_name_that_makes_no_device_name_is_refused(tmp_path: Path, name: str) -> None:
    expected = "lab_hosts[0].name: %r is not 1 to 11 lower case letters, digits and -, the first a letter or digit"
    assert refusal(tmp_path, host=name) == expected % name


@pytest.mark.parametrize("name", ["x" * 41, "", "a/b", "..", "Demo"])
def test_a_lab_name_that_is_too_long_or_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    expected = "lab_name: %r is not 1 to 40 lower case letters, digits, - and _, the first a letter or digit"
    assert refusal(tmp_path, lab=name) == expected % name


@pytest.mark.parametrize("number", [1, 255])
def test_a_number_that_is_no_address_of_a_host_is_refused(tmp_path: Path, number: int) -> None:
    assert refusal(tmp_path, number=number) == "lab_hosts[0].number: %d is not in 2 to 254" % number


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    assert len(refusal(tmp_path, lab="..", host="..", number=0).splitlines()) == 3
