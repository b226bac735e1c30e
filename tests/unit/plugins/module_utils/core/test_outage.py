"""What a probe's answers say about an outage."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.outage import Tally

STARTED = 1000.0


def answered(*sequences: int, interval: float = 0.01) -> Tally:
    """Each answer comes at once, in the order given; request n was sent n intervals after the start."""
    tally = Tally(STARTED)
    latest = STARTED
    for sequence in sequences:
        latest = max(latest, STARTED + sequence * interval)
        tally.answer(sequence, latest)
    return tally


def test_when_everything_is_answered_there_is_no_gap() -> None:
    summary = answered(1, 2, 3).summary(3, STARTED + 0.04)
    assert (summary["sent"], summary["received"], summary["lost"], summary["gap_count"]) == (3, 3, 0, 0)
    assert summary["answers_at_end"]
    assert summary["longest_gap_seconds"] == 0


def test_an_outage_lasts_from_the_last_answer_before_it_to_the_first_after_it() -> None:
    summary = answered(1, 2, 503, 504).summary(504, STARTED + 6)
    assert summary["gaps"] == [{"start": 1000.02, "end": 1005.03, "seconds": 5.01, "lost": 500}]
    assert summary["outage_seconds"] == summary["longest_gap_seconds"] == 5.01
    assert summary["answers_at_end"]


def test_a_target_that_never_answers_is_gone_from_the_start() -> None:
    summary = Tally(STARTED).summary(200, STARTED + 2)
    assert summary["gaps"] == [{"start": 1000.0, "end": None, "seconds": 2.0, "lost": 200}]
    assert (summary["received"], summary["lost"], summary["first_answer"]) == (0, 200, None)
    assert not summary["answers_at_end"]


def test_an_outage_that_has_not_ended_counts_until_now() -> None:
    summary = answered(1, 2).summary(102, STARTED + 1.02)
    assert summary["gaps"] == [{"start": 1000.02, "end": None, "seconds": 1.0, "lost": 100}]
    assert not summary["answers_at_end"]


def test_a_gap_after_an_answer_that_came_when_the_probe_was_stopped_already_has_no_length() -> None:
    summary = answered(1, 2, 100).summary(101, STARTED + 0.5)
    assert [gap["seconds"] for gap in summary["gaps"]] == [0.98, 0.0]
    assert summary["outage_seconds"] == summary["longest_gap_seconds"] == 0.98


def test_nothing_sent_is_not_an_answer() -> None:
    assert not Tally(STARTED).summary(0, STARTED)["answers_at_end"]


def test_the_time_before_the_first_answer_is_a_gap() -> None:
    summary = answered(4).summary(4, STARTED + 0.04)
    assert summary["gaps"] == [{"start": 1000.0, "end": 1000.04, "seconds": 0.04, "lost": 3}]


def test_answers_that_are_overtaken_are_not_lost() -> None:
    assert answered(1, 4, 2, 3, 5).summary(5, STARTED + 1)["gap_count"] == 0


def test_a_gap_of_which_one_answer_was_overtaken_keeps_the_others() -> None:
    summary = answered(1, 5, 3, 6).summary(6, STARTED + 1)
    assert [gap["lost"] for gap in summary["gaps"]] == [2]


def test_of_many_gaps_the_longest_are_shown_in_the_order_of_time() -> None:
    summary = answered(1, 3, 8, 10, 14).summary(14, STARTED + 1, gaps_shown=2)
    assert summary["gap_count"] == 4
    assert [gap["lost"] for gap in summary["gaps"]] == [4, 3]
    assert summary["lost"] == 9


def test_errors_are_counted_by_their_text() -> None:
    tally = Tally(STARTED)
    for text in ("Network is unreachable", "No buffer space available", "Network is unreachable"):
        tally.error(text)
    assert tally.summary(0, STARTED)["errors"] == {"Network is unreachable": 2, "No buffer space available": 1}


@given(st.lists(st.integers(1, 60), unique=True), st.randoms())
def test_what_was_sent_is_answered_or_lost_in_whatever_order_answers_come(
    answers: list[int], order: random.Random
) -> None:
    order.shuffle(answers)
    summary = answered(*answers).summary(60, STARTED + 1, gaps_shown=60)
    assert summary["received"] == len(answers)
    assert summary["lost"] == 60 - len(answers)
    assert sum(gap["lost"] for gap in summary["gaps"]) == summary["lost"]
