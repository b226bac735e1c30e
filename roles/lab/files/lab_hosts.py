# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring the hosts of one lab up, or take the lab away, whatever state a killed run left it in.

Reads from standard input a JSON object:
  name: of the lab
  state: "present" or "absent"
  check: true only tells what would be done
  directory: of all labs' file systems and records
  suite: Debian's release that the images are of, kept in the file "suite" of the lab's directory
  segments: names of the lab's layer-2 segments; the first is the management network
  authorized_key: public SSH key of root on each host
  hosts: list of
    name, image (directory), number (last octet of its management address)
    interfaces: {"eth0": segment, ...}; eth0 is on the management network
    networkd: {file name: text} of /etc/systemd/network
    package_layers: image directories; the host has what lab_images.py kept of their packages

Prints {"changed": bool, "actions": [str], "gateway": str, "hosts": {name: {"address": str, "host_key": str}}}.

A host is a systemd-nspawn container on an overlayfs; what it writes stays in memory. Everything is in the network
namespace lbv-NAME; all that touches the machine's own is one veth to the management network, an nftables table that
masquerades it, and the sysctls net.ipv4.ip_forward and fs.inotify.max_user_instances, which are put back when the last
lab goes.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import ipaddress
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

BOOT_SECONDS = 120
STOP_SECONDS = 20
#: A host's devices on this machine are named HOST-e0, in the kernel's 15 characters; LAB-HOST is a name of systemd's,
#: which has 63.
HOST_NAME_LENGTH = 11
LAB_NAME_LENGTH = 40
#: What the machine must have at least: hosts reach the package mirror through it, and each systemd needs several of the
#: inotify instances that all hosts' root users share.
SYSCTLS = {"net.ipv4.ip_forward": 1, "fs.inotify.max_user_instances": 2048}
#: Keeps a host: boots it, plugs its interfaces in, and does so again when it reboots, which nspawn tells by exit code
#: 133. It stays out of the host's own control groups, and ends with nspawn.
KEEPER = r"""
for group in $CGROUPS; do echo 0 > "${group%/*}/cgroup.procs"; done
status=133
while [ $status = 133 ]; do
    echo "$PLUGS" | while read -r side plug; do
        for try in $(seq 200); do
            ip link set "$side" $plug up 2>/dev/null && break
            sleep 0.1
        done
    done &
    (
        for group in $CGROUPS; do echo 0 > "$group/cgroup.procs"; done
        exec "$@"
    )
    status=$?
done
"""


def run(*command: str, stdin: str | None = None) -> str:
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit("%s\nfailed with exit code %d: %s" % (" ".join(command), done.returncode, done.stderr.strip()))
    return done.stdout


def ip_json(*arguments: str) -> list[dict[str, Any]]:
    return [entry for entry in json.loads(run("ip", "-j", *arguments) or "[]") if entry]


def mounts_below(directory: Path) -> list[str]:
    """Mount points at or below a directory, innermost first."""
    points = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    return [point for point in reversed(points) if (point + "/").startswith("%s/" % directory)]


def nspawn_processes(directory: Path) -> dict[str, int]:
    """Process of each running host below a directory, by the host's root directory."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().decode(errors="replace").split("\0")
        except OSError:  # the process ended while we were looking
            continue
        roots = [word[len("--directory=") :] for word in words if word.startswith("--directory=%s/" % directory)]
        if os.path.basename(words[0]) == "systemd-nspawn" and roots:
            found[roots[0]] = int(entry.parent.name)
    return found


def cgroup_hierarchies() -> list[Path]:
    """Where systemd keeps units: the hierarchies that a host's systemd writes to (version 2, hybrid or both)."""
    found = []
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _source, point, kind, options = line.split()[:4]
        if kind == "cgroup2" or (kind == "cgroup" and "name=systemd" in options.split(",")):
            found.append(Path(point))
    return found


class Lab:
    """One lab on this machine. Each ensure_ method does nothing where there is nothing to do."""

    def __init__(self, want: dict[str, Any]) -> None:
        self.want = want
        self.check = want["check"]
        self.labs = Path(want["directory"])
        self.directory = self.labs / want["name"]
        self.namespace = "lbv-" + want["name"]
        self.uplink = "lbv" + hashlib.sha256(want["name"].encode()).hexdigest()[:8]
        self.table = "lbv_" + want["name"].replace("-", "_")
        self.actions: list[str] = []

    def act(self, what: str, function: Callable[[], object]) -> None:
        """Note an action, and do it unless this is only a check."""
        self.actions.append(what)
        if not self.check:
            function()

    # -- what is there -------------------------------------------------------------------------------------------
    def namespace_exists(self) -> bool:
        return self.namespace in [entry["name"] for entry in ip_json("netns", "list")]

    def links(self) -> dict[str, dict[str, Any]]:
        if not self.namespace_exists():
            return {}
        return {link["ifname"]: link for link in ip_json("-n", self.namespace, "link", "show")}

    def network(self) -> ipaddress.IPv4Network:
        """The management network: recorded, or the first free /24 from where the lab's name points."""
        record = self.directory / "management"
        if record.exists():
            return ipaddress.IPv4Network(record.read_text().strip())
        used = [
            ipaddress.ip_network("%s/%s" % (address["local"], address["prefixlen"]), strict=False)
            for link in ip_json("-4", "address", "show")
            for address in link["addr_info"]
        ]
        routes = [route["dst"] for route in ip_json("-4", "route", "show", "table", "all") if "/" in route["dst"]]
        used += [ipaddress.ip_network(route, strict=False) for route in routes]
        start = int(self.uplink[3:], 16) % 16384
        for offset in range(16384):
            number = (start + offset) % 16384
            candidate = ipaddress.IPv4Network("10.%d.%d.0/24" % (128 + number // 256, number % 256))
            if not any(candidate.overlaps(other) for other in used):
                return candidate
        raise SystemExit("no /24 of 10.128.0.0/10 is free for the lab's management network")

    # -- present -------------------------------------------------------------------------------------------------
    def ensure_switch(self, network: ipaddress.IPv4Network) -> None:
        """The namespace with a bridge for each segment."""
        # An older lab, on disk, stays there.
        if not self.directory.exists() or not any(self.directory.iterdir()):
            self.act("make the lab's directory in memory", self.make_directory)
        record = self.directory / "management"
        if not record.exists():
            self.act("take %s as management network" % network, lambda: record.write_text("%s\n" % network))
        if not self.namespace_exists():
            self.act("make network namespace " + self.namespace, lambda: run("ip", "netns", "add", self.namespace))
        there = self.links()
        for segment in self.want["segments"]:
            if segment not in there:
                # Snooping would eat the multicast of VXLAN and VRRP: nobody queries on these bridges.
                bridge = ["add", segment, "up", "type", "bridge", "stp_state", "0", "mcast_snooping", "0"]
                make = functools.partial(run, "ip", "-n", self.namespace, "link", *bridge)
                self.act("make segment " + segment, make)

    def make_directory(self) -> None:
        """A tmpfs: packages and databases are written faster than to a disk. Nothing of it outlives the machine's next
        boot, as the rest of a lab does not."""
        self.directory.mkdir(parents=True, exist_ok=True)
        if not os.path.ismount(self.directory):
            run("mount", "-t", "tmpfs", "-o", "mode=0700", "lab-" + self.want["name"], str(self.directory))

    def ensure_uplink(self, network: ipaddress.IPv4Network) -> None:
        """The veth, address, translation and forwarding that let the hosts reach the machine's package mirror."""
        names = [link["ifname"] for link in ip_json("link", "show")]
        if self.uplink not in names:
            self.act("connect the management network to the machine", lambda: self.connect(network))
        if self.table not in run("nft", "list", "tables"):
            text = (
                "table ip %s {\n chain postrouting {\n  type nat hook postrouting priority srcnat;\n"
                '  ip saddr %s oifname != "%s" masquerade\n }\n}\n'
            ) % (self.table, network, self.uplink)
            self.act("masquerade the management network", lambda: run("nft", "-f", "-", stdin=text))
        for name, least in SYSCTLS.items():
            if int(sysctl(name).read_text()) < least:
                self.act("set %s to %d" % (name, least), functools.partial(self.set_sysctl, name, least))

    def connect(self, network: ipaddress.IPv4Network) -> None:
        management = self.want["segments"][0]
        peer = ["peer", "name", "uplink", "netns", self.namespace]
        run("ip", "link", "add", self.uplink, "type", "veth", *peer)
        run("ip", "-n", self.namespace, "link", "set", "uplink", "master", management, "up")
        run("ip", "address", "add", "%s/%d" % (network[1], network.prefixlen), "dev", self.uplink)
        run("ip", "link", "set", self.uplink, "up")

    def set_sysctl(self, name: str, value: int) -> None:
        """The first value that was found is the one to put back."""
        record = self.labs / "sysctl" / name
        record.parent.mkdir(exist_ok=True)
        if not record.exists():
            record.write_text(sysctl(name).read_text())
        sysctl(name).write_text(str(value))

    def ensure_host(self, host: dict[str, Any], network: ipaddress.IPv4Network, running: dict[str, int]) -> None:
        root = self.directory / host["name"] / "root"
        if str(root) not in running:
            self.act("boot " + host["name"], lambda: self.boot(host, root, network))
        there = {} if self.check and not self.namespace_exists() else self.links()
        for interface, segment in host["interfaces"].items():
            side = self.side(host, interface)
            if there.get(side, {}).get("master") != segment or "UP" not in there[side]["flags"]:
                plug = functools.partial(self.plug, side, segment)
                self.act("plug %s %s into %s" % (host["name"], interface, segment), plug)

    @staticmethod
    def side(host: dict[str, Any], interface: str) -> str:
        return "%s-%s" % (host["name"], interface.replace("eth", "e"))

    def boot(self, host: dict[str, Any], root: Path, network: ipaddress.IPv4Network) -> None:
        for point in mounts_below(root):
            run("umount", "--lazy", point)
        upper, work = root.with_name("upper"), root.with_name("work")
        fresh = not upper.exists()
        for directory in (root, upper, work):
            directory.mkdir(parents=True, exist_ok=True)
        kept = [str(Path(layer).with_name("packages")) for layer in host["package_layers"]]
        lower = ":".join(image_layers(host["image"]) + kept)
        options = "lowerdir=%s,upperdir=%s,workdir=%s" % (lower, upper, work)
        run("mount", "-t", "overlay", "overlay", "-o", options, str(root))
        if fresh or not (root / "etc/lab-host").exists():
            self.furnish(host, root, network)
        self.start(host, root)

    def furnish(self, host: dict[str, Any], root: Path, network: ipaddress.IPv4Network) -> None:
        """Write what makes the image this host; the marker comes last, so that a killed run is made up for."""
        (root / "etc/hostname").write_text(host["name"] + "\n")
        lines = ["127.0.0.1 localhost", "::1 localhost"]
        lines += ["%s %s" % (network[other["number"]], other["name"]) for other in self.want["hosts"]]
        (root / "etc/hosts").write_text("\n".join(lines) + "\n")
        (root / "etc/resolv.conf").unlink(missing_ok=True)
        shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
        (root / "etc/machine-id").write_text("")
        ssh = root / "root/.ssh"
        ssh.mkdir(mode=0o700, exist_ok=True)
        (ssh / "authorized_keys").write_text(self.want["authorized_key"] + "\n")
        key = root / "etc/ssh/ssh_host_ed25519_key"
        key.unlink(missing_ok=True)
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", host["name"], "-f", str(key))
        address = "%s/%d" % (network[host["number"]], network.prefixlen)
        management = "[Match]\nName=eth0\n[Network]\nAddress=%s\nGateway=%s\n" % (address, network[1])
        for name, text in {"10-eth0.network": management, **host["networkd"]}.items():
            (root / "etc/systemd/network" / name).write_text(text)
        (root / "etc/lab-host").write_text("%s of lab %s\n" % (host["name"], self.want["name"]))

    def start(self, host: dict[str, Any], root: Path) -> None:
        veths = ["--network-veth-extra=%s:%s" % (self.side(host, name), name) for name in host["interfaces"]]
        command = [
            "systemd-nspawn",
            "--quiet",
            "--boot",
            "--register=no",
            "--keep-unit",
            "--directory=%s" % root,
            "--machine=%s-%s" % (self.want["name"].replace("_", "-"), host["name"]),
            "--hostname=" + host["name"],
            "--capability=all",
            "--private-network",
            "--resolv-conf=off",
            "--bind=/dev/net/tun",
            *veths,
        ]
        cgroups = self.cgroups(host["name"])
        for cgroup in cgroups:
            cgroup.mkdir(parents=True, exist_ok=True)
        plugs = ["%s master %s" % (self.side(host, name), segment) for name, segment in host["interfaces"].items()]
        with root.with_name("console.log").open("w") as console:
            subprocess.Popen(
                ["nsenter", "--net=/run/netns/" + self.namespace, "sh", "-c", KEEPER, "lab-host", *command],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
                cwd="/",
                env={**os.environ, "CGROUPS": "\n".join(map(str, cgroups)), "PLUGS": "\n".join(plugs)},
            )

    def cgroups(self, name: str) -> list[Path]:
        """A host's own control groups. In a common one, each systemd would count the others' processes as its own:
        stopping a service then fails with an input/output error and leaves processes behind."""
        return [hierarchy / self.namespace / name for hierarchy in cgroup_hierarchies()]

    def plug(self, side: str, segment: str) -> None:
        deadline = time.monotonic() + 20
        while side not in self.links():
            if time.monotonic() > deadline:
                raise SystemExit("%s did not appear; see the console.log files in %s" % (side, self.directory))
            time.sleep(0.1)
        run("ip", "-n", self.namespace, "link", "set", side, "master", segment, "up")

    def wait_for_ssh(self, address: str, name: str, deadline: float) -> None:
        while True:
            try:
                with socket.create_connection((address, 22), timeout=2) as connection:
                    if connection.recv(4).startswith(b"SSH"):
                        return
            except OSError:
                pass
            if time.monotonic() > deadline:
                log = self.directory / name / "console.log"
                raise SystemExit("%s does not answer on %s port 22; its console: %s" % (name, address, log))
            time.sleep(0.2)

    def present(self) -> dict[str, Any]:
        network = self.network()
        self.ensure_switch(network)
        self.ensure_uplink(network)
        suite = self.directory / "suite"
        if not suite.exists():
            self.act("note the hosts' Debian release", lambda: suite.write_text(self.want["suite"]))
        running = nspawn_processes(self.directory)
        for host in self.want["hosts"]:
            self.ensure_host(host, network, running)
        deadline = time.monotonic() + BOOT_SECONDS
        hosts = {}
        for host in self.want["hosts"]:
            address = str(network[host["number"]])
            key = self.directory / host["name"] / "root/etc/ssh/ssh_host_ed25519_key.pub"
            if not self.check:
                self.wait_for_ssh(address, host["name"], deadline)
            hosts[host["name"]] = {"address": address, "host_key": key.read_text().strip() if key.exists() else ""}
        return {"gateway": str(network[1]), "hosts": hosts}

    # -- absent --------------------------------------------------------------------------------------------------
    def absent(self) -> dict[str, Any]:
        self.remove_hosts()
        self.remove_network()
        if self.directory.exists():
            self.act("delete the lab's files", lambda: shutil.rmtree(self.directory))
        if not list(self.labs.glob("*/management")):
            for record in sorted((self.labs / "sysctl").glob("*")):
                self.act("put %s back" % record.name, functools.partial(self.put_sysctl_back, record))
        return {"gateway": "", "hosts": {}}

    def remove_hosts(self) -> None:
        for root, process in nspawn_processes(self.directory).items():
            self.act("stop " + Path(root).parent.name, functools.partial(kill, process))
        if not self.check:
            self.wait_until_stopped()
        for cgroup in [hierarchy / self.namespace for hierarchy in cgroup_hierarchies()]:
            if cgroup.exists():
                self.act("remove %s" % cgroup, functools.partial(remove_cgroup, cgroup))
        for point in mounts_below(self.directory):
            self.act("unmount " + point, functools.partial(run, "umount", "--lazy", point))

    def remove_network(self) -> None:
        if self.uplink in [link["ifname"] for link in ip_json("link", "show")]:
            self.act("disconnect the management network", lambda: run("ip", "link", "del", self.uplink))
        if self.namespace_exists():
            self.act("delete network namespace " + self.namespace, lambda: run("ip", "netns", "del", self.namespace))
        if shutil.which("nft") and self.table in run("nft", "list", "tables"):
            self.act("stop masquerading", lambda: run("nft", "delete", "table", "ip", self.table))

    def wait_until_stopped(self) -> None:
        deadline = time.monotonic() + STOP_SECONDS
        while nspawn_processes(self.directory) and time.monotonic() < deadline:
            time.sleep(0.1)

    @staticmethod
    def put_sysctl_back(record: Path) -> None:
        sysctl(record.name).write_text(record.read_text())
        record.unlink()


def sysctl(name: str) -> Path:
    return Path("/proc/sys", name.replace(".", "/"))


def kill(process: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def remove_cgroup(top: Path) -> None:
    """End what is left in a control group and below, and remove it. Ended processes and removed groups take the kernel
    a moment to forget, and until then their groups are busy."""
    deadline = time.monotonic() + STOP_SECONDS
    while top.exists():
        for directory in sorted((Path(entry[0]) for entry in os.walk(top)), reverse=True):
            with contextlib.suppress(OSError):
                for process in (directory / "cgroup.procs").read_text().split():
                    kill(int(process))
                directory.rmdir()
        if time.monotonic() > deadline:
            raise SystemExit("the control group %s is still in use" % top)
        time.sleep(0.05)


def image_layers(image: str) -> list[str]:
    """The image and those it is laid on, uppermost first (as lab_images.py records them)."""
    chain = []
    while image:
        chain.append(image)
        image = (Path(image).parent / "parent").read_text()
    return chain


@contextlib.contextmanager
def one_at_a_time(labs: Path, check: bool) -> Iterator[None]:
    """A play that is killed leaves this program running: the next one waits for its end. Labs share sysctls, too."""
    if not check:
        labs.mkdir(parents=True, exist_ok=True)
    if labs.exists():
        descriptor = os.open(labs, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
    else:
        yield


def refuse(want: dict[str, Any]) -> None:
    """Names that the kernel or systemd-nspawn would refuse half-way; raises SystemExit with each of them."""
    wrong = []
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,%d}" % (LAB_NAME_LENGTH - 1), want["name"]):
        text = "lab_name: %r is not 1 to %d lower case letters, digits, - and _, the first a letter or digit"
        wrong.append(text % (want["name"], LAB_NAME_LENGTH))
    for at, host in enumerate(want.get("hosts", [])):
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,%d}" % (HOST_NAME_LENGTH - 1), host["name"]):
            text = "lab_hosts[%d].name: %r is not 1 to %d lower case letters, digits and -, the first a letter or digit"
            wrong.append(text % (at, host["name"], HOST_NAME_LENGTH))
        if not 2 <= host["number"] <= 254:
            wrong.append("lab_hosts[%d].number: %d is not in 2 to 254" % (at, host["number"]))
    if wrong:
        raise SystemExit("\n".join(wrong))


def main() -> None:
    want = json.load(sys.stdin)
    refuse(want)
    lab = Lab(want)
    with one_at_a_time(lab.labs, want["check"]):
        outcome = lab.present() if want["state"] == "present" else lab.absent()
    print(json.dumps({"changed": bool(lab.actions), "actions": lab.actions, **outcome}))


if __name__ == "__main__":
    main()
