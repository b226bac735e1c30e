#!/usr/bin/env python3
"""systemctl for a virtual node: reads unit files and really starts their processes, without a systemd.

It does what units of this collection need: runtime directories, network namespaces, commands before the start, oneshot
units, Wants, readiness (by keepalived's pid file), reloads that test first, and links for what is enabled. It starts
nothing again that died, so that tests see the module do it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

UNITS = Path("/etc/systemd/system")
WANTED = UNITS / "multi-user.target.wants"
STATE = Path("/run/systemctl-stand-in")


def main(arguments: list[str]) -> int:
    words = [word for word in arguments if not word.startswith("--")]
    verb, units = words[0], words[1:]
    STATE.mkdir(parents=True, exist_ok=True)
    if verb == "show":
        print("\n\n".join(map(show, units)))
    elif verb == "is-enabled":
        print("enabled" if (WANTED / units[0]).exists() else "disabled")
    elif verb == "daemon-reload":
        for path in UNITS.glob("*.service"):
            shutil.copy(path, STATE / (path.name + ".loaded"))
    elif verb == "boot":
        for path in sorted(UNITS.glob("*.service")):
            shutil.copy(path, STATE / (path.name + ".loaded"))
        start_all([path.name for path in sorted(WANTED.glob("*.service"))])
    elif verb in ("start", "restart"):
        for unit in units if verb == "restart" else []:
            stop(unit)
        start_all(units)
    else:
        for unit in units:
            {"stop": stop, "reload": reload, "enable": enable, "disable": disable, "reset-failed": str}[verb](unit)
    return 0


def show(unit: str) -> str:
    path, loaded = UNITS / unit, STATE / (unit + ".loaded")
    stale = loaded.exists() and (not path.exists() or loaded.read_text() != path.read_text())
    lines = {
        "Id": unit,
        "MainPID": pid_of(unit),
        "ActiveState": "active" if pid_of(unit) else "inactive",
        "UnitFileState": "enabled" if (WANTED / unit).exists() else "disabled",
        "NeedDaemonReload": "yes" if stale else "no",
    }
    return "\n".join("%s=%s" % item for item in lines.items())


def pid_of(unit: str) -> int:
    """0 for one that does not run; the number may be another's by now."""
    try:
        pid = int((STATE / (unit + ".pid")).read_text())
        command = Path("/proc/%d/cmdline" % pid).read_bytes()
    except (OSError, ValueError):
        return 0
    return pid if b"keepalived" in command or b"radvd" in command or b"conntrackd" in command else 0


def settings_of(unit: str) -> dict[str, list[str]]:
    loaded = STATE / (unit + ".loaded")
    if not loaded.exists():
        shutil.copy(UNITS / unit, loaded)
    settings: dict[str, list[str]] = {}
    for line in loaded.read_text().replace("\\\n", " ").splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            settings.setdefault(key, []).append(value)
    return settings


def start_all(units: list[str]) -> None:
    wanted = [other for unit in units for line in settings_of(unit).get("Wants", []) for other in line.split()]
    for unit in dict.fromkeys(other for other in wanted if other.endswith(".service")):
        start(unit)
    pending = [ready for unit in units for ready in [start(unit)] if ready]
    deadline = time.monotonic() + 30
    while pending and time.monotonic() < deadline:
        pending = [ready for ready in pending if not ready.exists()]
        time.sleep(0.01)
    if pending:
        raise SystemExit("Job failed: %s" % ", ".join(map(str, pending)))


def start(unit: str) -> Path | None:
    """Returns the file that tells that it is ready; oneshot units have ended by then."""
    settings = settings_of(unit)
    if settings.get("Type") == ["oneshot"]:
        done = STATE / (unit + ".done")
        if not done.exists():
            subprocess.run(shlex.split(settings["ExecStart"][0]), check=True)
            done.touch()
        return None
    if pid_of(unit):
        return None
    runtime = Path("/run") / settings["RuntimeDirectory"][0]
    shutil.rmtree(runtime, ignore_errors=True)
    runtime.mkdir(parents=True, mode=0o750)
    for command in settings.get("ExecStartPre", []):
        subprocess.run(shlex.split(command), check=True)
    (STATE / (unit + ".pid")).write_text(str(spawn(settings, runtime / "log")))
    return runtime / "vrrp.pid" if "keepalived" in settings["ExecStart"][0] else None


def spawn(settings: dict[str, list[str]], log: Path) -> int:
    command = shlex.split(settings["ExecStart"][0])
    if "keepalived" in command[0]:
        command += ["--log-console", "--log-detail"]
    with log.open("ab") as output:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            preexec_fn=lambda: enter(settings),
        ).pid  # fmt: skip


def enter(settings: dict[str, list[str]]) -> None:
    for path in settings.get("NetworkNamespacePath", []):
        descriptor = os.open(path, os.O_RDONLY)
        if ctypes.CDLL(None).setns(descriptor, 0x40000000):
            raise SystemExit("cannot enter " + path)


def stop(unit: str) -> None:
    pid = pid_of(unit)
    if pid:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + 10
        while pid_of(unit) and time.monotonic() < deadline:
            time.sleep(0.01)
    with contextlib.suppress(OSError):
        os.unlink(STATE / (unit + ".pid"))


def reload(unit: str) -> None:
    settings = settings_of(unit)
    for command in settings["ExecReload"]:
        words = shlex.split(command.replace("$MAINPID", str(pid_of(unit))))
        done = subprocess.run(words, preexec_fn=lambda: enter(settings), check=False, capture_output=True)
        if done.returncode:
            raise SystemExit("Job for %s failed: %s" % (unit, command))


def enable(unit: str) -> None:
    WANTED.mkdir(exist_ok=True)
    if not (UNITS / unit).exists():
        raise SystemExit("Unit file %s does not exist." % unit)
    with contextlib.suppress(FileExistsError):
        os.symlink(UNITS / unit, WANTED / unit)


def disable(unit: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(WANTED / unit)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
