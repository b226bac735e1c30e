# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network namespaces: what is wanted of them, what is there, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import Problem
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.plan import Step

#: A path component, and far more than a name needs.
LONGEST_NAME = 64
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z")
_KEY = re.compile(r"net[./][A-Za-z0-9_./-]+\Z")
_VALUE = re.compile(r"[A-Za-z0-9._-]+(?:[ ,][A-Za-z0-9._-]+)*\Z")
#: The kernel takes these for octal and hexadecimal numbers, and shows decimal ones.
_NOT_DECIMAL = re.compile(r"(?:.*[ ,])?-?0[0-9xX]")
_SWAPPED = str.maketrans("./", "/.")
#: The kernel carries a setting of ``all`` or ``default`` over to devices; any other name is one device.
_BREADTH = {"all": 0, "default": 1}
_DEVICE = 2


@dataclass(frozen=True)
class Namespace:
    """A network namespace by its exact name. sysctls: pairs of key and value in the order in which they are set, as
    parse_sysctls() gives them; others are untouched.

    persistent: a systemd unit makes it again at boot.
    """

    name: str
    sysctls: tuple[tuple[str, str], ...] = ()
    persistent: bool = True

    @property
    def unit(self) -> str:
        return unit_name(self.name)


@dataclass(frozen=True)
class Found:
    """What there is of a namespace.

    broken: its file is there and no namespace is behind it, as a killed ``ip netns add`` leaves it.
    sysctls: value by key, None for one that the kernel does not have. processes: pid and command of those in it.
    """

    exists: bool = False
    broken: bool = False
    loopback_up: bool = False
    sysctls: Mapping[str, str | None] | None = None
    processes: tuple[tuple[int, str], ...] = ()
    unit: str | None = None
    enabled: bool = False


NOTHING = Found()


def unit_name(name: str) -> str:
    return "linuxbridge-vrrp-netns-%s.service" % name


def sysctl_path(key: str) -> str:
    """The file of a sysctl, by sysctl(8)'s rule: the separator is whichever of ``.`` and ``/`` comes first."""
    return "/proc/sys/" + (key.translate(_SWAPPED) if key.partition("/")[0].count(".") else key)


def _place(key: str) -> tuple[str, str, str]:
    """Table, device and name of a sysctl of a device. ip_forward is another name of one of them."""
    table, device, name = sysctl_path(key).rsplit("/", 2)
    return ("/proc/sys/net/ipv4/conf", "all", "forwarding") if name == "ip_forward" else (table, device, name)


def _order(pair: tuple[str, str]) -> tuple[int, bool, str]:
    """What changes others comes before them; forwarding of all resets accept_redirects of all."""
    _table, device, name = _place(pair[0])
    return _BREADTH.get(device, _DEVICE), name != "forwarding", pair[0]


def _changes(one: str, other: str) -> bool:
    """Whether the kernel may change the other sysctl when the one is set, even to the value that it had."""
    (table, device, name), (other_table, other_device, other_name) = _place(one), _place(other)
    if table != other_table:
        return False
    if device == other_device == "all":
        return (name, other_name) == ("forwarding", "accept_redirects")
    return name == other_name and _BREADTH.get(device, _DEVICE) < _BREADTH.get(other_device, _DEVICE)


def parse_sysctls(given: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Pairs as the kernel shows them, in the order in which they are set: true is 1, white space is one space."""
    pairs = []
    for key, value in given.items():
        text = str(int(value)) if isinstance(value, bool) else str(value)
        pairs.append((str(key), " ".join(text.split())))
    return tuple(sorted(pairs, key=_order))


def problems(names: Sequence[str], sysctls: Iterable[tuple[str, str]]) -> list[Problem]:
    """What is wrong with the names and the sysctls of a call."""
    found = []
    if not names:
        found.append(Problem("name", "is empty: give at least one name"))
    for index, name in enumerate(names):
        if not _NAME.match(name) or len(name) > LONGEST_NAME:
            text = "%r is not a name: up to %d ASCII letters, digits, . _ and -, starting with a letter or digit"
            found.append(Problem("name[%d]" % index, text % (name, LONGEST_NAME)))
        if name in names[:index]:
            found.append(Problem("name[%d]" % index, "%r is given twice" % name))
    for key, value in sysctls:
        if not _KEY.match(key) or ".." in key or "//" in key:
            found.append(Problem("sysctls", "%r is not a sysctl of a network namespace: use net.…" % key))
        elif not _VALUE.match(value):
            found.append(Problem("sysctls.%s" % key, "%r is not a value of a sysctl" % value))
        elif _NOT_DECIMAL.match(value):
            text = "%r is not what the kernel would show: give numbers in decimal, without a zero in front"
            found.append(Problem("sysctls.%s" % key, text % value))
    return found


def missing_sysctls(want: Namespace, have: Found) -> list[Problem]:
    """The sysctls that this kernel does not have; only known once the namespace is there."""
    values = have.sysctls or {}
    text = "the kernel has no such sysctl in %s; is the device there?" % want.name
    return [Problem("sysctls.%s" % key, text) for key, _value in want.sysctls if values.get(key, "") is None]


def busy(name: str, have: Found) -> list[Problem]:
    """Why a namespace cannot be removed without killing."""
    if not have.processes:
        return []
    listed = ", ".join("%d (%s)" % process for process in have.processes)
    return [Problem("name", "%s has processes in it: %s; stop them, or set kill to true" % (name, listed))]


def plan_present(want: Namespace, have: Found) -> list[Step]:
    steps = []
    if have.broken:
        steps.append(Step("clear", "broken network namespace " + want.name, want.name))
    if not have.exists:
        steps.append(Step("create", "network namespace " + want.name, want.name))
    if not have.loopback_up:
        steps.append(Step("bring up", "lo in " + want.name, want.name))
    steps += _plan_sysctls(want, have.sysctls or {})
    if want.persistent:
        if have.unit != unit_text(want):
            steps.append(Step("write", "unit " + want.unit, (want.unit, unit_text(want))))
        steps += [] if have.enabled else [Step("enable", want.unit, want.unit)]
        return steps
    return steps + _plan_unit_away(want.name, have)


def _plan_sysctls(want: Namespace, values: Mapping[str, str | None]) -> list[Step]:
    """Also those that are right until another is set."""
    steps = []
    done: list[str] = []
    for key, value in want.sysctls:
        if values.get(key) != value or any(_changes(other, key) for other in done):
            steps.append(Step("set", "%s=%s in %s" % (key, value, want.name), (want.name, key, value)))
            done.append(key)
    return steps


def plan_absent(name: str, have: Found) -> list[Step]:
    steps = [Step("kill", "%d (%s) in %s" % (*process, name), (name, process[0])) for process in have.processes]
    steps += _plan_unit_away(name, have)
    if have.exists:
        steps.append(Step("remove", "network namespace " + name, name))
    if have.broken:
        steps.append(Step("clear", "broken network namespace " + name, name))
    return steps


def _plan_unit_away(name: str, have: Found) -> list[Step]:
    steps = [Step("disable", unit_name(name), unit_name(name))] if have.enabled else []
    return steps + ([Step("delete", "unit " + unit_name(name), unit_name(name))] if have.unit is not None else [])


def unit_text(want: Namespace) -> str:
    """The unit that makes the namespace at boot, and does no harm when it is there.

    A sysctl of a device that is made later fails at boot, and the rest is done all the same.
    """
    name = want.name
    sysctls = "".join(
        "ExecStart=-ip netns exec %s sh -c 'echo \"%s\" > %s'\n" % (name, value, sysctl_path(key))
        for key, value in want.sysctls
    )
    return (
        "# Written by linuxbridge.vrrp; changes are replaced.\n"
        "[Unit]\n"
        f"Description=Network namespace {name}\n"
        "Documentation=man:ip-netns(8)\n"
        "Before=network.target\n"
        "\n"
        "[Service]\n"
        "Type=oneshot\n"
        "RemainAfterExit=yes\n"
        f"ExecStart=sh -c '[ -e /run/netns/{name} ] || exec ip netns add {name}'\n"
        f"ExecStart=ip -n {name} link set lo up\n"
        f"{sysctls}"
        "\n"
        "[Install]\n"
        "WantedBy=multi-user.target\n"
    )


def shown(have: Found, want: Namespace | None) -> tuple[Any, Any]:
    """Before and after, in the words of the module."""
    before = _words(have.exists, have.loopback_up, dict(have.sysctls or {}), have.unit is not None and have.enabled)
    if want is None:
        return before, _words(False, False, {}, False)
    return before, _words(True, True, dict(want.sysctls), want.persistent)


def _words(exists: bool, loopback_up: bool, sysctls: dict[str, Any], persistent: bool) -> dict[str, Any]:
    state = {"state": "present" if exists else "absent", "persistent": persistent}
    return {**state, "loopback_up": loopback_up, "sysctls": sysctls} if exists else state
