# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text files of an operator: read with clear errors, replaced in one move, a copy kept.

A symbolic link is followed and stays. Whoever kills a write at any moment leaves the old file or the new one, and
perhaps a temporary file beside it (0600), which the next write to the same file removes.
"""

from __future__ import annotations

import fcntl
import grp
import os
import pwd
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError

_TEMPORARY = ".linuxbridge_vrrp.tmp"


class MissingFile(EdgeError):
    """There is no such file; its directory may be missing too."""


@dataclass(frozen=True)
class Attributes:
    """Who may do what with a file: permission bits, user id, group id."""

    mode: int
    owner: int
    group: int


class NotText(EdgeError):
    """A file that is there and is no text."""


def read_text(path: str) -> str:
    """The file's text with its line ends as they are. Raises MissingFile, or EdgeError for whatever is not text."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            kind = "a directory" if os.path.isdir(path) else "not a regular file"
            raise EdgeError(f"{path} is {kind}; give the path of a file")
        with open(path, "rb") as file:
            data = file.read()
    except FileNotFoundError:
        raise MissingFile(f"{path} does not exist") from None
    except OSError as error:
        raise EdgeError(f"{path} cannot be read: {error.strerror}") from None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise NotText("%s is not a text file: line %d is not UTF-8" % (path, line)) from None
    if "\0" in text:
        raise NotText("%s is not a text file: line %d has a NUL" % (path, text.count("\n", 0, text.index("\0")) + 1))
    return text


def read_attributes(path: str) -> Attributes:
    """Mode, owner and group of an existing file."""
    with reported(path, "looked at"):
        return _attributes(os.stat(path))


def wanted_attributes(have: Attributes, mode: int | None, owner: str | None, group: str | None) -> Attributes:
    """have with what is given in its place; owner and group are names or numbers. Raises EdgeError when unknown."""
    return Attributes(
        have.mode if mode is None else mode,
        have.owner if owner is None else _number(owner, "user", lambda name: pwd.getpwnam(name).pw_uid),
        have.group if group is None else _number(group, "group", lambda name: grp.getgrnam(name).gr_gid),
    )


def set_attributes(path: str, attributes: Attributes) -> None:
    """Set what differs."""
    with reported(path, "given owner, group and mode"):
        if _attributes(os.stat(path)) != attributes:
            os.chown(path, attributes.owner, attributes.group)
            os.chmod(path, attributes.mode)


def write_atomically(
    path: str,
    text: str,
    mode: int | None = None,
    owner: str | None = None,
    group: str | None = None,
    backup: bool = False,
) -> str | None:
    """Put text in the place of the file; returns the path of the backup, or None when none was made.

    Mode, owner and group are the old file's unless given; extended attributes (ACLs too) are kept. A new file is 0640
    unless mode is given. A backup stands beside the file with the file's mode and owner, named after the time.
    """
    target = os.path.realpath(path)
    with reported(path, "written"):
        remove_left_overs(path)
        old = os.stat(target) if os.path.exists(target) else None
        have = _attributes(old) if old else Attributes(0o640, os.geteuid(), os.getegid())
        attributes = wanted_attributes(have, mode, owner, group)
        kept = _back_up(target, have) if old and backup else None
        with _temporary(target) as (file, name):
            _dress(file.fileno(), name, attributes, target if old else None)
            file.write(text.encode("utf-8"))
            _put(file, name, target)
        _sync_directory(target)
    return kept


def left_overs(path: str) -> list[str]:
    """Temporary files that an interrupted write to path has left; those of a write under way are not among them."""
    found = []
    for name in _temporaries(path):
        with _locked(name) as left:
            found += [name] if left else []
    return found


def remove_left_overs(path: str) -> None:
    """Remove what left_overs() names."""
    for name in _temporaries(path):
        with _locked(name) as left:
            if left:
                os.unlink(name)


def _temporaries(path: str) -> list[str]:
    directory, base = os.path.split(os.path.realpath(path))
    try:
        names = os.listdir(directory)
    except OSError:
        return []
    start, shortest = f".{base}.", len(f".{base}.{_TEMPORARY}")
    found = [name for name in names if name.startswith(start) and name.endswith(_TEMPORARY) and len(name) >= shortest]
    return sorted(os.path.join(directory, name) for name in found)


@contextmanager
def _locked(name: str) -> Iterator[bool]:
    """Whether nobody is writing this temporary file; while inside, nobody begins to."""
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        yield False
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            free = _still_there(descriptor, name)
        except BlockingIOError:
            free = False
        yield free
    finally:
        os.close(descriptor)


@contextmanager
def _temporary(target: str) -> Iterator[tuple[Any, str]]:
    """A locked new file in the target's directory; gone at the end unless it was renamed."""
    directory, base = os.path.split(target)
    while True:
        name = os.path.join(directory, f".{base}.{secrets.token_hex(4)}{_TEMPORARY}")
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if _still_there(descriptor, name):
            break
        # Another run took it for a left-over between the last two calls.
        os.close(descriptor)
    try:
        with open(descriptor, "wb") as file:
            yield file, name
    finally:
        if os.path.exists(name):
            os.unlink(name)


def _still_there(descriptor: int, name: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(name))
    except FileNotFoundError:
        return False


def _dress(descriptor: int, name: str, attributes: Attributes, like: str | None) -> None:
    """Give a file its final attributes; done while it is empty, so that nobody reads what they should not."""
    os.fchown(descriptor, attributes.owner, attributes.group)
    if like:
        shutil.copystat(like, name)
    os.fchmod(descriptor, attributes.mode)


def _back_up(target: str, attributes: Attributes) -> str:
    kept = "%s.%d.%s~" % (target, os.getpid(), datetime.now().strftime("%Y-%m-%d@%H:%M:%S.%f"))
    with _temporary(target) as (file, name), open(target, "rb") as old:
        _dress(file.fileno(), name, attributes, target)
        shutil.copyfileobj(old, file)
        _put(file, name, kept)
    return kept


def _put(file: Any, name: str, target: str) -> None:
    file.flush()
    os.fsync(file.fileno())
    os.replace(name, target)


def _sync_directory(target: str) -> None:
    descriptor = os.open(os.path.dirname(target), os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _attributes(status: os.stat_result) -> Attributes:
    return Attributes(stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid)


def _number(name: str, what: str, look_up: Any) -> int:
    if name.isdigit():
        return int(name)
    try:
        return int(look_up(name))
    except KeyError:
        raise EdgeError(f"there is no {what} {name} on this host") from None


@contextmanager
def reported(path: str, done: str) -> Iterator[None]:
    """What the system refuses is an error that names the path and what was to be done."""
    try:
        yield
    except OSError as error:
        raise EdgeError(f"{path} cannot be {done}: {error.strerror or error}") from None
