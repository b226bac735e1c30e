# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a target did not answer, and for how long, from the sequence numbers of its answers.

A gap is a run of requests without an answer; it lasts from the last answer before it to the first one after it. An
answer that is late, but comes, makes no gap.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from typing import Any


@dataclass
class Gap:
    """Times are seconds since the epoch; end is None when no answer came any more."""

    start: float
    end: float | None
    first_sequence: int
    last_sequence: int
    lost: int


class Tally:
    """The requests to one target, numbered from 1. It holds the gaps, not the answers."""

    def __init__(self, started: float) -> None:
        """started: when the first request was sent, in seconds since the epoch."""
        self.gaps: list[Gap] = []
        self.received = 0
        self.first_answer: float | None = None
        self.errors: dict[str, int] = {}
        self._sequence = 0
        self._time = started

    @property
    def last_answer(self) -> float | None:
        return None if self.first_answer is None else self._time

    @property
    def last_sequence(self) -> int:
        """Of the answers so far."""
        return self._sequence

    def answer(self, sequence: int, when: float) -> None:
        """The answer to a request came; duplicates must not be given. when: in seconds since the epoch."""
        self.received += 1
        if sequence < self._sequence:
            self._late(sequence)
            return
        lost = sequence - self._sequence - 1
        if lost > 0:
            self.gaps.append(Gap(self._time, when, self._sequence + 1, sequence - 1, lost))
        self._sequence, self._time = sequence, when
        if self.first_answer is None:
            self.first_answer = when

    def error(self, text: str) -> None:
        """A request could not be sent, or was refused."""
        self.errors[text] = self.errors.get(text, 0) + 1

    def summary(self, sent: int, now: float, gaps_shown: int = 20) -> dict[str, Any]:
        """As traffic_probe returns it. sent: requests that were to be answered by now; of the gaps the longest ones."""
        gaps = list(self.gaps)
        if sent > self._sequence:
            gaps.append(Gap(self._time, None, self._sequence + 1, sent, sent - self._sequence))
        shown = sorted(gaps, key=lambda gap: _seconds(gap, now), reverse=True)[:gaps_shown]
        return {
            "sent": sent,
            "received": self.received,
            "lost": sum(gap.lost for gap in gaps),
            "first_answer": self.first_answer,
            "last_answer": self.last_answer,
            "answers_at_end": bool(gaps and gaps[-1].end is not None) or (not gaps and self.received > 0),
            "gap_count": len(gaps),
            "gaps": [_shown(gap, now) for gap in sorted(shown, key=lambda gap: gap.start)],
            "longest_gap_seconds": round(_seconds(shown[0], now), 3) if shown else 0.0,
            "outage_seconds": round(sum(_seconds(gap, now) for gap in gaps), 3),
            "errors": dict(sorted(self.errors.items())[:10]),
        }

    def _late(self, sequence: int) -> None:
        """It was overtaken by a later one: what counted as lost was not."""
        index = bisect.bisect_left([gap.last_sequence for gap in self.gaps], sequence)
        if index < len(self.gaps) and self.gaps[index].first_sequence <= sequence:
            self.gaps[index].lost -= 1
            if self.gaps[index].lost == 0:
                del self.gaps[index]


def _seconds(gap: Gap, now: float) -> float:
    """An answer that was under way when the probe was stopped may have come after that."""
    return max(0.0, (now if gap.end is None else gap.end) - gap.start)


def _shown(gap: Gap, now: float) -> dict[str, Any]:
    return {
        "start": round(gap.start, 6),
        "end": None if gap.end is None else round(gap.end, 6),
        "seconds": round(_seconds(gap, now), 3),
        "lost": gap.lost,
    }
