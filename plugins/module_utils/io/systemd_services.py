# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge to systemd and to the times of files."""

from __future__ import annotations

import glob
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Callable

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.service_plan import Have, Service, Unit
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.files import write_atomically

#: Runs a command; returns exit status, standard output and standard error.
Run = Callable[[Sequence[str]], "tuple[int, str, str]"]

_PROPERTIES = (
    "LoadState",
    "ActiveState",
    "UnitFileState",
    "NeedDaemonReload",
    "DropInPaths",
    "ExecMainStartTimestampMonotonic",
    "ActiveEnterTimestampMonotonic",
)


class SystemdServices:
    """Services of the machine that this runs on."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._called = time.time()

    def look(self, services: Sequence[Service]) -> Have:
        names = [service.name for service in services]
        files = {path for service in services for path in service.files}
        drop_ins = {service.drop_in: _text(service.drop_in) for service in services}
        return Have(self._units(names), {path: _written(path) for path in files}, self._called, drop_ins)

    def do(self, verb: str, name: str, text: str | None = None) -> None:
        """Carry out one of the verbs of plan_services; text is what is to be written."""
        if verb == "write":
            with _reported(name):
                os.makedirs(os.path.dirname(name), 0o755, exist_ok=True)
            write_atomically(name, text or "", mode=0o644)
            return
        if verb == "remove":
            with _reported(name):
                os.remove(name)
            return
        if verb == "daemon-reload":
            self._systemctl(verb)
            return
        if verb in ("start", "restart"):
            # A unit that failed too often is refused a start until its counter is cleared.
            self._run(["systemctl", "reset-failed", name])
        self._systemctl(verb, name)

    def _units(self, names: Sequence[str]) -> dict[str, Unit]:
        if not names:
            return {}
        output = self._systemctl("show", "--property=" + ",".join(_PROPERTIES), "--", *map(_unit_name, names))
        blocks = [dict(line.split("=", 1) for line in block.splitlines()) for block in output.strip().split("\n\n")]
        if len(blocks) != len(names):
            raise EdgeError("systemctl show answered for %d of %d units" % (len(blocks), len(names)))
        # Both clocks are read at one moment, so a clock that was set after the service's start does no harm.
        offset = time.time() - time.monotonic()
        return {name: _unit(_unit_name(name), block, offset) for name, block in zip(names, blocks)}

    def _systemctl(self, *arguments: str) -> str:
        status, output, error = self._run(["systemctl", *arguments])
        if status != 0:
            message = (error or output).strip()
            raise EdgeError("systemctl %s: %s" % (" ".join(arguments[:2]), message or "exit status %d" % status))
        return output


def _unit_name(name: str) -> str:
    return name if "." in name else name + ".service"


def _unit(name: str, properties: Mapping[str, str], offset: float) -> Unit:
    active = properties["ActiveState"]
    # The main process reads the files; a unit without one is as old as its activation.
    microseconds = int(properties.get("ExecMainStartTimestampMonotonic") or 0)
    microseconds = microseconds or int(properties.get("ActiveEnterTimestampMonotonic") or 0)
    started = microseconds / 1e6 + offset if microseconds and active in ("active", "reloading") else None
    # systemd does not notice the first file in a drop-in directory that was not there before (seen with 252).
    drop_ins = set(glob.glob("/etc/systemd/system/%s.d/*.conf" % glob.escape(name)))
    unread = drop_ins.difference(properties.get("DropInPaths", "").split())
    outdated = properties.get("NeedDaemonReload") == "yes" or (bool(unread) and properties["LoadState"] == "loaded")
    return Unit(properties["LoadState"], active, properties.get("UnitFileState", ""), started, outdated)


def _written(path: str) -> float | None:
    with _reported(path):
        return os.stat(path).st_mtime
    return None


def _text(path: str) -> str:
    with _reported(path), open(path, encoding="utf-8", errors="replace") as file:
        return file.read()
    return ""


@contextmanager
def _reported(path: str) -> Iterator[None]:
    """A file that is not there is none; any other trouble is an error that names it."""
    try:
        yield
    except FileNotFoundError:
        pass
    except OSError as error:
        raise EdgeError("%s: %s" % (path, error.strerror)) from error
