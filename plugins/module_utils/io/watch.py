# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watches in the background of this host: ``ip monitor`` in each namespace, with what was there when it started."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import timeline
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.job import JobHave
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io import background, iproute

EMPTY: dict[str, Any] = {"started": None, "ended": None, "namespaces": [], "links": []}

#: Between the start of ip and the snapshot, for ip to open its socket; in seconds.
_SETTLE = 0.5
#: ip's receive buffer, in bytes, for a node whose routers all change at once.
_BUFFER = "8388608"


class Watches:
    """See JobPort."""

    def __init__(self, directory: str = background.DIRECTORY) -> None:
        self._jobs = background.Jobs("watch", directory)

    def look(self, name: str) -> JobHave:
        asked, running = self._jobs.asked(name), self._jobs.running(name)
        if asked and self._saved(name, "first") is None:
            asked = {}  # the task that started it was killed before it had looked
        return JobHave(asked, running, None if running or not asked else self._result(name, asked))

    def start(self, name: str, asked: dict[str, Any]) -> None:
        _refuse("network namespace", set(asked["namespaces"]) - set(iproute.namespaces()))
        _refuse("interface", set(asked["interfaces"]) - set(_links(asked["interfaces"])))
        monitor = ["ip", "-ts", "-o", "-rcvbuf", _BUFFER]
        commands = [[*monitor, "-n", one, "monitor", "address"] for one in asked["namespaces"]]
        # Of all of them, for ip filters by number, and one that is made again has another.
        commands += [[*monitor, "monitor", "link"]] if asked["interfaces"] else []
        launch = background.execute(commands, asked["duration"], {"TZ": "UTC", "LC_ALL": "C"})
        self._jobs.start(name, asked, launch)
        time.sleep(_SETTLE)
        self._save(name, "first", asked)

    def stop(self, name: str) -> None:
        asked = self._jobs.asked(name)
        if asked:
            self._save(name, "last", asked)
        self._jobs.stop(name)

    def remove(self, name: str) -> None:
        self._jobs.remove(name)

    def _save(self, name: str, which: str, asked: dict[str, Any]) -> None:
        # Before the look: what happens between them is told again by ip, and makes no difference.
        now = time.time()
        held = {one: _held(answers[0]) for one, answers in _addresses(asked["namespaces"]).items()}
        found = {"time": now, "held": held, "links": _links(asked["interfaces"])}
        background.write_json(os.path.join(self._jobs.folder(name), which + ".json"), found)

    def _saved(self, name: str, which: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = background.read_json(os.path.join(self._jobs.folder(name), which + ".json"))
        return found

    def _result(self, name: str, asked: dict[str, Any]) -> dict[str, Any] | None:
        first, last = self._saved(name, "first"), self._saved(name, "last")
        if first is None:
            return None
        end = last["time"] if last else first["time"] + asked["duration"]
        count = len(asked["namespaces"])
        return {
            "started": first["time"],
            "ended": end,
            "namespaces": [
                _namespace(one, first, last, list(self._lines(name, at)), end)
                for at, one in enumerate(asked["namespaces"])
            ],
            "links": [
                {"interface": one, "changes": _changes(one, first, self._lines(name, count), end)}
                for one in asked["interfaces"]
            ],
        }

    def _lines(self, name: str, number: int) -> Iterator[str]:
        path = os.path.join(self._jobs.folder(name), str(number))
        if os.path.exists(path):
            with open(path, encoding="utf-8", errors="replace") as file:
                yield from file


def _refuse(what: str, missing: set[str]) -> None:
    if missing:
        raise EdgeError("there is no %s %s" % (what, " and no ".join(sorted(missing))))


def _links(interfaces: list[str]) -> dict[str, dict[str, bool]]:
    """Those that are there, and how they are."""
    found = {link["ifname"]: link["flags"] for link in iproute.show([iproute.LINKS])[0]} if interfaces else {}
    return {
        name: {"enabled": "UP" in found[name], "carrier": "LOWER_UP" in found[name]}
        for name in interfaces
        if name in found
    }


def _addresses(namespaces: list[str]) -> dict[str, list[list[dict[str, Any]]]]:
    return iproute.show_in(namespaces, [iproute.DEVICES])


def _held(devices: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [
        (device["ifname"], "%s/%d" % (address["local"], address["prefixlen"]))
        for device in devices
        for address in device.get("addr_info", ())
        if "local" in address
    ]


def _namespace(
    name: str, first: dict[str, Any], last: dict[str, Any] | None, lines: list[str], end: float
) -> dict[str, Any]:
    """complete: what ip told, from the start on, leads to what is there at the end.

    What it told before the start is in what was there at the start.
    """
    begun = [tuple(held) for held in first["held"].get(name, ())]
    events = [event for event in map(timeline.address_event, lines) if event and first["time"] <= event.time <= end]
    found = timeline.spans(begun, events, first["time"], end)
    ended = None if last is None else {tuple(held) for held in last["held"].get(name, ())}
    return {
        "namespace": name,
        "complete": timeline.held_last(begun, events) == ended,
        "addresses": [
            {"interface": interface, "address": address, "spans": [list(span) for span in spans]}
            for (interface, address), spans in sorted(found.items())
        ],
    }


def _changes(interface: str, first: dict[str, Any], lines: Iterator[str], end: float) -> list[dict[str, Any]]:
    """Of the interface's flags; ip tells of other changes, too."""
    changes: list[dict[str, Any]] = []
    last = first["links"].get(interface)
    for event in filter(None, map(timeline.link_event, lines)):
        state = {"enabled": event.enabled, "carrier": event.carrier}
        if event.interface == interface and first["time"] <= event.time <= end and state != last:
            changes.append({"time": event.time, **state})
            last = state
    return changes
