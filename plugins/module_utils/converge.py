# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one path of every module that changes something: parse, observe, plan, apply, observe again.

Only this file ends a module. ``changed``, ``diff`` and ``actions`` come from the plan, so check mode and a
real run say the same.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Sequence
from typing import Any, Generic, Protocol, TypeVar

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError, SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.plan import Plan, Step

#: Seconds that are left to what brings a step about by itself, see Operation.follows.
PATIENCE = 2.0

Want = TypeVar("Want")
Have = TypeVar("Have")
Port = TypeVar("Port")


class Operation(Protocol, Generic[Want, Have, Port]):
    """What a module is made of; each method is one layer."""

    #: Seconds between two looks while waiting for the state to settle.
    poll_interval: float

    def parse(self, params: dict[str, Any]) -> Want:
        """Check all that can be checked without looking; raises SpecError with every problem."""

    def connect(self, want: Want) -> Port:
        """Open the edge; nothing is changed."""

    def observe(self, port: Port, want: Want) -> Have:
        """The only read; what cannot be reconciled with want raises SpecError."""

    def plan(self, have: Have, want: Want) -> Plan:
        """Pure: what to do, and before and after as the user sees them."""

    def apply(self, step: Step, port: Port) -> None:
        """Carry out one step."""

    def settle_timeout(self, want: Want) -> float:
        """Seconds to go on looking until nothing is left to do; 0 looks once."""

    # def pending(self, have: Have, want: Want) -> str, which an operation may have:
    #     what has not come about yet though no step is left, such as an agent that is to become active; "" when all
    #     has. A real run goes on looking for it, one with nothing to do as well, and fails with it in the end.

    # def follows(self, step: Step) -> bool, which an operation may have:
    #     whether a step follows from what happens by itself, such as a failover while the run is at work. One that is
    #     left for PATIENCE seconds after all others is done then, once.

    def result(self, have: Have, want: Want, plan: Plan) -> dict[str, Any]:
        """What the module returns beside changed, actions and diff. plan has steps left in check mode only."""


def converge(module: AnsibleModule, operation: Operation[Any, Any, Any]) -> None:
    """Run the operation and end the module."""
    # What was loaded stays to the end; to look through all of it for garbage takes milliseconds each time.
    gc.freeze()
    try:
        _converge(module, operation)
    except SpecError as error:
        module.fail_json(msg=str(error), problems=[str(problem) for problem in error.problems], changed=False)
    except EdgeError as error:
        module.fail_json(msg=str(error), changed=False)


def _converge(module: AnsibleModule, operation: Operation[Any, Any, Any]) -> None:
    want = operation.parse(module.params)
    port = operation.connect(want)
    have = operation.observe(port, want)
    plan = operation.plan(have, want)
    for warning in plan.warnings:
        module.warn(warning)
    outcome: dict[str, Any] = {"changed": bool(plan.steps), "actions": plan.actions}
    if module._diff:
        outcome["diff"] = plan.diff
    if module.check_mode or not (plan.steps or _pending(operation, have, want)):
        module.exit_json(**outcome, **operation.result(have, want, plan))
    _apply(module, operation, plan, port, want, outcome)
    try:
        have, left = _settle(operation, port, want, outcome["actions"])
    except (EdgeError, SpecError) as error:
        module.fail_json(msg=str(error), **outcome)
    missing = left.actions or [text for text in [_pending(operation, have, want)] if text]
    if missing:
        module.fail_json(
            msg="%s after %g s: %s"
            % ("still to do" if left.steps else "not there", operation.settle_timeout(want), "; ".join(missing)),
            actions_remaining=left.actions,
            **outcome,
            **operation.result(have, want, left),
        )
    module.exit_json(**outcome, **operation.result(have, want, left))


def _pending(operation: Operation[Any, Any, Any], have: Any, want: Any) -> str:
    return operation.pending(have, want) if hasattr(operation, "pending") else ""


def _follows(operation: Operation[Any, Any, Any], step: Step) -> bool:
    return hasattr(operation, "follows") and bool(operation.follows(step))


def _apply(
    module: AnsibleModule,
    operation: Operation[Any, Any, Any],
    plan: Plan,
    port: Any,
    want: Any,
    outcome: dict[str, Any],
) -> None:
    for done, step in enumerate(plan.steps):
        try:
            operation.apply(step, port)
        except (EdgeError, SpecError) as error:
            # What follows from something else may be undone meanwhile: _settle() sees to it, and tells the error.
            if _follows(operation, step) or _done_otherwise(operation, port, want, plan.actions[done + 1 :]):
                continue
            module.fail_json(
                msg="%s: %s" % (step, error),
                changed=done > 0 or getattr(error, "changed", False),
                actions=plan.actions,
                actions_done=plan.actions[:done],
                action_failed=str(step),
                actions_remaining=plan.actions[done + 1 :],
                **({"diff": outcome["diff"]} if "diff" in outcome else {}),
            )


def _done_otherwise(operation: Operation[Any, Any, Any], port: Any, want: Any, remaining: Sequence[str]) -> bool:
    """Whether a step that failed was done by somebody else meanwhile, so that nothing is left but what would be anyway.

    keepalived, for one, takes an address away itself when it reads its configuration again.
    """
    try:
        left = operation.plan(operation.observe(port, want), want)
    except (EdgeError, SpecError):
        return False
    return set(left.actions) <= set(remaining)


def _settle(operation: Operation[Any, Any, Any], port: Any, want: Any, actions: list[str]) -> tuple[Any, Plan]:
    """Look again until nothing is left to do or the deadline passes. What is done meanwhile is added to actions."""
    deadline = time.monotonic() + operation.settle_timeout(want)
    seen: dict[str, float] = {}
    done: set[str] = set()
    while True:
        have = operation.observe(port, want)
        left = operation.plan(have, want)
        now = time.monotonic()
        if not (left.steps or _pending(operation, have, want)) or now >= deadline:
            return have, left
        seen = {text: seen.get(text, now) for text in left.actions}
        for step in left.steps:
            text = str(step)
            if _follows(operation, step) and text not in done and now - seen[text] >= PATIENCE:
                try:
                    operation.apply(step, port)
                except EdgeError as error:
                    raise EdgeError("%s: %s" % (step, error)) from None
                done.add(text)
                actions.append(text)
        time.sleep(operation.poll_interval)
