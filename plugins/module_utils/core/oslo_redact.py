# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show an oslo.config file without its secrets, those included that are only read from it or stand in a comment."""

from __future__ import annotations

import re
from collections.abc import Iterable
from re import Pattern
from typing import Any, Callable

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.oslo_ini import Document, normal_section

MASK = "********"
IsSecret = Callable[[str, str], bool]

_NAME = (
    r"[\w.-]*(?:password|passwd|passphrase|secret|credential)[\w.-]*"
    r"|[\w.-]*(?:keys?|pass|token|connection|transport_url)"
)
_SECRET_NAME = re.compile(rf"(?:{_NAME})\Z", re.IGNORECASE)
_NAMED_IN_COMMENT = re.compile(rf"""((?<![\w.-])(?:{_NAME})["']?\s*[=:]\s*)\S.*""", re.IGNORECASE)
_NAMED_IN_VALUE = re.compile(rf"""((?<![\w.-])(?:{_NAME})["']?\s*[=:]\s*)[^\s&,;]+""", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"(\w[\w+.-]*://[^\s:@/]*:)(\S+)@")
# Shorter ones are words like "admin" that stand everywhere and give nothing away.
_SHORTEST_SOUGHT = 6
_NEVER_SECRET = ("section", "option", "state", "kind", "secret")
_MAYBE_SECRET = ("value", "items_present", "items_absent")


def is_secret_name(option: str) -> bool:
    """Whether an option of this name holds a secret, as far as its name says."""
    return bool(_SECRET_NAME.match(option))


def shown(value: str, secret: bool) -> str:
    """A value as the user may see it."""
    return (MASK if value else "") if secret else _without_secrets(value, _NAMED_IN_VALUE)


def shown_texts(before: Document, after: Document, is_secret: IsSecret) -> tuple[str, str]:
    """Both texts without secrets; where the mask hides that a value changed, the second one says "(new value)"."""
    known = _pattern(_secrets(before, is_secret) | _secrets(after, is_secret))
    old, new = _masked(before, is_secret, known), _masked(after, is_secret, known)
    for assignment in after.assignments:
        first = assignment.first
        masked = new[first : assignment.last] != [line.text for line in after.lines[first : assignment.last]]
        if masked and assignment.value not in before.get_all(assignment.section, assignment.option):
            new[first] += " (new value)"
    return _joined(before, old), _joined(after, new)


def without_file_values(params: dict[str, Any]) -> dict[str, Any]:
    """A module's parameters with every value that may be a secret masked, in its options and in those of its files."""
    shown = dict(params, options=without_values(params["options"])) if params.get("options") else dict(params)
    if shown.get("files"):
        files = shown["files"] if isinstance(shown["files"], list) else []
        shown["files"] = [without_file_values(file) if isinstance(file, dict) else MASK for file in files] or MASK
    return shown


def without_values(options: Any) -> Any:
    """Options as a module got them, valid or not, with every value that may be a secret masked."""
    if not isinstance(options, list):
        return MASK
    return [_without_value(entry) if isinstance(entry, dict) else MASK for entry in options]


def _without_value(entry: dict[Any, Any]) -> dict[Any, Any]:
    secret = entry.get("secret")
    hidden = is_secret_name(str(entry.get("option"))) if secret is None else bool(secret)
    seen = {key: value for key, value in entry.items() if key in _NEVER_SECRET}
    masked = {key: _shown_leaves(value, hidden) for key, value in entry.items() if key in _MAYBE_SECRET}
    # A misspelt key may hold anything.
    return {**dict.fromkeys(entry, MASK), **seen, **masked}


def _shown_leaves(value: Any, secret: bool) -> Any:
    if isinstance(value, (list, tuple)):
        return [_shown_leaves(item, secret) for item in value]
    if isinstance(value, str):
        return shown(value, secret)
    return MASK if secret and value is not None else value


def _secrets(document: Document, is_secret: IsSecret) -> set[str]:
    found = {match[2] for line in document.lines if "://" in line.text for match in _URL_PASSWORD.finditer(line.text)}
    for assignment in document.assignments:
        if is_secret(normal_section(assignment.section), assignment.option):
            found.update(assignment.value.split("\n"))
    return {secret for secret in found if len(secret) >= _SHORTEST_SOUGHT}


def _pattern(secrets: Iterable[str]) -> Pattern[str]:
    longest_first = sorted(secrets, key=lambda secret: (-len(secret), secret))
    return re.compile(r"(?<!\w)(?:%s)(?!\w)" % ("|".join(map(re.escape, longest_first)) or r"(?!)"))


def _masked(document: Document, is_secret: IsSecret, known: Pattern[str]) -> list[str]:
    lines = [known.sub(MASK, _without_secrets(line.text, _NAMED_IN_COMMENT)) for line in document.lines]
    for assignment in document.assignments:
        secret = is_secret(normal_section(assignment.section), assignment.option)
        for at in range(assignment.first, assignment.last):
            # The option's own name is no reason to mask its value: whether it is secret has been decided.
            column = assignment.column if at == assignment.first else 0
            text = document.lines[at].text
            lines[at] = text[:column] + _masked_value(text[column:], secret, known)
    return lines


def _masked_value(text: str, secret: bool, known: Pattern[str]) -> str:
    if secret:
        return text[: len(text) - len(text.lstrip())] + (MASK if text.strip() else "")
    return known.sub(MASK, _without_secrets(text, _NAMED_IN_VALUE))


def _without_secrets(text: str, named: Pattern[str]) -> str:
    if "://" in text:
        text = _URL_PASSWORD.sub(r"\1" + MASK + "@", text)
    return named.sub(r"\1" + MASK, text) if "=" in text or ":" in text else text


def _joined(document: Document, texts: list[str]) -> str:
    return "".join(text + line.end for text, line in zip(texts, document.lines))
