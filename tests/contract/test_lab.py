"""The lab itself, with hosts that are a bare Debian: killed while it is made, and two of them side by side."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).parents[2]
LABS = Path("/var/lib/linuxbridge-vrrp-lab")
NAMES = ("test-one", "test-two")
MISSING = subprocess.run([CHECKOUT / "tools" / "check-machine.sh"], capture_output=True, text=True, check=False).stderr

#: ssh-keygen that comes no further with the second host's key.
HALT = """#!/bin/sh
case "$*" in */host3/root/*) : > '%s/halted'; sleep 60 ;; esac
exec %s "$@"
"""

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING.strip())


def play(name: str, directory: Path, state: str = "present", programs: Path | None = None) -> subprocess.Popen[str]:
    """roles/lab under way, for a lab of two hosts. programs: a directory whose programs come before the machine's."""
    hosts = [{"name": "host%d" % number, "number": number, "image": "base"} for number in (2, 3)]
    variables = {"lab_name": name, "lab_directory": str(directory / name), "lab_state": state, "lab_hosts": hosts}
    command = [Path(sys.executable).with_name("ansible-playbook"), "playbooks/lab.yml", "-e", json.dumps(variables)]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg")}
    if programs:
        environment["PATH"] = "%s:%s" % (programs, environment["PATH"])
    return subprocess.Popen(
        command,
        cwd=CHECKOUT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finished(process: subprocess.Popen[str]) -> str:
    output = process.communicate(timeout=900)[0]
    assert process.returncode == 0, output
    return output


def answers(directory: Path, name: str) -> list[bytes]:
    """What SSH says on each address that the lab's inventory gives."""
    found = []
    for line in (directory / name / "known_hosts").read_text().splitlines():
        with socket.create_connection((line.split()[0], 22), timeout=5) as connection:
            found.append(connection.recv(3))
    return found


def traces(name: str) -> dict[str, Any]:
    """What a lab has on this machine."""
    commands = {"namespace": "ip netns list", "table": "nft list tables", "processes": "ps -e -ww -o args"}
    commands.update(dict.fromkeys(["mounts", "memory"], "cat /proc/mounts"))
    listings = {
        what: subprocess.run(command.split(), capture_output=True, text=True, check=True).stdout
        for what, command in commands.items()
    }
    words = {"namespace": "lbv-" + name, "table": "lbv_" + name.replace("-", "_")}
    words.update(mounts="%s/%s/" % (LABS, name), memory="%s/%s tmpfs" % (LABS, name))
    words.update(processes="--machine=%s-" % name)
    found = {what: words[what] in listings[what] for what in listings}
    return {**found, "files": (LABS / name).exists()}


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    for process in [play(name, tmp_path, "absent") for name in NAMES]:
        finished(process)


def test_a_lab_that_was_killed_while_its_hosts_boot_is_made_whole_by_the_next_run(directory: Path) -> None:
    """The first host boots by then, and the second is half furnished."""
    keygen = directory / "programs" / "ssh-keygen"
    keygen.parent.mkdir()
    keygen.write_text(HALT % (directory, shutil.which("ssh-keygen")))
    keygen.chmod(0o755)
    killed = play(NAMES[0], directory, programs=keygen.parent)
    deadline = time.monotonic() + 600
    while not (directory / "halted").exists() and killed.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert killed.poll() is None
    for process in _with_children(killed.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    killed.communicate()
    finished(play(NAMES[0], directory))
    assert answers(directory, NAMES[0]) == [b"SSH", b"SSH"]
    assert " changed=0 " in finished(play(NAMES[0], directory))
    finished(play(NAMES[0], directory, "absent"))
    assert not any(traces(NAMES[0]).values())


def test_two_labs_stand_side_by_side_and_one_goes_without_the_other(directory: Path) -> None:
    for process in [play(name, directory) for name in NAMES]:
        finished(process)
    assert [answers(directory, name) for name in NAMES] == [[b"SSH", b"SSH"]] * 2
    finished(play(NAMES[0], directory, "absent"))
    assert traces(NAMES[0]) == dict.fromkeys(traces(NAMES[0]), False)
    assert traces(NAMES[1]) == dict.fromkeys(traces(NAMES[1]), True)
    assert answers(directory, NAMES[1]) == [b"SSH", b"SSH"]


def _with_children(process: int) -> list[int]:
    """A process and all that it has started, whatever their sessions are; hosts that boot are not among them."""
    found = [process]
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
        for task in Path("/proc/%d/task" % process).iterdir():
            for child in (task / "children").read_text().split():
                found += _with_children(int(child))
        if b"lab-host" in Path("/proc/%d/cmdline" % process).read_bytes():
            return []
    return found
