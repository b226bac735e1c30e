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
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Optional

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
    reader = _Reader(path)
    for line in _split(text):
        reader.read(line)
    return Document(tuple(reader.lines), tuple(reader.headers), tuple(reader.finished()))


def _split(text: str) -> list[Line]:
    # The line ends of Python's text mode, which oslo.config reads with; str.splitlines() knows many more.
    return [Line(m[1], m[2]) if m[3] is None else Line(m[3], "") for m in _LINE.finditer(text)]


class _Reader:
    """One pass over the lines; an option is finished by whatever is not a continuation of it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.lines: list[Line] = []
        self.headers: list[Header] = []
        self.assignments: list[Assignment] = []
        self.open: Assignment | None = None

    def read(self, line: Line) -> None:
        self.lines.append(line)
        text = line.text.rstrip()
        if text.startswith((" ", "\t")):
            self._continue(text)
            return
        self._finish()
        if text.startswith("["):
            self.headers.append(Header(self._section(text), len(self.lines) - 1))
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
        value = self.open.value + "\n" + text.lstrip()
        old = self.open
        self.open = Assignment(old.section, old.option, value, old.first, len(self.lines), old.column)

    def _section(self, text: str) -> str:
        if not text.endswith("]"):
            raise self._error("a section must end with ] and have nothing behind it")
        if len(text) <= 2:
            raise self._error("a section needs a name")
        return text[1:-1]

    def _assignment(self, text: str) -> Assignment:
        separators = [at for at in (text.find("="), text.find(":")) if at >= 0]
        if not separators:
            raise self._error("neither a section, an option, a comment nor an empty line; an option needs = or :")
        column = min(separators) + 1
        option = text[: column - 1].strip()
        if not option:
            raise self._error(f"an option needs a name before the {text[column - 1]}")
        if not self.headers:
            raise self._error(f"the option {option} stands before any section; put [DEFAULT] above it")
        line = len(self.lines)
        return Assignment(self.headers[-1].section, option, unquoted(text[column:].strip()), line - 1, line, column)

    def _error(self, message: str) -> SpecError:
        # The line itself is not shown, for it may hold a password.
        return SpecError.one("%s:%d" % (self.path, len(self.lines)), message)


def unquoted(value: str) -> str:
    """One pair of quotes around a value is not part of it."""
    return value[1:-1] if value[:1] in ("'", '"') and value[:1] == value[-1:] else value
