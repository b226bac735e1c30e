# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operation behind the module oslo_config: one file, its options and its attributes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import oslo_ini, oslo_redact
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import Problem, SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.oslo_options import Option, parse_options
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.plan import Plan, Step
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io import files


@dataclass(frozen=True)
class Want:
    path: str
    options: tuple[Option, ...]
    backup: bool
    create: bool
    owner: str | None
    group: str | None
    mode: int | None

    def is_secret(self, section: str, option: str) -> bool:
        for asked in self.options:
            if asked.key == (section, option):
                return asked.secret
        return oslo_redact.is_secret_name(option)


@dataclass(frozen=True)
class Have:
    """attributes and wanted_attributes are None when there is no file."""

    document: oslo_ini.Document
    attributes: files.Attributes | None
    wanted_attributes: files.Attributes | None
    left_overs: tuple[str, ...]


class OsloFile:
    """See converge.Operation."""

    poll_interval = 0.0

    def __init__(self) -> None:
        self.backup_file: str | None = None

    def parse(self, params: dict[str, Any]) -> Want:
        problems: list[Problem] = []
        options: tuple[Option, ...] = ()
        mode = _mode(params["mode"], problems)
        if not os.path.isabs(params["path"]):
            problems.append(Problem("path", "%r is not an absolute path" % params["path"]))
        try:
            options = parse_options(params["options"])
        except SpecError as error:
            problems.extend(error.problems)
        if problems:
            raise SpecError(problems)
        return Want(params["path"], options, params["backup"], params["create"], params["owner"], params["group"], mode)

    def connect(self, want: Want) -> Want:
        return want

    def observe(self, port: Want, want: Want) -> Have:
        left_overs = tuple(files.left_overs(want.path))
        try:
            text = files.read_text(want.path)
        except files.MissingFile as error:
            if not want.create:
                message = f"{error}; install the package that brings it, mend the path, or set 'create: true'"
                raise SpecError.one("path", message) from None
            return Have(oslo_ini.parse(""), None, None, left_overs)
        have = files.read_attributes(want.path)
        wanted = files.wanted_attributes(have, want.mode, want.owner, want.group)
        return Have(oslo_ini.parse(text, want.path), have, wanted, left_overs)

    def plan(self, have: Have, want: Want) -> Plan:
        after, actions = have.document, []
        for option in want.options:
            changed = option.apply(after)
            if changed is not after:
                actions.append(option.action(changed))
            after = changed
        texts = oslo_redact.shown_texts(have.document, after, want.is_secret)
        steps = [Step("remove", "%s, left by an interrupted run" % name) for name in have.left_overs]
        if actions:
            verb = "create" if have.attributes is None else "write"
            steps.append(Step(verb, "%s: %s" % (want.path, "; ".join(actions)), after.text))
        if have.attributes and have.wanted_attributes and have.attributes != have.wanted_attributes:
            words = _words(have.attributes), _words(have.wanted_attributes)
            steps.append(Step("give", "%s %s" % (want.path, words[1]), have.wanted_attributes))
            texts = words[0] + "\n" + texts[0], words[1] + "\n" + texts[1]
        return Plan(tuple(steps), *texts, subject=want.path)

    def apply(self, step: Step, port: Want) -> None:
        if step.verb == "remove":
            files.remove_left_overs(port.path)
        elif step.verb == "give":
            files.set_attributes(port.path, step.payload)
        else:
            self.backup_file = files.write_atomically(
                port.path, step.payload, port.mode, port.owner, port.group, port.backup
            )

    def settle_timeout(self, want: Want) -> float:
        return 0.0

    def result(self, have: Have, want: Want, plan: Plan) -> dict[str, Any]:
        return {"backup_file": self.backup_file}


def _mode(mode: Any, problems: list[Problem]) -> int | None:
    if mode is None:
        return None
    if isinstance(mode, str) and mode and len(mode) <= 4 and set(mode) <= set("01234567"):
        return int(mode, 8)
    problems.append(Problem("mode", f"{mode!r} is not a mode; give it in octal and in quotes: '0640'"))
    return None


def _words(attributes: files.Attributes) -> str:
    return "mode %04o, owner %d, group %d" % (attributes.mode, attributes.owner, attributes.group)
