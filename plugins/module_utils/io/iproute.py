# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel has, as ``ip -json`` tells it: one process of ``ip`` for each namespace that is read."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Sequence
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError

NAMESPACES = "/run/netns"
#: Devices with their addresses, and what they are made of.
DEVICES = "address show"
LINKS = "link show"
#: Routes of all tables and of both families.
ROUTES = "route show table all"

_TIMEOUT = 120
_DECODER = json.JSONDecoder()
# For each namespace what it printed, then a NUL; a namespace that is gone prints nothing.
_EACH = """
commands=$1
shift
for name do
    printf '%s' "$commands" | ip -n "$name" -details -json -batch -
    printf '\\0'
done
"""


def namespaces(directory: str = NAMESPACES) -> dict[str, int]:
    """Network namespaces by name, with the inode number that tells whose a process is. A file that was left behind
    by a namespace that is gone is not one."""
    device = os.stat("/proc/self/ns/net").st_dev
    found = {}
    try:
        names = sorted(os.listdir(directory))
    except FileNotFoundError:
        return {}
    for name in names:
        try:
            status = os.stat(os.path.join(directory, name))
        except FileNotFoundError:
            continue
        if status.st_dev == device:
            found[name] = status.st_ino
    return found


def of_process(pid: int) -> str:
    """What show_in() takes for the network namespace of a process, which needs no name: a way out of NAMESPACES."""
    return "../../../../proc/%d/ns/net" % pid


def show(commands: Sequence[str]) -> list[list[dict[str, Any]]]:
    """The answers to some of DEVICES, LINKS, ROUTES or other commands of ``ip`` in this process's own namespace."""
    text = _run(["ip", "-details", "-json", "-batch", "-"], "\n".join(commands) + "\n")
    return _answers(text, len(commands))


def show_in(names: Iterable[str], commands: Sequence[str]) -> dict[str, list[list[dict[str, Any]]]]:
    """The same in each of these namespaces. One that is gone when it is its turn is left out."""
    asked = list(names)
    if not asked:
        return {}
    text = _run(["sh", "-c", _EACH, "sh", "\n".join(commands) + "\n", *asked], "")
    parts = text.split("\0")
    return {name: _answers(part, len(commands)) for name, part in zip(asked, parts) if part.strip()}


def _run(command: Sequence[str], given: str) -> str:
    try:
        # run_command has no time limit, and cannot pass descriptors on or leave a process behind.
        done = subprocess.run(  # pylint: disable=ansible-bad-function
            command,
            input=given,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            env=dict(os.environ, LC_ALL="C", PATH=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"),
            timeout=_TIMEOUT,
            check=False,
        )
    except FileNotFoundError:
        raise EdgeError("ip is not there: install iproute2 4.13 or newer") from None
    except subprocess.TimeoutExpired:
        raise EdgeError("ip did not answer within %d s" % _TIMEOUT) from None
    if done.returncode != 0:
        raise EdgeError("ip: %s" % (done.stderr.strip() or "exit status %d" % done.returncode))
    return done.stdout


def _answers(text: str, count: int) -> list[list[dict[str, Any]]]:
    """Several JSON documents behind one another."""
    found: list[list[dict[str, Any]]] = []
    at = 0
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if at == len(text):
            break
        try:
            document, at = _DECODER.raw_decode(text, at)
        except ValueError as error:
            raise EdgeError("ip answered with something else than JSON: %s" % error) from None
        found.append(document)
    if len(found) != count:
        raise EdgeError("ip gave %d answers to %d questions" % (len(found), count))
    return found
