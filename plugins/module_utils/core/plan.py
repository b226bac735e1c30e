# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done, decided before anything is done.

Check mode, diff and a real run all read the same Plan.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Step:
    """One action: a verb and the object it acts on.

    payload is for the function that carries the step out; it is never shown, so it may hold secrets.
    """

    verb: str
    object: str
    payload: Any = field(default=None, repr=False)

    def __str__(self) -> str:
        return "%s %s" % (self.verb, self.object)


@dataclass(frozen=True)
class Plan:
    """Ordered steps, and the state before and after them as the user is shown it (secrets redacted).

    before and after are both texts, or both JSON-like values; they are equal when there are no steps.
    subject heads the diff: the path of the file, or the name of the object. A plan for several objects has their plans
    as parts, each with its own before and after.
    """

    steps: tuple[Step, ...] = ()
    before: Any = None
    after: Any = None
    warnings: tuple[str, ...] = ()
    subject: str = ""
    parts: tuple[Plan, ...] = ()

    @property
    def actions(self) -> list[str]:
        return [str(step) for step in self.steps]

    @property
    def diff(self) -> Any:
        """What Ansible shows: one difference, or a list of those of the parts."""
        if self.parts:
            return [part.diff for part in self.parts]
        shown = {"before": self.before, "after": self.after}
        return {**shown, "before_header": self.subject, "after_header": self.subject} if self.subject else shown
