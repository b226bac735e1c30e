# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two ways a task can go wrong, in words a user can act on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with what the user gave, or with what is there.

    path: where the value stands, e.g. ``routers[1].interfaces[0].address``.
    message: what is wrong and what to do about it, naming the value unless it is a secret.
    """

    path: str
    message: str

    def __str__(self) -> str:
        return "%s: %s" % (self.path, self.message) if self.path else self.message


class SpecError(ValueError):
    """What was asked for cannot be done as asked; nothing has been changed. Carries every problem found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))

    @classmethod
    def one(cls, path: str, message: str) -> SpecError:
        return cls([Problem(path, message)])


class EdgeError(RuntimeError):
    """The kernel, a daemon, a file or an API refused. The message names the object and the remedy."""

    #: True on an error of a step that has left something changed.
    changed: bool = False
