# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A systemd with the rules that matter here, which really starts the processes of its units.

It reads a unit file when it first needs it and again when told to, makes and removes runtime directories, enters
network namespaces, waits for readiness (by a file, not by sd_notify) and starts a process again that died. Like the
real one it is another process: a verb is finished even when who asked for it is killed. Hardening is left to the real
one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.systemd import UnitState

Unit = dict[str, list[str]]
PATIENCE = 15


class FakeSystemd:
    """Units are files in a directory; read_only refuses every verb, which proves that a run had nothing to do."""

    def __init__(self, directory: str) -> None:
        self._directory = Path(directory)
        self._memory = Path(directory + ".systemd")
        self.calls: list[str] = []
        self.read_only = False

    def look(self, units: Sequence[str]) -> dict[str, UnitState]:
        with self._locked():
            return {unit: self._state(unit) for unit in units}

    def reload_units(self) -> None:
        self._change("reload_units", self._reload_units)

    def do(self, verb: str, units: Sequence[str]) -> None:
        # systemd's enable --now, too, first enables all.
        for one in verb.split(" and "):
            for unit in units:
                self._change("%s %s" % (one, unit), lambda one=one, unit=unit: getattr(self, "_" + one)(unit))
        # Not what enables without asking it, as for units that are new.
        if verb in ("enable", "disable"):
            self._elsewhere(self._reload_units)

    def close(self) -> None:
        """Stop all that was started."""
        for path in self._files("started"):
            self._elsewhere(lambda unit=path.name: self._stop(unit))
        shutil.rmtree(self._memory, ignore_errors=True)

    def _change(self, call: str, action: Callable[[], None]) -> None:
        if self.read_only:
            raise AssertionError("%s where nothing was to be done" % call)
        self.calls.append(call)
        self._elsewhere(action)

    def _elsewhere(self, action: Callable[[], None]) -> None:
        """Do it in a process that nobody kills with this one."""
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            os.setsid()
            os.close(reading)
            try:
                with self._locked():
                    action()
            except EdgeError as error:
                os.write(writing, str(error).encode())
            except BaseException as error:
                os.write(writing, repr(error).encode())
            os._exit(0)
        os.close(writing)
        with open(reading) as answer:
            complaint = answer.read()
        os.waitpid(child, 0)
        if complaint:
            raise EdgeError(complaint)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self._memory.mkdir(exist_ok=True)
        with open(self._memory / "lock", "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _files(self, kind: str) -> list[Path]:
        return sorted((self._memory / kind).glob("*"))

    def _note(self, kind: str, unit: str, text: str = "") -> None:
        (self._memory / kind).mkdir(exist_ok=True)
        (self._memory / kind / unit).write_text(text)

    def _forget(self, kind: str, unit: str) -> None:
        (self._memory / kind / unit).unlink(missing_ok=True)

    def _has(self, kind: str, unit: str) -> bool:
        return (self._memory / kind / unit).exists()

    def _state(self, unit: str) -> UnitState:
        pid = 0
        if self._has("started", unit):
            settings = self._read(unit)
            pid = self._pid(settings)
            if not pid and settings["Restart"] == ["always"]:
                self._start(unit)
                pid = self._pid(settings)
        path, loaded = self._directory / unit, self._memory / "loaded" / unit
        stale = loaded.exists() and loaded.read_text() != (path.read_text() if path.exists() else None)
        known = loaded.exists() or path.exists()
        return UnitState(pid, self._has("enabled", unit), known, stale, self._has("started", unit))

    def _reload_units(self) -> None:
        shutil.rmtree(self._memory / "loaded", ignore_errors=True)
        for path in self._directory.glob("*.service"):
            self._note("loaded", path.name, path.read_text())

    def _read(self, unit: str) -> Unit:
        path, loaded = self._directory / unit, self._memory / "loaded" / unit
        if not loaded.exists():
            if not path.exists():
                raise EdgeError("Unit %s not found" % unit)
            self._note("loaded", unit, path.read_text())
        settings: Unit = {}
        for line in loaded.read_text().splitlines():
            key, equals, value = line.partition("=")
            if equals:
                settings.setdefault(key, []).append(value)
        return settings

    def _enable(self, unit: str) -> None:
        if not (self._directory / unit).exists():
            raise EdgeError("Unit file %s does not exist" % unit)
        self._note("enabled", unit)

    def _disable(self, unit: str) -> None:
        self._forget("enabled", unit)

    def _start(self, unit: str) -> None:
        settings = self._read(unit)
        if self._pid(settings):
            return
        runtime = self._runtime(settings)
        shutil.rmtree(runtime, ignore_errors=True)
        runtime.mkdir(mode=0o750, parents=True)
        for command in settings["ExecStartPre"]:
            subprocess.run(shlex.split(command), check=True)
        process = subprocess.Popen(
            self._inside(settings, settings["ExecStart"][0]), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._note("started", unit)
        deadline = time.monotonic() + PATIENCE
        while not (runtime / "vrrp.pid").exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise EdgeError("Job for %s failed" % unit)
            time.sleep(0.01)

    def _stop(self, unit: str) -> None:
        if self._has("started", unit):
            settings = self._read(unit)
            pid = self._pid(settings)
            if pid:
                os.kill(pid, signal.SIGTERM)
            deadline = time.monotonic() + PATIENCE
            while pid and self._pid(settings) and time.monotonic() < deadline:
                time.sleep(0.01)
            shutil.rmtree(self._runtime(settings), ignore_errors=True)
        self._forget("started", unit)

    def _restart(self, unit: str) -> None:
        self._stop(unit)
        self._start(unit)

    def _reload(self, unit: str) -> None:
        settings = self._read(unit)
        for command in settings["ExecReload"]:
            filled = command.replace("$MAINPID", str(self._pid(settings)))
            if subprocess.run(self._inside(settings, filled), capture_output=True, check=False).returncode:
                raise EdgeError("Job for %s failed: %s" % (unit, filled))

    @staticmethod
    def _runtime(settings: Unit) -> Path:
        return Path("/run", settings["RuntimeDirectory"][0])

    def _pid(self, settings: Unit) -> int:
        """The main process; 0 when it has ended."""
        try:
            pid = int((self._runtime(settings) / "keepalived.pid").read_text())
            arguments = Path("/proc/%d/cmdline" % pid).read_text()
        except (OSError, ValueError):
            return 0
        return pid if "keepalived" in arguments else 0

    @staticmethod
    def _inside(settings: Unit, command: str) -> list[str]:
        path = settings.get("NetworkNamespacePath", ["/run/netns/"])[0]
        name = path.rpartition("/")[2]
        return [*(["ip", "netns", "exec", name] if name else []), *shlex.split(command)]
