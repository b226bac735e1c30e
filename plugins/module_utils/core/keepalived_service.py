# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to do so that instances of keepalived run with what they should: the least that interrupts traffic.

A reload keeps the VRRP state and is made once, however much has changed. A restart is made only when keepalived would
lose its state anyway; it is better then, for a keepalived that stops tells the others at once (priority 0, RFC 5798,
6.4.3).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_model import (
    NEWEST,
    Capabilities,
    Configuration,
    VrrpInstance,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_read import read
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_render import render
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_text import parse, redact, secrets
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_unit import (
    HEADER,
    NODE,
    RECORDER,
    Layout,
    Service,
    namespace_of,
    recorded,
    unit_name,
    unit_text,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.plan import Step

CONFIGURATION_MODE = 0o640
UNIT_MODE = 0o644
RECORDER_MODE = 0o755
#: Verbs of steps whose payload is units. This one is for units that systemd has not read: it reads them when it starts
#: them, and not all others anew.
ENABLE_AND_START = "enable and start"
STARTS = ("start", ENABLE_AND_START, "restart")


@dataclass(frozen=True)
class File:
    """A file that is there; mode is None when it does not belong to root."""

    text: str
    mode: int | None


@dataclass(frozen=True)
class Process:
    """A running keepalived. as_asked: in the network namespace and with the file that the service names.

    recorder: the recorder that it started is alive. loaded: the text that it has read, loaded_at: when, in seconds of
    the epoch; None when that is unknown.
    """

    pid: int
    as_asked: bool = True
    recorder: bool = True
    loaded: str | None = None
    loaded_at: float | None = None


@dataclass(frozen=True)
class Found:
    """What there is of one service.

    known: systemd has read the unit, so it has to be told of a change. stale: not as it is on disk. started: systemd
    keeps it running, or tries to.
    state: ``master``, ``backup``, ``fault`` or None when it is not known. since: seconds of the epoch.
    left_overs: temporary files beside configuration and unit, of a write that was killed.
    """

    configuration: File | None = None
    unit: File | None = None
    enabled: bool = False
    known: bool = False
    stale: bool = False
    started: bool = False
    process: Process | None = None
    state: str | None = None
    since: float | None = None
    left_overs: tuple[str, ...] = ()


NOTHING = Found()


@dataclass(frozen=True)
class Write:
    """Payload of a step ``write``, and one of many of a step ``test``: a configuration for a network namespace.

    configuration: what the text says, for a test that looks at scripts and files, too.
    """

    path: str
    text: str
    mode: int
    namespace: str | None = None
    configuration: Configuration | None = None


@cache
def configuration_text(service: Service, capabilities: Capabilities = NEWEST, layout: Layout = NODE) -> str:
    return HEADER + render(recorded(service, layout), capabilities)


def plan_services(
    wants: Sequence[Service],
    found: Mapping[str, Found],
    recorder: File | None,
    capabilities: Capabilities = NEWEST,
    layout: Layout = NODE,
) -> list[Step]:
    """The steps that make the services be there and run. recorder is the recorder's file as it is.

    Files first, the configurations after keepalived's own test of all of them; then one reload of systemd's units, if
    it knows any that changed, which enabling some does too (systemctl(1)); then the processes. The payload of a step is
    a Write, the Writes to test, or the units that the verb is for.
    """
    steps = _writes([Write(layout.recorder, RECORDER, RECORDER_MODE)] if wants else [], [recorder])
    files: list[Step] = []
    tested: list[Write] = []
    units_change = False
    for want in wants:
        have = found.get(want.name, NOTHING)
        text = configuration_text(want, capabilities, layout)
        path = layout.configuration(want.name)
        write = Write(path, text, CONFIGURATION_MODE, want.namespace, want.configuration)
        configuration = _writes([write], [have.configuration])
        unit = _writes([Write(layout.unit(want.name), unit_text(want, capabilities, layout), UNIT_MODE)], [have.unit])
        units_change = units_change or have.stale or (bool(unit) and have.known)
        files += configuration + unit
        # The unit of a masked one is an empty file.
        old = have.unit.text if have.unit else ""
        moves = old and namespace_of(old) != want.namespace
        tested += [write] if configuration or moves else []
    if tested:
        steps.append(test(tested))
    steps += files
    disabled = [unit_name(want.name) for want in wants if not found.get(want.name, NOTHING).enabled]
    new = [unit_name(want.name) for want in wants if not found.get(want.name, NOTHING).known]
    todo = [
        _process(want, found.get(want.name, NOTHING), configuration_text(want, capabilities, layout)) for want in wants
    ]
    stopped = [unit for verb, unit, _why in todo if verb == "start"]
    if disabled == stopped == new:
        steps += [*_read_again(units_change), *_together(ENABLE_AND_START, new)]
    else:
        steps += [*_read_again(units_change and not disabled), *_together("enable", disabled)]
        steps += _together("start", stopped)
    steps += _together("reload", [unit for verb, unit, _why in todo if verb == "reload"])
    return steps + [restart(unit, why) for verb, unit, why in todo if verb == "restart"]


def restart(unit: str, why: str) -> Step:
    return Step("restart", "%s (%s)" % (unit, why), (unit,))


def plan_removal(names: Iterable[str], found: Mapping[str, Found], layout: Layout = NODE) -> list[Step]:
    """The steps that make the named services be gone; a service of which nothing is there needs none.

    All are stopped at once, for keepalived takes a second to stop.
    """
    pairs = [(name, found.get(name, NOTHING)) for name in names]
    steps = _together("stop", [unit_name(name) for name, have in pairs if have.started or have.process])
    steps += _together("disable", [unit_name(name) for name, have in pairs if have.enabled])
    for name, have in pairs:
        steps += [Step("remove", path, path) for path in [layout.configuration(name)] if have.configuration]
        steps += [Step("remove", path, path) for path in [layout.unit(name)] if have.unit]
        steps += [Step("remove", "%s, left by an interrupted run" % path, path) for path in have.left_overs]
    return [*steps, *_read_again(any(have.unit for _name, have in pairs))]


def restarts(steps: Iterable[Step]) -> list[str]:
    """What to warn of: the steps that interrupt an instance that is active."""
    return ["%s; if it is active, another node takes over" % step for step in steps if step.verb == "restart"]


def test(writes: Sequence[Write]) -> Step:
    """One step, for many are tested side by side."""
    return Step("test", " ".join(write.path for write in writes), tuple(writes))


def _writes(wanted: Sequence[Write], have: Sequence[File | None]) -> list[Step]:
    pairs = zip(wanted, have)
    return [Step("write", write.path, write) for write, old in pairs if old != File(write.text, write.mode)]


def _process(want: Service, have: Found, text: str) -> tuple[str, str, str]:
    """Verb, unit and reason; the verb is "" when all is well."""
    unit, process = unit_name(want.name), have.process
    if process is None:
        return "start", unit, ""
    if not process.as_asked:
        return "restart", unit, "it runs in another network namespace or with another file"
    lost = lost_by(process.loaded, want.configuration) if process.loaded != text else ()
    if lost:
        return "restart", unit, "it loses its VRRP state: %s" % ", ".join(lost)
    return "reload" if process.loaded != text or not process.recorder else "", unit, ""


def _read_again(needed: bool) -> list[Step]:
    return [Step("reload", "systemd's units")] if needed else []


def _together(verb: str, units: Sequence[str]) -> list[Step]:
    """One step, for systemctl does many units at once."""
    return [Step(verb, " ".join(units), tuple(units))] if units else []


def lost_by(loaded: str | None, want: Configuration) -> tuple[str, ...]:
    """Why a reload would not keep the VRRP state; empty when it does, or when what was loaded cannot be read."""
    try:
        have = read(parse(loaded or ""))
    except SpecError:
        return ()
    pairs = zip(have.instances, want.instances)
    return tuple(dict.fromkeys(reason for old, new in pairs for reason in state_lost(old, new)))


def state_lost(old: VrrpInstance, new: VrrpInstance) -> tuple[str, ...]:
    """The changes that make keepalived forget whether it is active, so that a reload keeps nothing: field names.

    Empty when a reload (SIGHUP) keeps the state, as it does when name, version, addresses or password change.
    """
    same = {
        "virtual_router_id": (old.virtual_router_id, new.virtual_router_id),
        "interface": (old.interface, new.interface),
        "address family": (old.family, new.family),
        "unicast or multicast": (bool(old.unicast_peers), bool(new.unicast_peers)),
    }
    return tuple(name for name, (before, after) in same.items() if before != after)


def shown(
    have: Found, want: Service | None, capabilities: Capabilities = NEWEST, layout: Layout = NODE
) -> tuple[str, str]:
    """Before and after as a user may see them; a password that changes is said to, and not shown."""
    old = have.configuration.text if have.configuration else ""
    new = configuration_text(want, capabilities, layout) if want else ""
    before, after = redact(old), redact(new)
    if secrets(old) != secrets(new):
        after = redact(new, " (changed)" if secrets(old) else "")
    return (
        _page(before, have.unit.text if have.unit else "", have.enabled, have.process is not None),
        _page(after, unit_text(want, capabilities, layout) if want else "", want is not None, want is not None),
    )


def _page(configuration: str, unit: str, enabled: bool, running: bool) -> str:
    switches = "enabled: %s\nrunning: %s\n" % (str(enabled).lower(), str(running).lower())
    return configuration + unit + (switches if configuration or unit or enabled or running else "")
