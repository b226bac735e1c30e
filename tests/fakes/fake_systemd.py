"""A systemd with the rules that matter here, which really starts the processes of its units.

It reads a unit file when it first needs it and again when told to, makes and removes runtime directories, enters
network namespaces, waits for readiness (by a file, not by sd_notify) and starts a process again that died. Hardening
is left to the real one.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.systemd import UnitState

Unit = dict[str, list[str]]


class FakeSystemd:
    """Units are files in a directory; read_only refuses every verb, which proves that a run had nothing to do."""

    def __init__(self, directory: str) -> None:
        self._directory = Path(directory)
        self._loaded: dict[str, str] = {}
        self._enabled: set[str] = set()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.calls: list[str] = []
        self.read_only = False

    def look(self, units: Sequence[str]) -> dict[str, UnitState]:
        return {unit: self._state(unit) for unit in units}

    def reload_units(self) -> None:
        self._change("reload_units")
        self._loaded = {path.name: path.read_text() for path in self._directory.glob("*.service")}

    def do(self, verb: str, units: Sequence[str]) -> None:
        for unit in units:
            self._change("%s %s" % (verb, unit))
            getattr(self, "_" + verb)(unit)

    def close(self) -> None:
        """Stop all that was started."""
        self.read_only = False
        for unit in list(self._processes):
            self._stop(unit)

    def _change(self, call: str) -> None:
        if self.read_only:
            raise AssertionError("%s where nothing was to be done" % call)
        self.calls.append(call)

    def _state(self, unit: str) -> UnitState:
        process = self._processes.get(unit)
        if process and process.poll() is not None and "always" in self._read(unit)["Restart"]:
            self._stop(unit)
            self._start(unit)
            process = self._processes[unit]
        path = self._directory / unit
        text = path.read_text() if path.exists() else None
        stale = unit in self._loaded and self._loaded[unit] != text
        return UnitState(process.pid if process else 0, unit in self._enabled, stale)

    def _read(self, unit: str) -> Unit:
        path = self._directory / unit
        if unit not in self._loaded and path.exists():
            self._loaded[unit] = path.read_text()
        if unit not in self._loaded:
            raise EdgeError("Unit %s not found" % unit)
        settings: Unit = {}
        for line in self._loaded[unit].splitlines():
            key, equals, value = line.partition("=")
            if equals:
                settings.setdefault(key, []).append(value)
        return settings

    def _enable(self, unit: str) -> None:
        if not (self._directory / unit).exists():
            raise EdgeError("Unit file %s does not exist" % unit)
        self._enabled.add(unit)

    def _disable(self, unit: str) -> None:
        self._enabled.discard(unit)

    def _start(self, unit: str) -> None:
        if unit in self._processes:
            return
        settings = self._read(unit)
        runtime = "/run/" + settings["RuntimeDirectory"][0]
        os.makedirs(runtime, mode=0o750, exist_ok=True)
        for command in settings["ExecStartPre"]:
            subprocess.run(shlex.split(command), check=True)
        command = settings["ExecStart"][0]
        process = subprocess.Popen(self._inside(settings, command), stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while not os.path.exists(runtime + "/vrrp.pid"):
            if process.poll() is not None or time.monotonic() > deadline:
                raise EdgeError("Job for %s failed" % unit)
            time.sleep(0.01)
        self._processes[unit] = process

    def _stop(self, unit: str) -> None:
        process = self._processes.pop(unit, None)
        if process:
            process.terminate()
            process.wait(10)
            shutil.rmtree("/run/" + self._read(unit)["RuntimeDirectory"][0], ignore_errors=True)

    def _restart(self, unit: str) -> None:
        self._stop(unit)
        self._start(unit)

    def _reload(self, unit: str) -> None:
        settings = self._read(unit)
        for command in settings["ExecReload"]:
            filled = command.replace("$MAINPID", str(self._processes[unit].pid))
            if subprocess.run(self._inside(settings, filled), capture_output=True, check=False).returncode:
                raise EdgeError("Job for %s failed: %s" % (unit, filled))

    @staticmethod
    def _inside(settings: Unit, command: str) -> list[str]:
        path = settings.get("NetworkNamespacePath", ["/run/netns/"])[0]
        name = path.rpartition("/")[2]
        return [*(["ip", "netns", "exec", name] if name else []), *shlex.split(command)]
