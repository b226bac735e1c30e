# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to do about the daemons beside keepalived: from what is there and what is wanted to steps.

Their files come before keepalived's steps, their processes after them. A daemon that only the active node has is
started and stopped by the recorder, and one that runs on a backup too with keepalived; here that is mended.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.companion import (
    CONFIGURATION_MODE,
    SCRIPT_MODE,
    TEMPLATE_MODE,
    Companion,
    Kind,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_service import File, Write
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.plan import Step

#: The name of a kind, and the namespace of a router.
Key = tuple[str, str]


@dataclass(frozen=True)
class Found:
    """What there is of one companion.

    started, stale, masked: see systemd.UnitState. running: it runs in the namespace and with the file that it should
    have; strayed: it runs otherwise. loaded: the text that it has read.
    """

    configuration: File | None = None
    started: bool = False
    stale: bool = False
    masked: bool = False
    running: bool = False
    strayed: bool = False
    loaded: str | None = None

    @property
    def anything(self) -> bool:
        return bool(self.configuration or self.started or self.running or self.strayed)


NOTHING = Found()


@dataclass(frozen=True)
class Companions:
    """What there is on a node; files: those of kinds, by path. missing: why a kind cannot be had."""

    found: Mapping[Key, Found] = field(default_factory=dict)
    files: Mapping[str, File] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Tests:
    """Payload of a step ``test``: configurations, each with the kind whose daemon tests it."""

    writes: tuple[tuple[Kind, Write], ...]


@dataclass(frozen=True)
class Processes:
    """Payload of a step ``unmask``, ``start``, ``restart`` or ``stop``: units."""

    units: tuple[str, ...]


@dataclass
class Steps:
    """files: before keepalived's steps; reload: then systemd has units to read.

    processes: after keepalived's. before and after: what a user is shown, by what it is about.
    """

    files: list[Step] = field(default_factory=list)
    processes: list[Step] = field(default_factory=list)
    reload: bool = False
    before: dict[str, str] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)


def needed(wants: Sequence[Companion], have: Companions) -> list[Step]:
    """What the node lacks."""
    steps = []
    for want in wants:
        if want.kind.name in have.missing:
            router = want.namespace[len("qrouter-") :]
            what = "%s, for routers[%s].%s" % (have.missing[want.kind.name], router, want.option)
            steps.append(Step("need", what))
    return steps


def plan_companions(wants: Sequence[Companion], have: Companions, active: Iterable[str]) -> Steps:
    """wants: of all routers that stay. active: namespaces whose keepalived is the active one, and stays it."""
    steps, masters = Steps(), frozenset(active)
    for kind in {want.kind.name: want.kind for want in wants}.values():
        _shared(steps, kind, have)
    _configurations(steps, wants, have)
    for want in wants:
        found = have.found.get(want.key, NOTHING)
        verb = _verb(want, found, want.namespace in masters)
        steps.reload = steps.reload or found.stale
        verbs = [*(["unmask"] if found.masked else []), *([verb] if verb else [])]
        steps.processes += [Step(each, want.unit, Processes((want.unit,))) for each in verbs]
        _show(steps, want, found, verb)
    return steps


def _shared(steps: Steps, kind: Kind, have: Companions) -> None:
    pairs = ((kind.script, kind.script_text, SCRIPT_MODE), (kind.template, kind.template_text, TEMPLATE_MODE))
    for path, text, mode in pairs:
        old = have.files.get(path)
        if old != File(text, mode):
            steps.files.append(Step("write", path, Write(path, text, mode)))
            steps.reload = steps.reload or (path == kind.template and old is not None)
            steps.before[path], steps.after[path] = old.text if old else "", text


def _configurations(steps: Steps, wants: Sequence[Companion], have: Companions) -> None:
    writes = [(want.kind, _write(want)) for want in wants if _differs(want, have)]
    tests = tuple((kind, write) for kind, write in writes if kind.test)
    if tests:
        steps.files.append(Step("test", " ".join(write.path for _kind, write in tests), Tests(tests)))
    steps.files += [Step("write", write.path, write) for _kind, write in writes]


def _write(want: Companion) -> Write:
    return Write(want.kind.configuration(want.namespace), want.text, CONFIGURATION_MODE, want.namespace)


def _differs(want: Companion, have: Companions) -> bool:
    return have.found.get(want.key, NOTHING).configuration != File(want.text, CONFIGURATION_MODE)


def _verb(want: Companion, have: Found, active: bool) -> str:
    """What its process needs; "" when all is well."""
    if not (active or want.kind.everywhere):
        return "stop" if have.running or have.strayed else ""
    if have.strayed or (have.running and have.loaded != want.text):
        return "restart"
    return "" if have.running else "start"


def _show(steps: Steps, want: Companion, have: Found, verb: str) -> None:
    old = have.configuration
    if verb or have.masked or old != File(want.text, CONFIGURATION_MODE):
        name, runs = "%s of %s" % (want.kind.name, want.namespace), have.running or have.strayed
        steps.before[name] = _page(old.text if old else "", runs) + ("masked: true\n" if have.masked else "")
        steps.after[name] = _page(want.text, verb != "stop" and (runs or bool(verb)))


def _page(text: str, running: bool) -> str:
    return "%srunning: %s\n" % (text, str(running).lower()) if text or running else ""


def plan_removal(kinds: Iterable[Kind], namespaces: Iterable[str], have: Companions) -> Steps:
    """The steps that make companions be gone; the file goes last, for it tells that there is one."""
    steps = Steps()
    there = [(kind, name, have.found.get((kind.name, name), NOTHING)) for name in namespaces for kind in kinds]
    units = [kind.unit(name) for kind, name, found in there if found.started or found.running or found.strayed]
    if units:
        steps.processes.append(Step("stop", " ".join(units), Processes(tuple(units))))
    for kind, namespace, found in there:
        if found.configuration:
            path = kind.configuration(namespace)
            steps.processes.append(Step("remove", path, path))
        if found.anything:
            name, old = "%s of %s" % (kind.name, namespace), found.configuration
            steps.before[name] = _page(old.text if old else "", found.running or found.strayed)
            steps.after[name] = ""
    return steps


def plan_unused(kinds: Iterable[Kind], have: Companions) -> list[Step]:
    """The steps that remove the files of kinds that no router has any more."""
    paths = [path for kind in kinds for path in (kind.script, kind.template) if path in have.files]
    steps = [Step("remove", path, path) for path in paths]
    return [*steps, Step("reload", "systemd's units")] if any(path.endswith(".service") for path in paths) else steps
