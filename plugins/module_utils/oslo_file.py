# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operation behind the module oslo_config: files, their options and their attributes."""

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
    """One file; as in converge.Operation, but for one of several."""

    def __init__(self, want: Want, where: str) -> None:
        self.want = want
        self.backup_file: str | None = None
        self._where = where

    def observe(self) -> Have:
        want = self.want
        left_overs = tuple(files.left_overs(want.path))
        try:
            text = files.read_text(want.path)
        except files.MissingFile as error:
            if not want.create:
                message = f"{error}; install the package that brings it, mend the path, or set 'create: true'"
                raise SpecError.one(self._where + "path", message) from None
            return Have(oslo_ini.parse(""), None, None, left_overs)
        have = files.read_attributes(want.path)
        wanted = files.wanted_attributes(have, want.mode, want.owner, want.group)
        return Have(oslo_ini.parse(text, want.path), have, wanted, left_overs)

    def plan(self, have: Have) -> Plan:
        want, after, actions = self.want, have.document, []
        for option in want.options:
            changed = option.apply(after)
            if changed is not after:
                actions.append(option.action(changed))
            after = changed
        texts = oslo_redact.shown_texts(have.document, after, want.is_secret)
        steps = [Step("remove", "%s, left by an interrupted run" % name, (self, None)) for name in have.left_overs]
        if actions:
            verb = "create" if have.attributes is None else "write"
            steps.append(Step(verb, "%s: %s" % (want.path, "; ".join(actions)), (self, after.text)))
        if have.attributes and have.wanted_attributes and have.attributes != have.wanted_attributes:
            words = _words(have.attributes), _words(have.wanted_attributes)
            steps.append(Step("give", "%s %s" % (want.path, words[1]), (self, have.wanted_attributes)))
            texts = words[0] + "\n" + texts[0], words[1] + "\n" + texts[1]
        return Plan(tuple(steps), *texts, subject=want.path)

    def apply(self, verb: str, payload: Any) -> None:
        want = self.want
        if verb == "remove":
            files.remove_left_overs(want.path)
        elif verb == "give":
            files.set_attributes(want.path, payload)
        else:
            self.backup_file = files.write_atomically(
                want.path, payload, want.mode, want.owner, want.group, want.backup
            )


class OsloFiles:
    """See converge.Operation. All files are read and judged before the first is changed."""

    poll_interval = 0.0

    def parse(self, params: dict[str, Any]) -> tuple[OsloFile, ...]:
        """One file of the options path and options, or those of the option files."""
        several = params["files"] is not None
        problems: list[Problem] = []
        found = []
        for index, given in enumerate(params["files"] if several else [params]):
            where = "files[%d]." % index if several else ""
            try:
                found.append(OsloFile(_parse_file(given), where))
            except SpecError as error:
                problems += [Problem(where + problem.path, problem.message) for problem in error.problems]
        paths = [os.path.realpath(file.want.path) for file in found]
        for index, path in enumerate(paths):
            if path in paths[:index]:
                problems.append(Problem("files", "%s is named twice; name each file once" % path))
        if problems:
            raise SpecError(problems)
        return tuple(found)

    def connect(self, want: tuple[OsloFile, ...]) -> None:
        return None

    def observe(self, port: None, want: tuple[OsloFile, ...]) -> tuple[Have, ...]:
        have: list[Have] = []
        problems: list[Problem] = []
        for file in want:
            try:
                have.append(file.observe())
            except SpecError as error:
                problems += error.problems
        if problems:
            raise SpecError(problems)
        return tuple(have)

    def plan(self, have: tuple[Have, ...], want: tuple[OsloFile, ...]) -> Plan:
        parts = tuple(file.plan(each) for file, each in zip(want, have))
        if len(parts) == 1:
            return parts[0]
        return Plan(tuple(step for part in parts for step in part.steps), parts=parts)

    def apply(self, step: Step, port: None) -> None:
        file, payload = step.payload
        file.apply(step.verb, payload)

    def settle_timeout(self, want: tuple[OsloFile, ...]) -> float:
        return 0.0

    def result(self, have: tuple[Have, ...], want: tuple[OsloFile, ...], plan: Plan) -> dict[str, Any]:
        return {"backup_files": {file.want.path: file.backup_file for file in want if file.backup_file}}


def _parse_file(given: dict[str, Any]) -> Want:
    problems: list[Problem] = []
    options: tuple[Option, ...] = ()
    mode = _mode(given["mode"], problems)
    if not os.path.isabs(given["path"]):
        problems.append(Problem("path", "%r is not an absolute path" % given["path"]))
    try:
        options = parse_options(given["options"])
    except SpecError as error:
        problems.extend(error.problems)
    if problems:
        raise SpecError(problems)
    return Want(given["path"], options, given["backup"], given["create"], given["owner"], given["group"], mode)


def _mode(mode: Any, problems: list[Problem]) -> int | None:
    if mode is None:
        return None
    if isinstance(mode, str) and mode and len(mode) <= 4 and set(mode) <= set("01234567"):
        return int(mode, 8)
    problems.append(Problem("mode", f"{mode!r} is not a mode; give it in octal and in quotes: '0640'"))
    return None


def _words(attributes: files.Attributes) -> str:
    return "mode %04o, owner %d, group %d" % (attributes.mode, attributes.owner, attributes.group)
