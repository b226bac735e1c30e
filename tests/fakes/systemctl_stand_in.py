"""systemd for a virtual node: reads unit files and really starts their processes. It is the node's first process.

It does what units of this collection need: templates, runtime directories, network namespaces, commands around start
and stop, oneshot units, Wants, readiness (by a file), kill signals, reloads that test first, and links for what is
enabled. It starts nothing again that died, so that tests see the module do it. Where the file KEEPS is, it does as
Restart=always wants, but only when it is called.

As with the real one, a job goes on when the systemctl that asked for it is killed, and a call costs a few milliseconds.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import io
import os
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

UNITS = "/etc/systemd/system"
WANTED = UNITS + "/multi-user.target.wants"
STATE = "/run/systemctl-stand-in"
KEEPS = STATE + "/keeps"
#: Where calls come in: each line is the path of one's FIFO for the answer, beside a file with its arguments.
CALLS = STATE + "/calls"
#: Seconds that an answer waits for a caller, who may have been killed.
ANSWER = 60

SYSTEMCTL = f"""\
#!/bin/sh
call={STATE}/call.$$
mkfifo "$call"
printf '%s\\n' "$@" > "$call.arguments"
echo "$call" > {CALLS}
{{ read -r status silent; [ "$silent" ] || cat; }} < "$call"
exit "$status"
"""


def serve() -> None:
    """Answer calls, each in a process of its own, and leave no zombies, also of those that lost their parent."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    os.makedirs(STATE)
    os.mkfifo(CALLS)
    if not os.fork():
        drop_logs()
    # Open for writing as well, so that it does not end when a caller has gone.
    with open(os.open(CALLS, os.O_RDWR | os.O_CLOEXEC), encoding="ascii") as calls:
        print("ready", flush=True)
        for line in calls:
            if not os.fork():
                answer(line.rstrip())
                os._exit(0)


def drop_logs() -> None:
    """Without a journal, each line of a daemon's log goes to the machine's console, which takes 2 ms."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.bind("/dev/log")
        while True:
            journal.recv(1 << 16)


def answer(call: str) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    said, status = io.StringIO(), "1"
    try:
        with contextlib.redirect_stdout(said):
            main((read(call + ".arguments") or "").splitlines())
        status = "0"
    except SystemExit as error:
        said.write("%s\n" % error)
    except Exception as error:
        said.write("%s: %s\n" % (type(error).__name__, error))
    signal.alarm(ANSWER)
    text = said.getvalue()
    write(call, "%s\n%s" % (status if text else status + " silent", text))
    for path in (call, call + ".arguments"):
        os.unlink(path)


def main(arguments: list[str]) -> None:
    words = [word for word in arguments if not word.startswith("--")]
    verb, units = words[0], words[1:]
    # With --root=/ the real one does not ask systemd.
    if os.path.exists(KEEPS) and "--root=/" not in arguments:
        keep([unit for unit in lost() if unit not in units or verb not in ("stop", "restart")])
    if verb == "show":
        print("\n\n".join(map(show, units)))
    elif verb == "is-enabled":
        print("enabled" if os.path.exists(f"{WANTED}/{units[0]}") else "disabled")
    elif verb in ("daemon-reload", "boot"):
        load(names(UNITS))
        forget()
        start_all(names(WANTED) if verb == "boot" else [])
    elif verb in ("start", "restart"):
        stop_all(units if verb == "restart" else [])
        start_all(units)
    elif verb == "stop":
        stop_all(units)
    elif verb == "reload":
        for unit in units:
            reload(unit)
    else:
        for unit in units:
            {"enable": enable, "disable": disable, "unmask": unmask}[verb](unit)
        load([] if "--root=/" in arguments else names(UNITS))


def names(directory: str) -> list[str]:
    """The collection's own; the machine's are none of a virtual node's business."""
    return sorted(name for name in os.listdir(directory) if name.startswith("linuxbridge-vrrp"))


def read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return None


def write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def fragment(unit: str) -> str:
    """The name of a unit's file: that of the template, for an instance of one."""
    template, at, _instance = unit.partition("@")
    return template + "@.service" if at else unit


def load(units: list[str]) -> None:
    for unit in units:
        file, loaded = f"{UNITS}/{unit}", f"{STATE}/{unit}.loaded"
        if changed(file) != changed(loaded):
            write(loaded, read(file) or "")
            os.utime(loaded, ns=(changed(file), changed(file)))


def forget() -> None:
    """Units whose files are gone, unless their processes are there."""
    for unit in [name[: -len(".loaded")] for name in os.listdir(STATE) if name.endswith(".loaded")]:
        if not os.path.exists(f"{UNITS}/{unit}") and not pid_of(unit):
            os.unlink(f"{STATE}/{unit}.loaded")


def changed(path: str) -> int:
    """When, in nanoseconds; 0 for a file that is not there."""
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


def show(unit: str) -> str:
    loaded = read(f"{STATE}/{fragment(unit)}.loaded")
    pid = pid_of(unit)
    there = "not-found" if loaded is None and read(f"{UNITS}/{fragment(unit)}") is None else "loaded"
    lines = {
        "Id": unit,
        "LoadState": "masked" if masked(unit) else there,
        "MainPID": pid,
        "ActiveState": "active" if pid else "inactive",
        "UnitFileState": "enabled" if os.path.exists(f"{WANTED}/{unit}") else "disabled",
        "NeedDaemonReload": "yes" if loaded is not None and loaded != read(f"{UNITS}/{fragment(unit)}") else "no",
    }
    return "\n".join("%s=%s" % item for item in lines.items())


def masked(unit: str) -> bool:
    """Also an instance of a template that is not."""
    return os.path.realpath(f"{UNITS}/{unit}") == "/dev/null"


def pid_of(unit: str) -> int:
    """0 for one that does not run; the number may be another's by now."""
    pid = read(f"{STATE}/{unit}.pid") or "0"
    command = read(f"/proc/{pid}/cmdline") or ""
    return int(pid) if any(daemon in command for daemon in ("keepalived", "radvd", "conntrackd")) else 0


def keep(units: list[str]) -> None:
    """Start them again; one that fails, as when its configuration or namespace is gone, is no caller's concern."""
    for unit in units:
        with contextlib.suppress(subprocess.CalledProcessError, OSError, SystemExit):
            start_all([unit])


def lost() -> list[str]:
    """Units that were started and not stopped, and whose process is gone."""
    known = [name[: -len(".pid")] for name in os.listdir(STATE) if name.endswith(".pid")]
    return [unit for unit in known if not pid_of(unit) and settings_of(unit).get("Restart") == ["always"]]


def settings_of(unit: str) -> dict[str, list[str]]:
    file, instance = fragment(unit), unit.partition("@")[2][: -len(".service")]
    if not os.path.exists(f"{STATE}/{file}.loaded"):
        load([file])
    settings: dict[str, list[str]] = {}
    for line in (read(f"{STATE}/{file}.loaded") or "").replace("\\\n", " ").replace("%i", instance).splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            settings.setdefault(key, []).append(value)
    return settings


def one_at_a_time(job: Callable[[str], str | None]) -> Callable[[str], str | None]:
    """A unit has one job at a time, as with systemd: a caller that was killed may have left one."""

    def done(unit: str) -> str | None:
        with open(f"{STATE}/{unit}.lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return job(unit)

    return done


def start_all(units: list[str]) -> None:
    wanted = [other for unit in units for line in settings_of(unit).get("Wants", []) for other in line.split()]
    for unit in dict.fromkeys(other for other in wanted if other.endswith(".service")):
        start(unit)
    pending = [ready for unit in units for ready in [start(unit)] if ready]
    deadline = time.monotonic() + 60
    while pending and time.monotonic() < deadline:
        time.sleep(0.002)
        pending = [ready for ready in pending if not os.path.exists(ready)]
    if pending:
        raise SystemExit("Job failed: %s" % ", ".join(pending))


@one_at_a_time
def start(unit: str) -> str | None:
    """Returns the file that tells that it is ready; oneshot units have ended by then.

    Commands after the start are run when their daemon's socket is there.
    """
    if masked(unit):
        raise SystemExit("Unit %s is masked." % unit)
    settings = settings_of(unit)
    if settings.get("Type") == ["oneshot"]:
        done = f"{STATE}/{unit}.done"
        if not os.path.exists(done):
            subprocess.run(shlex.split(settings["ExecStart"][0]), check=True)
            write(done, "")
        return None
    if pid_of(unit):
        return None
    runtime = "/run/" + settings["RuntimeDirectory"][0]
    clear(runtime)
    os.makedirs(runtime, mode=0o750)
    for command in settings.get("ExecStartPre", []):
        subprocess.run(shlex.split(command), check=True)
    write(f"{STATE}/{unit}.pid", str(spawn(settings, runtime + "/log")))
    deadline = time.monotonic() + 10
    for command in settings.get("ExecStartPost", []):
        while not os.path.exists(runtime + "/ctl") and time.monotonic() < deadline:
            time.sleep(0.01)
        aside(settings, command)
    return runtime + "/vrrp.pid" if "keepalived" in settings["ExecStart"][0] else None


def spawn(settings: dict[str, list[str]], log: str) -> int:
    command = shlex.split(settings["ExecStart"][0])
    if "keepalived" in command[0]:
        command += ["--log-console", "--log-detail"]
    with open(log, "ab") as output, Inside(settings):
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        ).pid


def aside(settings: dict[str, list[str]], command: str) -> None:
    """A command of a unit whose result is none of its business."""
    words = shlex.split(command.lstrip("-"))
    with Inside(settings):
        subprocess.run(words, check=False, capture_output=True)


class Inside:
    """Commands start in the unit's network namespace. This process enters it, for to fork it is ten times as slow."""

    def __init__(self, settings: dict[str, list[str]]) -> None:
        self.paths = settings.get("NetworkNamespacePath", [])
        self.back = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    def __enter__(self) -> None:
        for path in self.paths:
            there = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            enter(there)
            os.close(there)

    def __exit__(self, *_error: object) -> None:
        enter(self.back)
        os.close(self.back)


def enter(namespace: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(namespace, 0x40000000):
        raise SystemExit("cannot enter a network namespace: " + os.strerror(ctypes.get_errno()))


def stop_all(units: list[str]) -> None:
    """At once, for each waits for its daemon to end."""
    with ThreadPoolExecutor(max_workers=len(units) or 1) as workers:
        list(workers.map(stop, units))


@one_at_a_time
def stop(unit: str) -> None:
    pid = pid_of(unit)
    settings = settings_of(unit)
    if pid:
        number = getattr(signal, settings.get("KillSignal", ["SIGTERM"])[0])
        if number == signal.SIGKILL:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
        deadline = time.monotonic() + 10
        while pid_of(unit) and time.monotonic() < deadline:
            time.sleep(0.01)
    if read(f"{STATE}/{unit}.pid") is not None:
        os.unlink(f"{STATE}/{unit}.pid")
        for command in settings.get("ExecStopPost", []):
            aside(settings, command)
        for directory in settings.get("RuntimeDirectory", []):
            clear("/run/" + directory)


def clear(directory: str) -> None:
    shutil.rmtree(directory, ignore_errors=True)


def reload(unit: str) -> None:
    settings = settings_of(unit)
    for command in settings["ExecReload"]:
        words = shlex.split(command.replace("$MAINPID", str(pid_of(unit))))
        with Inside(settings):
            done = subprocess.run(words, check=False, capture_output=True)
        if done.returncode:
            raise SystemExit("Job for %s failed: %s" % (unit, command))


def enable(unit: str) -> None:
    os.makedirs(WANTED, exist_ok=True)
    if not os.path.exists(f"{UNITS}/{unit}"):
        raise SystemExit("Unit file %s does not exist." % unit)
    if not os.path.lexists(f"{WANTED}/{unit}"):
        os.symlink(f"{UNITS}/{unit}", f"{WANTED}/{unit}")


def disable(unit: str) -> None:
    if os.path.lexists(f"{WANTED}/{unit}"):
        os.unlink(f"{WANTED}/{unit}")


def unmask(unit: str) -> None:
    if masked(unit):
        os.unlink(f"{UNITS}/{unit}")


if __name__ == "__main__":
    serve()
