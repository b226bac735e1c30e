"""Nodes with a systemd of their own: the hosts of a lab, made for bench/node_routers.py and removed after it."""

from __future__ import annotations

import json
import shlex
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ansible.module_utils
import yaml
from edge_calls import CHECKOUT

#: Not one that somebody may have made by hand, for it is removed.
LAB = "bench-node_routers"
_DIRECTORY = CHECKOUT / ".lab" / LAB
#: Where the node has the collection, what it needs of ansible-core, and the program that runs it.
_HOME = "/root/bench"


class LabNode:
    """A host of the lab, by name."""

    def __init__(self, name: str) -> None:
        self.name = name
        found = yaml.safe_load((_DIRECTORY / "inventory" / "hosts.yml").read_text())
        self._ssh = ["ssh", "-o", "BatchMode=yes", "-o", "UserKnownHostsFile=%s" % (_DIRECTORY / "known_hosts")]
        self._ssh += ["-i", str(_DIRECTORY / "id_ed25519"), "root@" + found["all"]["hosts"][name]["ansible_host"]]
        self._runner = self._start_runner()
        self._ready = False

    def _start_runner(self) -> subprocess.Popen[str]:
        """Send what it takes to run the module, and start one process after another that waits to run it once."""
        receive = [*self._ssh, "mkdir %s && tar -x -C %s" % (_HOME, _HOME)]
        with subprocess.Popen(receive, stdin=subprocess.PIPE) as process:
            assert process.stdin
            with tarfile.open(fileobj=process.stdin, mode="w|") as archive:
                # module_utils asks where the package is.
                archive.addfile(tarfile.TarInfo("ansible/__init__.py"))
                archive.add(ansible.module_utils.__path__[0], "ansible/module_utils")
                archive.add(CHECKOUT / "plugins", "ansible_collections/linuxbridge/vrrp/plugins")
                archive.add(CHECKOUT / "tests" / "fakes" / "run_module.py", "run_module.py")
        one = "PYTHONPATH=%s python3 %s/run_module.py --once" % (_HOME, _HOME)
        command = [*self._ssh, "while %s; do :; done" % one]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def prepare(self) -> None:
        """Wait for a process that has loaded the module: how long that takes is not ours. One that a loaded process
        forks would still have to get its memory page by page, which takes a run that does nothing 15 ms.
        """
        if not self._ready:
            self._ready = self._line() == "ready\n"
            assert self._ready

    def _line(self) -> str:
        """What the node says next, but for empty lines."""
        assert self._runner.stdout
        return next(filter(str.strip, self._runner.stdout))

    def run(self, *command: str, text: str | None = None) -> str:
        done = subprocess.run(
            [*self._ssh, shlex.join(command)], input=text, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit("%s on %s: %s%s" % (command[0], self.name, done.stdout, done.stderr))
        return done.stdout

    def module(self, params: dict[str, Any]) -> dict[str, Any]:
        """The result of node_routers, run as its own process."""
        self.prepare()
        self._ready = False
        assert self._runner.stdin
        arguments = {**params, "_ansible_check_mode": False, "_ansible_diff": True}
        self._runner.stdin.write(json.dumps({"arguments": arguments}) + "\n")
        self._runner.stdin.flush()
        result: dict[str, Any] = json.loads(self._line())
        return result

    def close(self) -> None:
        """Power off, so that nothing of it is there while others are measured."""
        self._runner.terminate()
        self._runner.communicate()
        subprocess.run([*self._ssh, "systemctl poweroff --force"], capture_output=True, check=False)


@contextmanager
def lab() -> Iterator[None]:
    """The lab, new, and gone in the end."""
    _playbook("playbooks/lab.yml", "-e", "lab_state=absent")
    try:
        _playbook("bench/lab.yml")
        yield
    finally:
        _playbook("playbooks/lab.yml", "-e", "lab_state=absent")


def _playbook(*arguments: str) -> None:
    command = ["ansible-playbook", "-e", "lab_name=" + LAB, *arguments]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit("%s failed:\n%s" % (" ".join(command), (done.stdout + done.stderr)[-3000:]))
