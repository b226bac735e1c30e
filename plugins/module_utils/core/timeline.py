# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a namespace had which address, from what ``ip -ts -o monitor address`` and ``link`` printed.

Times are seconds since the epoch. A span is (start, end).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

#: Interface and address with its prefix length.
Held = tuple[str, str]
Span = tuple[float, float]

_STAMP = r"^\[(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6})\] "
_ADDRESS = re.compile(_STAMP + r"(Deleted )?\d+: (\S+)\s+inet6? (\S+) ")
#: A bridge tells of its ports in the same words, but for the qdisc; a port that leaves it is not deleted.
_LINK = re.compile(_STAMP + r"(Deleted )?\d+: ([^:@]+)[:@].*?<([^>]*)>.* qdisc ")


@dataclass(frozen=True)
class AddressEvent:
    time: float
    there: bool
    held: Held


@dataclass(frozen=True)
class LinkEvent:
    time: float
    interface: str
    enabled: bool
    carrier: bool


def address_event(line: str) -> AddressEvent | None:
    """None for a line that is none, such as one that was cut short."""
    found = _ADDRESS.match(line)
    if found is None:
        return None
    stamp, deleted, interface, address = found.groups()
    return AddressEvent(_seconds(stamp), not deleted, (interface, address))


def link_event(line: str) -> LinkEvent | None:
    found = _LINK.match(line)
    if found is None:
        return None
    stamp, deleted, interface, text = found.groups()
    flags = text.split(",")
    return LinkEvent(_seconds(stamp), interface, not deleted and "UP" in flags, not deleted and "LOWER_UP" in flags)


def spans(first: Iterable[Held], events: Sequence[AddressEvent], start: float, end: float) -> dict[Held, list[Span]]:
    """When each address was there. first: those that were at the start; at the end of the watch a span is cut."""
    since = dict.fromkeys(first, start)
    found: dict[Held, list[Span]] = {held: [] for held in since}
    for event in events:
        if event.there:
            since.setdefault(event.held, event.time)
            found.setdefault(event.held, [])
        elif event.held in since:
            found[event.held].append((since.pop(event.held), event.time))
    for held, begun in since.items():
        found[held].append((begun, max(begun, end)))
    return found


def held_last(first: Iterable[Held], events: Sequence[AddressEvent]) -> set[Held]:
    """What is there after all events."""
    held = set(first)
    for event in events:
        (held.add if event.there else held.discard)(event.held)
    return held


def union(many: Iterable[Span]) -> list[Span]:
    """The time that any of the spans covers, in order."""
    merged: list[Span] = []
    for start, end in sorted(many):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def both(one: Sequence[Span], other: Sequence[Span]) -> list[Span]:
    """The time that a span of each covers; touching is not overlapping."""
    return union((max(a[0], b[0]), min(a[1], b[1])) for a in one for b in other if min(a[1], b[1]) > max(a[0], b[0]))


def overlap(nodes: Mapping[str, Mapping[Held, Sequence[Span]]]) -> list[Span]:
    """When any address was on two nodes at once. nodes: spans by address, by node."""
    names = sorted(nodes)
    return union(
        span
        for at, name in enumerate(names)
        for other in names[at + 1 :]
        for address, held in nodes[name].items()
        for span in both(held, nodes[other].get(address, ()))
    )


def length(many: Iterable[Span]) -> float:
    return sum(end - start for start, end in many)


def _seconds(stamp: str) -> float:
    """ip prints the time of its time zone, which the watch sets to UTC."""
    return datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S.%f").replace(tzinfo=timezone.utc).timestamp()
