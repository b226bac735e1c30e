"""Nodes for contract tests and benchmarks: real kernels, real keepalived, real files, and one stand-in, systemctl.

A node is a process in network, mount and process namespaces of its own. When that process ends, everything in it is
gone; what is below /etc outlives it, so a node can be booted again.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import systemctl_stand_in

CHECKOUT = Path(__file__).resolve().parents[2]
#: Numbers of uplinks; those of a card and its own are equal, those of the two ends of a cable are not.
_FIRST_INDEX = 5000

#: What the first process does before it becomes the stand-in.
_INIT = """
import os, subprocess, sys
etc, stand_in, systemctl = sys.argv[1:]
for command in (
    ["mount", "--make-rprivate", "/"],
    ["mount", "-t", "sysfs", "sysfs", "/sys"],
    ["mount", "-t", "tmpfs", "tmpfs", "/run"],
    ["mount", "-t", "overlay", "overlay", "-o", f"lowerdir=/etc,upperdir={etc}/up,workdir={etc}/work", "/etc"],
    ["mkdir", "-p", "/run/netns", "/run/systemd/system", "/run/bin", "/run/dev/up", "/run/dev/work"],
    ["mkdir", "-p", "/etc/systemd/system"],
    ["mount", "-t", "overlay", "overlay", "-o", "lowerdir=/dev,upperdir=/run/dev/up,workdir=/run/dev/work", "/dev"],
    ["ip", "link", "set", "lo", "up"],
):
    subprocess.run(command, check=True)
with open("/run/bin/systemctl", "w") as file:
    file.write(systemctl)
os.chmod("/run/bin/systemctl", 0o755)
os.environ["PATH"] = "/run/bin:" + os.environ["PATH"]
os.execv(sys.executable, [sys.executable, "-SE", stand_in])
"""


def usable() -> str | None:
    """Why such nodes cannot be made here; None when they can."""
    missing = [tool for tool in ("ip", "nft", "keepalived", "unshare", "nsenter") if not shutil.which(tool)]
    if os.geteuid() != 0:
        return "needs root, to make namespaces"
    return "needs " + ", ".join(missing) if missing else None


def volatile() -> Path:
    """A directory in memory, for files that are synced to disk one by one; Site.close() removes it."""
    return Path(tempfile.mkdtemp(prefix="virtual-nodes-", dir="/dev/shm"))


class VirtualNode:
    """directory: where the node's /etc is kept."""

    def __init__(self, name: str, directory: Path) -> None:
        self.name = name
        self._etc = directory / name
        (self._etc / "up").mkdir(parents=True)
        (self._etc / "work").mkdir()
        self._process: subprocess.Popen[str] | None = None
        self._runner: subprocess.Popen[str] | None = None
        self.pid = 0
        self.boot()

    def boot(self) -> None:
        """Start the first process; start_units() then does what systemd would."""
        command = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        command += [
            sys.executable,
            "-c",
            _INIT,
            str(self._etc),
            systemctl_stand_in.__file__,
            systemctl_stand_in.SYSTEMCTL,
        ]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, preexec_fn=_die_with_parent
        )
        assert self._process.stdout and self._process.stdout.readline() == "ready\n"
        children = Path("/proc/%d/task/%d/children" % (self._process.pid, self._process.pid)).read_text()
        self.pid = int(children.split()[0])

    def start_units(self) -> None:
        self.run("systemctl", "boot")

    def halt(self) -> None:
        """As when the power fails."""
        if self._runner:
            self._runner.kill()
            self._runner.communicate()
            self._runner = None
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self._process.wait(10)
            assert self._process.stdout
            self._process.stdout.close()
            self._process = None

    def enter(self, *command: str) -> list[str]:
        """The command line that runs a command in the node."""
        inside = ["nsenter", "--target", str(self.pid), "--net", "--mount", "--pid", "--", "env"]
        return [*inside, "PATH=/run/bin:" + os.environ["PATH"], "SSH_CONNECTION=", *command]

    def run(self, *command: str, check: bool = True, text: str | None = None) -> str:
        done = subprocess.run(self.enter(*command), input=text, capture_output=True, text=True, check=False)
        if check and done.returncode:
            raise AssertionError("%s on %s: %s%s" % (" ".join(command), self.name, done.stdout, done.stderr))
        return done.stdout

    def start(self, *command: str) -> subprocess.Popen[str]:
        """A command in the node, whose output can be read; it is the process itself, so it can be terminated."""
        inside = [word for word in self.enter(*command) if word != "--pid"]
        return subprocess.Popen(inside, stdout=subprocess.PIPE, text=True)

    def ip(self, *arguments: str) -> str:
        return self.run("ip", *arguments)

    def addresses(self, namespace: str) -> set[str]:
        """All IPv4 and IPv6 addresses in a namespace, with prefix lengths, without the loopback's."""
        listing = json.loads(self.run("ip", "-n", namespace, "-j", "addr", "show", check=False) or "[]")
        found = [entry for link in listing if link.get("ifname") != "lo" for entry in link.get("addr_info", [])]
        return {"%s/%d" % (entry["local"], entry["prefixlen"]) for entry in found}

    def module(self, params: dict[str, Any], check: bool = False, kill_after: float | None = None) -> dict[str, Any]:
        """The result of node_routers, run as its own process; {} when it was killed, so many seconds from its start."""
        runner = self._runner or self._start_runner()
        assert runner.stdin and runner.stdout
        arguments = {**params, "_ansible_check_mode": check, "_ansible_diff": True}
        runner.stdin.write(json.dumps({"arguments": arguments, "kill_after": kill_after}) + "\n")
        runner.stdin.flush()
        answer = runner.stdout.readline()
        assert answer, "the runner on %s has ended" % self.name
        return json.loads(answer) or {}

    def _start_runner(self) -> subprocess.Popen[str]:
        collections = str(CHECKOUT / ".cache" / "collections")
        runner = str(Path(__file__).with_name("run_module.py"))
        command = self.enter("PYTHONPATH=" + collections, sys.executable, runner)
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdout and process.stdout.readline() == "ready\n"
        self._runner = process
        return process


class Cable:
    """A veth pair between two nodes; pulled, both ends lose their carrier."""

    def __init__(self, near: VirtualNode, device: str, far: VirtualNode, port: str, mtu: int = 1500) -> None:
        self.near, self.device, self.far, self.port = near, device, far, port
        global _FIRST_INDEX
        _FIRST_INDEX += 2
        index = _FIRST_INDEX
        one = ["name", device, "index", str(index), "netns", str(near.pid), "mtu", str(mtu)]
        other = ["name", port, "index", str(index + 1), "netns", str(far.pid), "mtu", str(mtu)]
        subprocess.run(["ip", "link", "add", *one, "type", "veth", "peer", *other], check=True)
        near.ip("link", "set", device, "up")
        far.ip("link", "set", port, "up")

    def pull(self) -> None:
        self.far.ip("link", "set", self.port, "down")

    def plug(self) -> None:
        self.far.ip("link", "set", self.port, "up")


class Site:
    """Nodes on two switches: eth1 is the overlay, with addresses 10.0.0.0/24, and eth2 the provider network."""

    def __init__(self, directory: Path, names: Sequence[str] = ("n1", "n2")) -> None:
        self.directory = directory
        self.switch = VirtualNode("switch", directory)
        for bridge in ("overlay", "provider"):
            self.switch.ip("link", "add", bridge, "type", "bridge", "mcast_snooping", "0")
            self.switch.ip("link", "set", bridge, "up")
        self.nodes: dict[str, VirtualNode] = {}
        self.cables: dict[tuple[str, str], Cable] = {}
        for name in names:
            self.add(name)

    def add(self, name: str) -> VirtualNode:
        self.nodes[name] = VirtualNode(name, self.directory)
        self.wire(name)
        return self.nodes[name]

    def wire(self, name: str) -> None:
        node, number = self.nodes[name], list(self.nodes).index(name) + 1
        for device, bridge in (("eth1", "overlay"), ("eth2", "provider")):
            port = "%s-%s" % (name, device)
            self.cables[name, device] = Cable(node, device, self.switch, port)
            self.switch.ip("link", "set", port, "master", bridge)
        node.ip("addr", "add", "10.0.0.%d/24" % number, "dev", "eth1")
        node.ip("route", "add", "224.0.0.0/4", "dev", "eth1")

    def reboot(self, name: str, start: bool = True) -> None:
        self.nodes[name].halt()
        self.nodes[name].boot()
        self.wire(name)
        if start:
            self.nodes[name].start_units()

    def close(self) -> None:
        for node in (*self.nodes.values(), self.switch):
            node.halt()
        shutil.rmtree(self.directory, ignore_errors=True)


def wait_for(what: Any, seconds: float = 10.0) -> bool:
    """Whether a condition became true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if what():
            return True
        time.sleep(0.05)
    return bool(what())


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
