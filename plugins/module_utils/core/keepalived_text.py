# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The syntax of keepalived.conf(5), without any meaning: statements of words, and blocks of statements.

A statement ends with its line; ``{`` opens a block and ``}`` closes it; ``#`` and ``!`` start a comment unless they
are quoted. Parameters (``$NAME``), conditions (``@id``) and ``include`` are left as the words they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import SpecError

REDACTED = "********"

_SINGLE_QUOTED = re.compile(r"'([^'\n]*)'(?=\s|\Z)")
_PARAMETER = re.compile(r"\$\{[^}\n]*\}")
_PLAIN = re.compile(r"[A-Za-z0-9_./:%+,=@-]+\Z")
#: What keepalived.conf cannot hold in a word, however it is quoted.
UNWRITABLE = re.compile(r"[\"'\\\x00-\x1f\x7f]|\$\{")
#: The rest of a line that names a password, and every parameter definition, for a password may be a parameter.
_SECRET = re.compile(r"(\bauth_pass\b(?:\s|\\\n)*|^[ \t]*\$\w+=(?=.))(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)


@dataclass(frozen=True)
class Statement:
    """One line of words; block is None for a line without ``{``."""

    words: tuple[str, ...]
    block: tuple[Statement, ...] | None = None

    @property
    def keyword(self) -> str:
        return self.words[0] if self.words else ""

    def find(self, keyword: str) -> Iterator[Statement]:
        """The statements in this block that start with the keyword."""
        return find(self.block or (), keyword)


def find(statements: Iterable[Statement], keyword: str) -> Iterator[Statement]:
    return (statement for statement in statements if statement.keyword == keyword)


def write(statements: Iterable[Statement], indent: int = 0) -> str:
    """The text of the statements; parse() reads the same statements back."""
    pad = "    " * indent
    lines = []
    for statement in statements:
        head = pad + " ".join(quote(word) for word in statement.words)
        if statement.block is None:
            lines.append(head + "\n")
        else:
            lines.append("%s {\n%s%s}\n" % (head, write(statement.block, indent + 1), pad))
    return "".join(lines)


def quote(word: str) -> str:
    """The word as keepalived reads it back: in double quotes unless it is plain.

    keepalived 2.2.7 undoes backslash escapes and single quotes in commands but not in passwords and names, so a word
    with a quote, a backslash, a parameter or a line end has no sure spelling: SpecError.
    """
    if _PLAIN.match(word):
        return word
    if UNWRITABLE.search(word):
        raise SpecError.one("", "a word with a quote, a backslash, ${ or a line end cannot be written")
    return '"%s"' % word


def redact(text: str, remark: str = "") -> str:
    """The text with every password replaced, also in comments and in files that do not parse.

    remark is put behind each.
    """
    return _SECRET.sub(lambda match: match.group(1) + REDACTED + remark, text)


def secrets(text: str) -> list[str]:
    """What redact() replaces, to compare and to mask, never to show."""
    return [match.group()[len(match.group(1)) :] for match in _SECRET.finditer(text)]


def parse(text: str) -> tuple[Statement, ...]:
    """The statements of a configuration file.

    Raises SpecError, naming the line, when braces or quotes do not pair.
    """
    stack: list[tuple[tuple[str, ...], list[Statement]]] = [((), [])]
    words: list[str] = []

    def end_statement() -> None:
        if words:
            stack[-1][1].append(Statement(tuple(words)))
            words.clear()

    for token, line in _tokens(text):
        if token is _NEWLINE:
            end_statement()
        elif token is _OPEN:
            if not words and stack[-1][1] and stack[-1][1][-1].block is None:
                words.extend(stack[-1][1].pop().words)
            stack.append((tuple(words), []))
            words.clear()
        elif token is _CLOSE:
            end_statement()
            if len(stack) == 1:
                raise SpecError.one("", "line %d: } closes no block" % line)
            head, block = stack.pop()
            stack[-1][1].append(Statement(head, tuple(block)))
        else:
            words.append(token)
    if len(stack) > 1:
        raise SpecError.one("", "the block %r is not closed" % " ".join(stack[-1][0]))
    return tuple(stack[0][1])


class _Mark(str):
    """A token that is not a word; told apart by identity, for a quoted "{" is a word."""


_NEWLINE, _OPEN, _CLOSE = _Mark("newline"), _Mark("{"), _Mark("}")


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    position, line, end = 0, 1, len(text)
    while position < end:
        char = text[position]
        if char in "#!":
            newline = text.find("\n", position)
            position = end if newline < 0 else newline
        elif char == "\n":
            yield _NEWLINE, line
            line, position = line + 1, position + 1
        elif text.startswith("\\\n", position):
            line, position = line + 1, position + 2
        elif char in " \t\r\f\v":
            position += 1
        elif char == "{":
            yield _OPEN, line
            position += 1
        elif char == "}":
            yield _CLOSE, line
            position += 1
        else:
            word, position = _word(text, position, line)
            yield word, line
    yield _NEWLINE, line


def _word(text: str, position: int, line: int) -> tuple[str, int]:
    """The word that starts at position, and where it ends. Double quotes may stand anywhere in it."""
    single = _SINGLE_QUOTED.match(text, position)
    if single:
        return single.group(1), single.end()
    word, quoted = [], False
    while position < len(text) and (quoted or text[position] not in " \t\r\f\v\n#!{}"):
        if text[position] == "\n":
            break
        parameter = _PARAMETER.match(text, position)
        if parameter:
            word.append(parameter.group())
            position = parameter.end()
        elif text.startswith("\\\n", position) and not quoted:
            break
        else:
            if text[position] == '"':
                quoted = not quoted
            else:
                word.append(text[position])
            position += 1
    if quoted:
        raise SpecError.one("", "line %d: a quoted string does not end on its line" % line)
    return "".join(word), position
