# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps, and what a user is shown of each, as they are put together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.companion_plan import Steps
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_commands import Command
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.plan import Step


@dataclass
class Changes:
    """Steps, and what a user is shown of each: what is there and what will be."""

    steps: list[Step] = field(default_factory=list)
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)

    def merge(self, steps: Steps) -> None:
        self.steps += steps.processes
        self.before.update(steps.before)
        self.after.update(steps.after)

    def add(self, verb: str, name: str, was: Any, wanted: Any, commands: tuple[Command, ...]) -> None:
        self.steps.append(Step(verb, name, commands))
        self.before[name], self.after[name] = was, wanted
