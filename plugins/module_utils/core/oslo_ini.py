# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read an oslo.config file by the rules of oslo.config's own parser (oslo_config/iniparser.py, cfg.ConfigParser).

A section may stand several times and its name is read without regard to case, except DEFAULT; an option may be
given several times and the last one counts; a line that starts with a space or a tab continues the value above;
there are no comments at the end of a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import SpecError

_LINE = re.compile(r"([^\r\n]*)(\r\n|\r|\n)|([^\r\n]+)\Z")
_TRUE = ("true", "1", "on", "yes")
_FALSE = ("false", "0", "off", "no")


@dataclass(frozen=True)
class Line:
    """One line as it stands in the file; end is "", "\\n", "\\r\\n" or "\\r"."""

    text: str
    end: str


@dataclass(frozen=True)
class Header:
    """A ``[section]`` line: its name as written, and its line's index."""

    section: str
    line: int


@dataclass(frozen=True)
class Assignment:
    """An option as given once: lines first (inclusive) to last (exclusive), value as oslo.config reads it.

    column is where the text after the separator begins in the first line.
    """

    section: str
    option: str
    value: str
    first: int
    last: int
    column: int

    def moved(self, lines: int) -> Assignment:
        return replace(self, first=self.first + lines, last=self.last + lines) if lines else self


@dataclass(frozen=True)
class Document:
    """A file that oslo.config can read."""

    lines: tuple[Line, ...]
    headers: tuple[Header, ...]
    assignments: tuple[Assignment, ...]

    @property
    def text(self) -> str:
        return "".join(line.text + line.end for line in self.lines)

    @property
    def sections(self) -> tuple[str, ...]:
        """Each section once, in order, by the name that oslo.config looks it up with."""
        return tuple(dict.fromkeys(normal_section(header.section) for header in self.headers))

    def occurrences(self, section: str, option: str) -> list[Assignment]:
        wanted = normal_section(section)
        return [a for a in self.assignments if a.option == option and normal_section(a.section) == wanted]

    def get(self, section: str, option: str) -> str | None:
        """What a service reads: the last value, or None when the option is not in the file."""
        found = self.occurrences(section, option)
        return found[-1].value if found else None

    def get_all(self, section: str, option: str) -> list[str]:
        """Every value in order, which is what a repeated option (MultiStrOpt) reads."""
        return [assignment.value for assignment in self.occurrences(section, option)]


def effective(documents: Iterable[Document], section: str, option: str) -> str | None:
    """The value with several files (``--config-file a --config-file b``): a later file wins."""
    value = None
    for document in documents:
        found = document.get(section, option)
        value = value if found is None else found
    return value


def normal_section(name: str) -> str:
    """The name that oslo.config looks a section up with: only DEFAULT keeps its case."""
    return name if name == "DEFAULT" else name.lower()


def as_bool(value: str) -> bool | None:
    """What a BoolOpt makes of a value, or None when it refuses it."""
    return True if value.lower() in _TRUE else False if value.lower() in _FALSE else None


def as_list(value: str) -> list[str]:
    """What a ListOpt of strings makes of a value."""
    stripped = value.strip().rstrip(",")
    return [item.strip() for item in stripped.split(",")] if stripped else []


def parse(text: str, path: str = "") -> Document:
    """Read a file's text; path is for the error. Raises SpecError with ``path:line`` where oslo.config refuses it."""
    return spliced(Document((), (), ()), 0, 0, _split(text), path)


def spliced(document: Document, first: int, last: int, lines: Sequence[Line], path: str = "") -> Document:
    """The document with lines in the place of those from first to last, which may not cut an assignment in two.

    Only the new lines are read again: thirty options in a file of thousands of lines are read once, not thirty times.
    """
    above = [header for header in document.headers if header.line < first]
    reader = _Reader(path, first, above[-1].section if above else None)
    for line in lines:
        reader.read(line.text.rstrip())
    shift = len(lines) - (last - first)
    below = [Header(h.section, h.line + shift) for h in document.headers if h.line >= last]
    before = [a for a in document.assignments if a.last <= first]
    after = [a.moved(shift) for a in document.assignments if a.first >= last]
    return Document(
        (*document.lines[:first], *lines, *document.lines[last:]),
        (*above, *reader.headers, *below),
        (*before, *reader.finished(), *after),
    )


def _split(text: str) -> list[Line]:
    # The line ends of Python's text mode, which oslo.config reads with; str.splitlines() knows many more.
    return [Line(m[1], m[2]) if m[3] is None else Line(m[3], "") for m in _LINE.finditer(text)]


class _Reader:
    """One pass over the lines; an option is finished by whatever is not a continuation of it."""

    def __init__(self, path: str, at: int, section: str | None) -> None:
        self.path = path
        self.at = at
        self.section = section
        self.headers: list[Header] = []
        self.assignments: list[Assignment] = []
        self.open: Assignment | None = None

    def read(self, text: str) -> None:
        self.at += 1
        if text.startswith((" ", "\t")):
            self._continue(text)
            return
        self._finish()
        if text.startswith("["):
            self._begin(text)
        elif text and not text.startswith(("#", ";")):
            self.open = self._assignment(text)

    def finished(self) -> list[Assignment]:
        self._finish()
        return self.assignments

    def _finish(self) -> None:
        if self.open:
            self.assignments.append(self.open)
        self.open = None

    def _continue(self, text: str) -> None:
        if not self.open:
            raise self._error("a line that starts with a space continues nothing; remove the space")
        self.open = replace(self.open, value=self.open.value + "\n" + text.lstrip(), last=self.at)

    def _begin(self, text: str) -> None:
        if not text.endswith("]"):
            raise self._error("a section must end with ] and have nothing behind it")
        if len(text) <= 2:
            raise self._error("a section needs a name")
        self.section = text[1:-1]
        self.headers.append(Header(self.section, self.at - 1))

    def _assignment(self, text: str) -> Assignment:
        separators = [at for at in (text.find("="), text.find(":")) if at >= 0]
        if not separators:
            raise self._error("neither a section, an option, a comment nor an empty line; an option needs = or :")
        column = min(separators) + 1
        option = text[: column - 1].strip()
        if not option:
            raise self._error(f"an option needs a name before the {text[column - 1]}")
        if self.section is None:
            raise self._error(f"the option {option} stands before any section; put [DEFAULT] above it")
        return Assignment(self.section, option, unquoted(text[column:].strip()), self.at - 1, self.at, column)

    def _error(self, message: str) -> SpecError:
        # The line itself is not shown, for it may hold a password.
        return SpecError.one("%s:%d" % (self.path, self.at), message)


def unquoted(value: str) -> str:
    """One pair of quotes around a value is not part of it."""
    return value[1:-1] if value[:1] in ("'", '"') and value[:1] == value[-1:] else value
