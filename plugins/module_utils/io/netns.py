# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge to network namespaces. What is read in one is read by a thread that enters it, so no command is run."""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import socket
import struct
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Callable, Protocol, TypeVar

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.netns import Found, sysctl_path, unit_name
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.commands import run
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.node_lock import NodeLock
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.own_files import read_own, write_own
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.systemd import UnitState

DIRECTORY = "/run/netns"
UNITS = "/etc/systemd/system"
#: Seconds that a process has after SIGTERM, and again after SIGKILL.
PATIENCE = 5.0

_CLONE_NEWNET = 0x40000000
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_LIBC = ctypes.CDLL(None, use_errno=True)
_T = TypeVar("_T")


class Units(Protocol):
    """What is asked of systemd: see io.systemd.Systemd."""

    def look(self, units: Sequence[str]) -> dict[str, UnitState]: ...

    def reload_units(self) -> None: ...

    def do(self, verb: str, units: Sequence[str]) -> None: ...


def path_of(name: str) -> str:
    return "%s/%s" % (DIRECTORY, name)


def inside(name: str, function: Callable[[], _T]) -> _T:
    """The function's result, run by a thread in the network namespace; what it opens stays there.

    Raises EdgeError when there is no such namespace; the function's own exceptions come through.
    """
    return inside_each([name], function)[name]


def inside_each(names: Iterable[str], function: Callable[[], _T]) -> dict[str, _T]:
    """The same in one namespace after another."""
    results: dict[str, _T] = {}
    errors: list[BaseException] = []

    def enter() -> None:
        try:
            for name in names:
                _set_network_namespace(name)
                results[name] = function()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results


def run_in(name: str | None, command: Sequence[str], pass_fds: Sequence[int] = ()) -> tuple[int, str, str]:
    """What commands.run() gives, whatever the exit status, of a command in the network namespace; None is our own."""

    def command_run() -> tuple[int, str, str]:
        return run(command, check=False, pass_fds=pass_fds)

    return command_run() if name is None else inside(name, command_run)


def _set_network_namespace(name: str) -> None:
    try:
        descriptor = os.open(path_of(name), os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise EdgeError("network namespace %s cannot be entered: %s" % (name, error.strerror)) from None
    try:
        if _LIBC.setns(descriptor, _CLONE_NEWNET):
            reason = os.strerror(ctypes.get_errno())
            raise EdgeError("network namespace %s cannot be entered: %s" % (name, reason))
    finally:
        os.close(descriptor)


def processes(wanted: Iterable[str]) -> dict[str, list[tuple[int, str]]]:
    """Pid and command of every process in each of the namespaces, in one walk through /proc."""
    inodes = {}
    for name in wanted:
        inode = _inode(name)
        if inode is not None:
            inodes[inode] = name
    found: dict[str, list[tuple[int, str]]] = {name: [] for name in inodes.values()}
    for pid in filter(str.isdigit, os.listdir("/proc") if inodes else []):
        try:
            home = inodes.get(os.stat("/proc/%s/ns/net" % pid).st_ino)
            if home is not None:
                with open("/proc/%s/comm" % pid, encoding="utf-8", errors="replace") as file:
                    found[home].append((int(pid), file.read().strip()))
        except OSError:
            continue
    return found


class Namespaces:
    """Network namespaces of this node, and the units that make them at boot."""

    def __init__(self, units: Units, unit_directory: str = UNITS) -> None:
        self._units = units
        self._directory = unit_directory
        # Not that of the namespaces, which ip(8) locks itself, and which is not there before the first.
        self._lock = NodeLock(unit_directory)

    def lock(self) -> None:
        """Wait for other runs, and for the command that a killed one has begun."""
        self._lock.take()

    def look(self, wanted: Mapping[str, Sequence[str]]) -> dict[str, Found]:
        """What there is of each name; the values are the sysctls to read in it."""
        units = self._units.look([unit_name(name) for name in wanted])
        inhabitants = processes(wanted)
        return {
            name: self._found(name, keys, units[unit_name(name)], inhabitants.get(name, []))
            for name, keys in wanted.items()
        }

    def _found(self, name: str, keys: Sequence[str], unit: UnitState, inside_it: list[tuple[int, str]]) -> Found:
        text = self._unit_text(name)
        if not is_namespace(name):
            return Found(broken=os.path.lexists(path_of(name)), unit=text, enabled=unit.enabled)
        loopback_up, sysctls = inside(name, lambda: (_flags() & _IFF_UP != 0, {key: _read(key) for key in keys}))
        return Found(True, False, loopback_up, sysctls, tuple(inside_it), text, unit.enabled)

    def _unit_text(self, name: str) -> str | None:
        file = read_own(os.path.join(self._directory, unit_name(name)))
        return file.text if file else None

    def apply(self, verb: str, payload: Any) -> None:
        """Carry out a step of the plan in core.netns."""
        actions: dict[str, Callable[[Any], None]] = {
            "create": lambda name: self._ip("add", name),
            "clear": lambda name: _unlink(path_of(name)),
            "bring up": lambda name: inside(name, _bring_up),
            "set": lambda setting: inside(setting[0], lambda: _write(*setting[1:])),
            "kill": lambda target: _kill(*target),
            "remove": self._remove,
            "write": self._write_unit,
            "enable": lambda unit: self._units.do("enable", [unit]),
            "disable": lambda unit: self._units.do("disable", [unit]),
            "delete": self._delete_unit,
        }
        actions[verb](payload)

    def _remove(self, name: str) -> None:
        left = processes([name]).get(name, [])
        if left:
            listed = ", ".join("%d (%s)" % process for process in left)
            raise EdgeError("%s has processes in it: %s; run again when they are gone" % (name, listed))
        self._ip("delete", name)

    def _ip(self, verb: str, name: str) -> None:
        run(["ip", "netns", verb, name], pass_fds=self._lock.inherited)

    def _write_unit(self, payload: tuple[str, str]) -> None:
        unit, text = payload
        write_own(os.path.join(self._directory, unit), text, 0o644)
        self._units.reload_units()

    def _delete_unit(self, unit: str) -> None:
        _unlink(os.path.join(self._directory, unit))
        self._units.reload_units()


def is_namespace(name: str) -> bool:
    """Whether a namespace is mounted there."""
    return _inode(name) is not None


def _inode(name: str) -> int | None:
    """That of the namespace; None unless one is mounted: only then the file is of the kernel's file system for them."""
    try:
        status = os.stat(path_of(name))
        return status.st_ino if status.st_dev == os.stat("/proc/self/ns/net").st_dev else None
    except OSError:
        return None


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise EdgeError("%s cannot be removed: %s" % (path, error.strerror)) from None


def _read(key: str) -> str | None:
    try:
        with open(sysctl_path(key), encoding="utf-8", errors="replace") as file:
            return " ".join(file.read().split())
    except OSError:
        return None


def _write(key: str, value: str) -> None:
    try:
        with open(sysctl_path(key), "w", encoding="utf-8") as file:
            file.write(value)
    except OSError as error:
        raise EdgeError("%s cannot be set to %s: %s" % (key, value, error.strerror)) from None


def _flags() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        answer = fcntl.ioctl(sock, _SIOCGIFFLAGS, struct.pack("16sH14x", b"lo", 0))
    return int(struct.unpack("16sH14x", answer)[1])


def _bring_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _flags() | _IFF_UP))


def _kill(name: str, pid: int) -> None:
    """SIGTERM, then SIGKILL; a process that left the namespace or ended meanwhile is not touched."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        if pid not in dict(processes([name]).get(name, [])):
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            signal.pidfd_send_signal(process, number)
            if _ended(pid):
                return
    except ProcessLookupError:
        return
    finally:
        os.close(process)
    raise EdgeError("process %d in %s does not end" % (pid, name))


def _ended(pid: int) -> bool:
    """Whether the process ended within PATIENCE; one that its parent has not waited for (Z) has left the namespace."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as file:
                if file.read().rpartition(")")[2].split()[0] in "ZX":
                    return True
        except OSError:
            return True
        time.sleep(0.02)
    return False
