# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Change options of an oslo.config file in place: a Document in, a Document out, no other line touched."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import replace

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.oslo_ini import (
    Assignment,
    Document,
    Line,
    as_list,
    normal_section,
    parse,
    spliced,
    unquoted,
)

_CONTINUATION = "    "


def value_lines(value: str) -> list[str]:
    """The lines a value is written as: the first stands behind the separator, the others continue it.

    Raises ValueError when there is no way to write it so that oslo.config reads the same.
    """
    first, *others = value.split("\n")
    if first != first.strip() or unquoted(first) != first:
        first = f'"{first}"'
    lines = [first] + [_CONTINUATION + line for line in others]
    try:
        read = [assignment.value for assignment in parse("[s]\no = " + "\n".join(lines)).assignments]
    except SpecError:
        read = []
    if read != [value] or "\x00" in value:
        raise ValueError(
            "oslo.config could not read this value back: a value of several lines may have no empty line "
            "and no spaces at the ends of its lines, and none may have a carriage return or a NUL"
        )
    return lines


def set_value(document: Document, section: str, option: str, value: str) -> Document:
    """Make value the one that a service reads: the last occurrence is changed, or one is added."""
    found = document.occurrences(section, option)
    if not found:
        return _add(document, section, option, [value])
    if found[-1].value == value:
        return document
    return _replace(document, found[-1], value_lines(value))


def set_values(document: Document, section: str, option: str, values: Sequence[str]) -> Document:
    """Make a repeated option read values, in this order; occurrences that stay keep their lines."""
    found = document.occurrences(section, option)
    if not found:
        return _add(document, section, option, values) if values else document
    matcher = difflib.SequenceMatcher(None, [a.value for a in found], list(values), autojunk=False)
    # From the end, so that the line numbers of what is still to be changed stay right.
    for tag, i1, i2, j1, j2 in reversed(matcher.get_opcodes()):
        if tag == "equal":
            continue
        both = min(i2 - i1, j2 - j1)
        at = found[i2 - 1].last if i2 else found[0].first
        document = _insert(document, at, _option_lines(option, values[j1 + both : j2]))
        for assignment in reversed(found[i1 + both : i2]):
            document = _splice(document, assignment.first, assignment.last, [])
        for assignment, value in reversed(list(zip(found[i1:i2], values[j1:j2]))):
            document = _replace(document, assignment, value_lines(value))
    return document


def set_items(document: Document, section: str, option: str, items: Sequence[str]) -> Document:
    """Make a comma separated option read items; one that reads them already keeps its spacing."""
    current = document.get(section, option)
    if current is not None and as_list(current) == list(items):
        return document
    return set_value(document, section, option, ",".join(items))


def change_items(
    document: Document, section: str, option: str, present: Sequence[str], absent: Sequence[str]
) -> Document:
    """Add and remove items of a comma separated option; the other items keep their order and spacing.

    An option that is not in the file gets the items in present; items in absent do not make one.
    """
    found = document.occurrences(section, option)
    if not found:
        return _add(document, section, option, [",".join(present)]) if present else document
    current = as_list(found[-1].value)
    kept = [item for item in current if item not in absent]
    wanted = kept + [item for item in present if item not in kept]
    if wanted == current:
        return document
    edited = _edited_in_place(document, found[-1], wanted, absent)
    if edited is not None:
        return edited
    return _replace(document, found[-1], value_lines(",".join(wanted)))


def remove(document: Document, section: str, option: str) -> Document:
    """Take an option out wherever the section has it; comments stay."""
    for assignment in reversed(document.occurrences(section, option)):
        document = _splice(document, assignment.first, assignment.last, [])
    return document


def _edited_in_place(
    document: Document, assignment: Assignment, wanted: Sequence[str], absent: Sequence[str]
) -> Document | None:
    """The list with its own spacing and line breaks, or None where that would read as something else."""
    texts = [line.text for line in document.lines[assignment.first : assignment.last]]
    raw = "\n".join([texts[0][assignment.column :], *texts[1:]]).strip()
    body = raw.rstrip(", \t\n")
    parts = [part for part in body.split(",") if part.strip() not in absent] if body else []
    gap = " " if ", " in body else ""
    old = [part.strip() for part in parts]
    edited = ",".join(parts + [gap + item for item in wanted if item not in old]).strip()
    tail = raw[len(body) :].rstrip() if edited else ""
    try:
        changed = _replace(document, assignment, (edited + tail).split("\n"))
    except SpecError:
        return None
    value = changed.get(assignment.section, assignment.option)
    return changed if value is not None and as_list(value) == list(wanted) else None


def _replace(document: Document, assignment: Assignment, lines: Sequence[str]) -> Document:
    text = document.lines[assignment.first].text
    prefix, rest = text[: assignment.column], text[assignment.column :]
    gap = rest[: len(rest) - len(rest.lstrip())]
    if not rest.strip():
        gap = "" if prefix[:-1] == prefix[:-1].rstrip() and prefix.endswith("=") else " "
    first = prefix + gap + lines[0] if lines[0] else prefix
    return _splice(document, assignment.first, assignment.last, [first, *lines[1:]])


def _add(document: Document, section: str, option: str, values: Sequence[str]) -> Document:
    lines = _option_lines(option, values)
    at = _place(document, section, option)
    if at is not None:
        return _insert(document, at, lines)
    blank = [""] if document.lines and document.lines[-1].text.strip() else []
    return _insert(document, len(document.lines), [*blank, f"[{section}]", *lines])


def _option_lines(option: str, values: Sequence[str]) -> list[str]:
    lines: list[str] = []
    for value in values:
        first, *others = value_lines(value)
        lines += [f"{option} = {first}" if first else f"{option} =", *others]
    return lines


def _place(document: Document, section: str, option: str) -> int | None:
    """The line before which a new option goes: behind its commented sample, else at the end of the section."""
    ranges = _ranges(document, section)
    sample = re.compile(rf"[#;]+[ \t]*{re.escape(option)}[ \t]*[=:]")
    for start, end in ranges:
        texts = enumerate((line.text for line in document.lines[start:end]), start)
        samples = [at for at, text in texts if option in text and sample.match(text)]
        if samples:
            return samples[-1] + 1
    return _end(document, *ranges[-1]) if ranges else None


def _ranges(document: Document, section: str) -> list[tuple[int, int]]:
    """Each stretch of the section: from the line below its header to the next header."""
    ends = [header.line for header in document.headers[1:]] + [len(document.lines)]
    wanted = normal_section(section)
    return [(h.line + 1, end) for h, end in zip(document.headers, ends) if normal_section(h.section) == wanted]


def _end(document: Document, start: int, end: int) -> int:
    """Where a section ends for a reader: before blank lines, and before a comment that heads the next section."""

    def blank(at: int) -> bool:
        return not document.lines[at].text.strip()

    heading = end
    while end < len(document.lines) and heading > start and document.lines[heading - 1].text.startswith(("#", ";")):
        heading -= 1
    if heading > start and blank(heading - 1):
        end = heading
    while end > start and blank(end - 1):
        end -= 1
    return end


def _insert(document: Document, at: int, texts: Sequence[str]) -> Document:
    return _splice(document, at, at, texts) if texts else document


def _splice(document: Document, first: int, last: int, texts: Sequence[str]) -> Document:
    """Put texts in the place of lines first to last, with the line ends that the file has."""
    lines = document.lines
    end = lines[0].end if lines and lines[0].end else "\n"
    new = [Line(text, end) for text in texts]
    if new and last > first:
        new[-1] = Line(texts[-1], lines[last - 1].end)
    if new and first == last == len(lines) and lines and not lines[-1].end:
        document = replace(document, lines=(*lines[:-1], Line(lines[-1].text, end)))
    return spliced(document, first, last, new)
