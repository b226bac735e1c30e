# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge to keepalived: its version, its own test of a configuration, its processes and what the recorder wrote."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from typing import Callable, Protocol

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_model import Capabilities
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_options import Existing
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_service import (
    STARTS,
    File,
    Found,
    Process,
    Write,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_text import REDACTED, secrets
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_unit import (
    NODE,
    Layout,
    last_state,
    service_name,
    unit_name,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.plan import Step
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io import keepalived_scripts, netns
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.commands import file_of, side_by_side
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.files import left_overs, remove_left_overs, reported
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.keepalived_version import Version
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.own_files import read_own, write_own
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.systemd import UnitState

#: Seconds within which a process that was just started has told its first state; it is in FAULT or BACKUP at once.
FIRST_STATE = 3.0
#: Seconds within which a recorder has said that it is there, for it may have been started just now.
RECORDER_START = 0.5
_STATES = {"MASTER": "master", "BACKUP": "backup", "FAULT": "fault"}


class Units(Protocol):
    """What is asked of systemd: see io.systemd.Systemd."""

    def look(self, units: Sequence[str]) -> dict[str, UnitState]: ...

    def reload_units(self) -> None: ...

    def do(self, verb: str, units: Sequence[str]) -> None: ...


class Keepalived:
    """Instances of keepalived on this node."""

    def __init__(self, units: Units, layout: Layout = NODE) -> None:
        self._units = units
        self._layout = layout
        self._version = Version(layout)

    @property
    def installed(self) -> bool:
        return os.access(self._layout.keepalived, os.X_OK)

    def capabilities(self) -> Capabilities:
        """Those of a new keepalived when there is none yet, so that a plan can be made before it is installed."""
        return self.ask_capabilities()()

    def ask_capabilities(self) -> Callable[[], Capabilities]:
        """The same beside what the caller does next: the function that is returned waits for the answer."""
        if not self.installed:
            return Capabilities
        return self._version.ask()

    def recorder(self) -> File | None:
        return read_own(self._layout.recorder)

    def existing(self, name: str) -> Existing:
        """What the files of an instance say, before it is known what is wanted."""
        files = (read_own(self._layout.configuration(name)), read_own(self._layout.unit(name)))
        return Existing(*(file.text if file else None for file in files))

    def left_overs(self, name: str) -> tuple[str, ...]:
        """What killed writes of an instance's files have left; it may hold a password."""
        return (*left_overs(self._layout.configuration(name)), *left_overs(self._layout.unit(name)))

    def look(self, namespaces: Mapping[str, str | None]) -> dict[str, Found]:
        """What there is of each service; namespaces gives for each name the network namespace that it should run in."""
        return self.found(namespaces, self._units.look([unit_name(name) for name in namespaces]))

    def found(self, namespaces: Mapping[str, str | None], units: Mapping[str, UnitState]) -> dict[str, Found]:
        """The same, of units that were looked at already."""
        return {name: self._found(name, namespace, units[unit_name(name)]) for name, namespace in namespaces.items()}

    def _found(self, name: str, namespace: str | None, unit: UnitState) -> Found:
        process = self._process(name, namespace, unit.main_pid) if unit.main_pid else None
        state, since = self._state(name) if process else (None, None)
        return Found(
            configuration=read_own(self._layout.configuration(name)),
            unit=read_own(self._layout.unit(name)),
            enabled=unit.enabled,
            known=unit.known,
            stale=unit.stale,
            started=unit.started,
            process=process,
            state=state,
            since=since,
        )

    def _process(self, name: str, namespace: str | None, pid: int) -> Process:
        arguments = _arguments(pid)
        as_asked = "--use-file=" + self._layout.configuration(name) in arguments
        home = "/run/netns/" + namespace if namespace else "/proc/self/ns/net"
        loaded, loaded_at = _text_and_time(self._layout.loaded(name))
        return Process(
            pid=pid,
            as_asked=as_asked and _same("/proc/%d/ns/net" % pid, home),
            recorder=self._recording(name),
            loaded=loaded or None,
            loaded_at=loaded_at,
        )

    def _recording(self, name: str) -> bool:
        runtime = self._layout.runtime_of(name)
        deadline = time.monotonic() + RECORDER_START
        while True:
            arguments = _arguments(_text(runtime + "/recorder.pid").strip())
            if self._layout.recorder in arguments and runtime in arguments:
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)

    def _record_missed(self, units: Sequence[str]) -> None:
        """Do the work of a recorder that died: what keepalived told since then is in the FIFO until it is reloaded."""
        for name in map(service_name, units):
            state = None if self._recording(name) else last_state(_drain(self._layout.runtime_of(name) + "/fifo"))
            path = self._layout.state(name)
            if state:
                with reported(path, "written"), open(path, "w", encoding="utf-8") as file:
                    file.write(state + "\n")

    def _state(self, name: str) -> tuple[str | None, float | None]:
        path = self._layout.state(name)
        try:
            with open(path, encoding="utf-8") as file:
                since = os.fstat(file.fileno()).st_mtime
                state = _STATES.get(file.read().strip())
        except OSError:
            return None, None
        return (state, since) if state else (None, None)

    def apply(self, step: Step) -> None:
        """Carry out a step of plan_services() or plan_removal()."""
        self._version.keep()
        if step.verb == "test":
            self.test(step.payload)
        elif step.verb == "write":
            write_own(step.payload.path, step.payload.text, step.payload.mode)
        elif step.verb == "remove":
            _remove(step.payload)
        elif step.payload is None:
            self._units.reload_units()
        else:
            if step.verb == "reload":
                self._record_missed(step.payload)
            self._units.do(step.verb, step.payload)
            if step.verb in STARTS:
                self._await_states(step.payload)

    def test(self, writes: Sequence[Write]) -> None:
        """keepalived's own test of configurations that no file holds yet. Raises EdgeError with all complaints."""
        complaints = [complaint for complaint in side_by_side(self._complaint, writes) if complaint]
        if complaints:
            raise EdgeError("keepalived refuses the configuration, which was not written: %s" % "; ".join(complaints))

    def _complaint(self, write: Write) -> str:
        if write.namespace and not os.path.exists("/run/netns/" + write.namespace):
            return "network namespace %s does not exist; make it first" % write.namespace
        dropped = keepalived_scripts.dropped(write.configuration) if write.configuration else []
        if dropped:
            return "; ".join(dropped)
        with file_of(write.text) as descriptor:
            path = "/proc/self/fd/%d" % descriptor
            command = [self._layout.keepalived, "--config-test", "--use-file=" + path]
            status, _output, error = netns.run_in(write.namespace, command, pass_fds=[descriptor])
        if not status and "skipping" not in error:
            return ""
        for secret in secrets(write.text):
            error = error.replace(secret.strip('"'), REDACTED)
        return error.replace(path, write.path).strip() or "%s: exit status %d" % (write.path, status)

    def _await_states(self, units: Sequence[str]) -> None:
        deadline = time.monotonic() + FIRST_STATE
        names = [service_name(unit) for unit in units]
        while names and time.monotonic() < deadline:
            names = [name for name in names if self._state(name)[0] is None]
            if names:
                time.sleep(0.001)


def _text(path: str) -> str:
    """What a file of the runtime directory holds; "" when there is none."""
    return _text_and_time(path)[0]


def _text_and_time(path: str) -> tuple[str, float | None]:
    """The same, and when it was written, in seconds of the epoch."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(), os.fstat(file.fileno()).st_mtime
    except OSError:
        return "", None


def _drain(fifo: str) -> str:
    """What is in a FIFO that nobody reads; "" when there is none."""
    try:
        descriptor = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        return os.read(descriptor, 1 << 20).decode("utf-8", "replace")
    except BlockingIOError:
        return ""
    finally:
        os.close(descriptor)


def _arguments(pid: int | str) -> list[str]:
    """The command line of a process; empty when it is gone."""
    return _text("/proc/%s/cmdline" % pid).split("\0") if pid else []


def _same(one: str, other: str) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False


def _remove(path: str) -> None:
    """And what killed writes to it have left."""
    try:
        remove_left_overs(path)
        os.unlink(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise EdgeError("%s cannot be removed: %s" % (path, error.strerror)) from None
