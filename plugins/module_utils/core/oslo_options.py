# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user asks of an oslo.config file: checked, and carried out on a Document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import oslo_edit
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import Problem, SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.oslo_ini import (
    Document,
    as_bool,
    as_list,
    normal_section,
    parse,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.oslo_redact import is_secret_name, shown


@dataclass(frozen=True)
class Option:
    """One entry of ``options``; values is None when the value is unset, and has one element for a scalar."""

    section: str
    option: str
    state: str
    kind: str
    values: tuple[str, ...] | None
    boolean: bool | None
    items_present: tuple[str, ...]
    items_absent: tuple[str, ...]
    secret: bool

    @property
    def key(self) -> tuple[str, str]:
        return normal_section(self.section), self.option

    @property
    def name(self) -> str:
        return f"[{self.section}] {self.option}"

    def apply(self, document: Document) -> Document:
        if self.state == "absent":
            return oslo_edit.remove(document, self.section, self.option)
        if self.kind == "list" and self.values is None:
            return oslo_edit.change_items(document, self.section, self.option, self.items_present, self.items_absent)
        if self.values is None:
            return document
        if self.kind == "multi":
            return oslo_edit.set_values(document, self.section, self.option, self.values)
        if self.kind == "list":
            return oslo_edit.set_items(document, self.section, self.option, self.values)
        return self._apply_scalar(document, self.values[0])

    def _apply_scalar(self, document: Document, value: str) -> Document:
        current = document.get(self.section, self.option)
        if self.boolean is not None and current is not None and as_bool(current) is self.boolean:
            # "true", "yes" and "1" are the same to a service; the operator's spelling stays.
            return document
        return oslo_edit.set_value(document, self.section, self.option, value)

    def action(self, after: Document) -> str:
        """What was done, for the user."""
        if self.state == "absent":
            return f"remove {self.name}"
        values = after.get_all(self.section, self.option)
        if not values:
            return f"remove {self.name}"
        seen = values if self.kind == "multi" else values[-1:]
        return "set %s = %s" % (self.name, ", ".join(shown(value, self.secret) for value in seen))


def parse_options(entries: Sequence[dict[str, Any]]) -> tuple[Option, ...]:
    """Check all entries; raises SpecError with every problem found."""
    problems: list[Problem] = []
    options: list[Option] = []
    seen: dict[tuple[str, str], int] = {}
    for index, entry in enumerate(entries):
        path = "options[%d]" % index
        try:
            option = _option(path, entry)
        except SpecError as error:
            problems.extend(error.problems)
            continue
        if option.key in seen:
            message = "%s is already given in options[%d]; keep one of the two" % (option.name, seen[option.key])
            problems.append(Problem(path, message))
        seen.setdefault(option.key, index)
        options.append(option)
    if problems:
        raise SpecError(problems)
    return tuple(options)


def _option(path: str, entry: dict[str, Any]) -> Option:
    section, name, state, kind = entry["section"], entry["option"], entry["state"], entry["kind"]
    problems = _name_problems(path, section, name)
    secret = entry.get("secret")
    boolean = entry.get("value") if kind == "scalar" and isinstance(entry.get("value"), bool) else None
    values: tuple[str, ...] | None = None
    items: dict[str, tuple[str, ...]] = {"items_present": (), "items_absent": ()}
    if state == "present":
        values = _collect(problems, _values, path, kind, entry.get("value"))
        for key in items:
            items[key] = _collect(problems, _items, path, key, entry) or ()
        problems += _contradictions(path, kind, entry, items)
    if problems:
        raise SpecError(problems)
    is_secret = is_secret_name(name) if secret is None else bool(secret)
    return Option(section, name, state, kind, values, boolean, items["items_present"], items["items_absent"], is_secret)


def _collect(problems: list[Problem], check: Any, *arguments: Any) -> tuple[str, ...] | None:
    try:
        result: tuple[str, ...] | None = check(*arguments)
        return result
    except SpecError as error:
        problems.extend(error.problems)
        return None


def _name_problems(path: str, section: str, option: str) -> list[Problem]:
    problems = []
    if not _reads_back(f"[{section}]") or section != section.strip() or set(section) & set("[]"):
        problems.append(Problem(path + ".section", f"{section!r} is not a section name; give it without brackets"))
    elif section != "DEFAULT" and section.upper() == "DEFAULT":
        problems.append(Problem(path + ".section", f"{section!r} is not read as DEFAULT; write it in capitals"))
    if not _reads_back(f"[s]\n{option} = x", option):
        problems.append(Problem(path + ".option", f"{option!r} is not an option name that oslo.config can read"))
    return problems


def _reads_back(text: str, option: str = "") -> bool:
    try:
        document = parse(text)
    except SpecError:
        return False
    names = [assignment.option for assignment in document.assignments]
    return len(document.headers) == 1 and names == ([option] if option else [])


def _values(path: str, kind: str, value: Any) -> tuple[str, ...] | None:
    path += ".value"
    if value is None:
        return None
    if not isinstance(value, (list, tuple)):
        text = _text(path, value)
        return tuple(as_list(text)) if kind == "list" else (text,)
    if kind == "scalar":
        raise SpecError.one(
            path, "a list needs 'kind: list' (one line, separated by commas) or 'kind: multi' (a line each)"
        )
    texts = tuple(_text("%s[%d]" % (path, index), item) for index, item in enumerate(value))
    return _checked_items(path, texts) if kind == "list" else texts


def _items(path: str, key: str, entry: dict[str, Any]) -> tuple[str, ...]:
    return _checked_items(f"{path}.{key}", tuple(dict.fromkeys(entry.get(key) or ())))


def _checked_items(path: str, items: tuple[str, ...]) -> tuple[str, ...]:
    for index, item in enumerate(items):
        where = "%s[%d]" % (path, index)
        if not item or item != item.strip() or "," in item or "\n" in item:
            message = "an item of a comma separated list has no comma, no line break and no spaces around it"
            raise SpecError.one(where, message + ", and is not empty")
        _text(where, item)
    return items


def _text(path: str, value: Any) -> str:
    if isinstance(value, (dict, list, tuple)):
        raise SpecError.one(path, "must be a string, a number or a boolean")
    text = str(value)
    try:
        oslo_edit.value_lines(text)
        text.encode()
    except ValueError as error:
        raise SpecError.one(path, str(error)) from None
    return text


def _contradictions(path: str, kind: str, entry: dict[str, Any], items: dict[str, tuple[str, ...]]) -> list[Problem]:
    problems = []
    for key in items:
        if entry.get(key) is not None and kind != "list":
            problems.append(Problem(f"{path}.{key}", "needs 'kind: list'"))
        elif entry.get(key) is not None and entry.get("value") is not None:
            problems.append(Problem(f"{path}.{key}", "give either value (the whole list) or single items"))
    both = [item for item in items["items_present"] if item in items["items_absent"]]
    if both:
        problems.append(Problem(path, "in items_present and in items_absent: %s" % ", ".join(both)))
    return problems
