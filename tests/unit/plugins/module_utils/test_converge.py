# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one path of every module, with an operation that counts."""

from __future__ import annotations

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils import converge
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError, SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.plan import Plan, Step
from ansible_collections.linuxbridge.vrrp.tests.fakes.module_run import run


class Counter:
    """Counts up to three. fault: raised by the step to that number; slow: looks until it is ready."""

    poll_interval = 1.0

    def __init__(self, at=0, fault=None, slow=0, timeout=10.0):
        self.at, self.fault, self.slow, self.timeout = at, fault or {}, slow, timeout
        self.looks = 0
        self.lost = None

    def parse(self, params):
        if params["to"] > 3:
            raise SpecError.one("to", "%d is more than 3" % params["to"])
        return params["to"]

    def connect(self, want):
        return self

    def observe(self, port, want):
        self.looks += 1
        if self.lost and self.looks > 1:
            raise self.lost
        return self.at

    def plan(self, have, want):
        steps = tuple(Step("count", "to %d" % number, number) for number in range(have + 1, want + 1))
        return Plan(steps, {"at": have}, {"at": max(have, want)}, ("odd",) if want % 2 else ())

    def apply(self, step, port):
        if step.payload in self.fault:
            raise self.fault.pop(step.payload)
        self.at = step.payload

    def settle_timeout(self, want):
        return self.timeout

    def result(self, have, want, plan):
        return {"at": have}


class SlowCounter(Counter):
    def pending(self, have, want):
        return "not ready yet" if self.looks <= self.slow else ""


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    class Clock:
        now = 0.0

        def monotonic(self):
            return self.now

        def sleep(self, seconds):
            self.now += seconds

    clock = Clock()
    monkeypatch.setattr(converge, "time", clock)
    return clock


def count(operation, to=3, **options):
    return run(operation, {"to": {"type": "int"}}, to=to, **options)


def test_a_run_does_each_step_and_says_so():
    result = count(Counter())
    assert (result["failed"], result["changed"], result["at"]) == (False, True, 3)
    assert result["actions"] == ["count to 1", "count to 2", "count to 3"]
    assert result["diff"] == {"before": {"at": 0}, "after": {"at": 3}}
    assert result["warnings"] == ["odd"]


class OvertakenCounter(Counter):
    """Somebody else counts, too, just before a step that then fails. to: how far, by the number of the step."""

    def __init__(self, to):
        super().__init__(fault={number: EdgeError("there already") for number in to})
        self.to = to

    def apply(self, step, port):
        self.at = self.to.get(step.payload, self.at)
        super().apply(step, port)


def test_a_step_that_failed_because_another_had_done_it_is_done():
    result = count(OvertakenCounter({2: 2}))
    assert (result["failed"], result["changed"], result["at"]) == (False, True, 3)
    assert result["actions"] == ["count to 1", "count to 2", "count to 3"]


def test_a_step_that_failed_is_not_done_when_more_is_left_than_the_rest():
    result = count(OvertakenCounter({2: 0}))
    assert (result["failed"], result["changed"], result["msg"]) == (True, True, "count to 2: there already")
    assert result["actions_remaining"] == ["count to 3"]


class SlippingCounter(Counter):
    """Loses one right after it has counted to the end, once or always, as when a failover undoes something."""

    def __init__(self, follows):
        super().__init__()
        self.kind, self.slipped, self.always = follows, False, False

    def apply(self, step, port):
        super().apply(step, port)
        if step.payload == 3 and (self.always or not self.slipped):
            self.at, self.slipped = 2, True

    def follows(self, step):
        return self.kind


class Always(dict):
    """A fault of the third step that does not go away."""

    def __init__(self, error):
        super().__init__({3: error})

    def pop(self, key):
        return self[key]


def test_what_follows_from_something_that_happened_meanwhile_is_done_after_a_while(clock):
    result = count(SlippingCounter(follows=True))
    assert (result["failed"], result["at"], clock.now) == (False, 3, converge.PATIENCE + 1)
    assert result["actions"] == ["count to 1", "count to 2", "count to 3", "count to 3"]


def test_it_is_done_once_and_told_when_it_is_in_vain():
    operation = SlippingCounter(follows=True)
    operation.always = True
    result = count(operation)
    assert (result["failed"], result["actions_remaining"]) == (True, ["count to 3"])
    assert result["actions"] == ["count to 1", "count to 2", "count to 3", "count to 3"]


def test_what_follows_and_fails_is_done_after_a_while(clock):
    operation = SlippingCounter(follows=True)
    operation.slipped, operation.fault = True, {3: EdgeError("canceled")}
    result = count(operation)
    assert (result["failed"], result["at"], clock.now) == (False, 3, converge.PATIENCE + 1)


def test_its_error_is_told_when_it_fails_again():
    operation = SlippingCounter(follows=True)
    operation.slipped, operation.fault = True, Always(EdgeError("no such program"))
    result = count(operation)
    assert (result["failed"], result["changed"], result["msg"]) == (True, True, "count to 3: no such program")


def test_nothing_else_is_done_a_second_time():
    result = count(SlippingCounter(follows=False))
    assert (result["failed"], result["actions_remaining"]) == (True, ["count to 3"])
    assert result["msg"] == "still to do after 10 s: count to 3"


def test_check_mode_says_the_same_and_does_nothing():
    operation = Counter()
    checked, done = count(operation, check_mode=True), count(Counter())
    assert operation.at == 0
    assert [checked[key] for key in ("changed", "actions", "diff")] == [
        done[key] for key in ("changed", "actions", "diff")
    ]


def test_nothing_to_do_changes_nothing_and_looks_once():
    operation = Counter(at=3)
    assert count(operation)["changed"] is False and operation.looks == 1


def test_a_bad_option_is_told_before_anything_is_looked_at():
    operation = Counter()
    result = count(operation, to=4)
    assert (result["failed"], result["changed"], result["problems"]) == (True, False, ["to: 4 is more than 3"])
    assert operation.looks == 0


def test_a_failed_step_says_what_is_done_what_failed_and_what_remains_and_the_next_run_finishes():
    operation = Counter(fault={2: EdgeError("no")})
    result = count(operation)
    assert (result["failed"], result["changed"], result["msg"]) == (True, True, "count to 2: no")
    assert (result["actions_done"], result["action_failed"]) == (["count to 1"], "count to 2")
    assert result["actions_remaining"] == ["count to 3"]
    assert count(operation)["actions"] == ["count to 2", "count to 3"]


@pytest.mark.parametrize("changed", [True, False])
def test_a_first_step_that_fails_has_changed_only_what_it_says_it_has(changed):
    error = EdgeError("half of it")
    error.changed = changed
    assert count(Counter(fault={1: error}))["changed"] is changed


def test_what_is_pending_is_waited_for(clock):
    result = count(SlowCounter(slow=4))
    assert (result["failed"], result["changed"], clock.now) == (False, True, 3.0)


def test_what_is_pending_is_waited_for_when_there_is_nothing_to_do(clock):
    result = count(SlowCounter(at=3, slow=4))
    assert (result["failed"], result["changed"]) == (False, False) and clock.now == 3.0


def test_what_stays_pending_fails_with_what_was_done_and_found(clock):
    result = count(SlowCounter(slow=100, timeout=5.0))
    assert (result["failed"], result["changed"], result["at"], clock.now) == (True, True, 3, 5.0)
    assert result["msg"] == "not there after 5 s: not ready yet" and result["actions_remaining"] == []


def test_check_mode_does_not_wait_for_what_is_pending(clock):
    assert count(SlowCounter(at=3, slow=100), check_mode=True)["failed"] is False and clock.now == 0


def test_steps_that_stay_are_told(clock):
    class Forgetful(Counter):
        def apply(self, step, port):
            pass

    result = count(Forgetful(timeout=2.0), to=1)
    assert result["failed"] and result["msg"] == "still to do after 2 s: count to 1"
    assert result["actions_remaining"] == ["count to 1"]


def test_an_error_while_looking_again_says_what_was_done():
    operation = Counter()
    operation.lost = EdgeError("gone")
    result = count(operation)
    assert (result["failed"], result["changed"], result["msg"]) == (True, True, "gone") and len(result["actions"]) == 3
