# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what core.vrrp_node judges: namespaces, processes, configurations, recorded states. It changes nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Optional

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import keepalived_unit, vrrp_node
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_unit import namespace_of
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.vrrp_node import (
    ConfigurationFile,
    Place,
    Process,
    Recorded,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.vrrp_uplink import Links
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io import iproute, journal

#: keepalived's own, when it is started without -f.
DEFAULT_CONFIGURATION = "/etc/keepalived/keepalived.conf"
#: -f behind options that take no argument, as in -nlPf; the file is the next word, or the rest of this one.
_CLUSTER = re.compile("-[nlPCBDSGXVIRdaxme]*f")
_NAMED = re.compile(_CLUSTER.pattern + "|--use-file=")
#: The configurations that units of this collection run keepalived with, each with the unit's namespace.
Services = Mapping[str, Optional[str]]


class _Namespace(NamedTuple):
    """key: for iproute.show_in(). pid: of a process in it, when it has no name; name is then the one that it had."""

    key: str
    name: str | None
    inode: int
    pid: int | None = None


class Node:
    """The node that this runs on. confs: where Neutron's L3 agent keeps its configurations."""

    def __init__(self, confs: str, layout: keepalived_unit.Layout = keepalived_unit.NODE) -> None:
        self._confs = confs
        self._layout = layout

    def routers(self, names: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """All routers, or those of these names or namespaces; see vrrp_info for the shape."""
        processes = keepalived_processes()
        services = self._services()
        own = os.stat("/proc/self/ns/net").st_ino
        found = self._namespaces(processes, services, own)
        asked = [one for one in found if names is None or _among(names, one.name)]
        own_too = names is None and (None in services.values() or any(one.namespace == own for one in processes))
        links, *addresses = iproute.show([iproute.LINKS] + [iproute.DEVICES] * own_too)
        shown = iproute.show_in([one.key for one in asked], [iproute.DEVICES])
        read = [(one, shown[one.key][0]) for one in asked if one.key in shown]
        read += [(_Namespace("", None, own), devices) for devices in addresses]
        places = [
            Place(one.name, one.inode, devices, self._files(one, processes, services), one.pid) for one, devices in read
        ]
        return vrrp_node.routers(places, processes, Links(links))

    def _namespaces(self, processes: Sequence[Process], services: Services, own: int) -> list[_Namespace]:
        """Those with a router, but the node's own. One that was deleted lives on with the processes in it."""
        named = iproute.namespaces()
        busy = {process.namespace: process for process in processes}
        found = [
            _Namespace(name, name, inode)
            for name, inode in named.items()
            if name.startswith(vrrp_node.NAMESPACE_PREFIX) or inode in busy or name in services.values()
        ]
        found += [
            _Namespace(iproute.of_process(process.pid), self._home(process, services), inode, process.pid)
            for inode, process in sorted(busy.items())
            if inode not in (own, *named.values()) and _is_of_this_node(process.pid)
        ]
        return found

    def _services(self) -> Services:
        try:
            entries = os.listdir(os.path.dirname(self._layout.configuration("")))
        except OSError:
            return {}
        names = [entry[: -len(".conf")] for entry in entries if entry.endswith(".conf")]
        units = {name: _text(self._layout.unit(name))[0] for name in names}
        return {self._layout.configuration(name): namespace_of(text) for name, text in units.items() if text}

    def _home(self, process: Process, services: Services) -> str | None:
        """The name of the namespace that the process was started in; None when nothing tells."""
        folder = os.path.dirname(process.configuration)
        if os.path.dirname(folder) == self._confs.rstrip("/"):
            return vrrp_node.NAMESPACE_PREFIX + os.path.basename(folder)
        return services.get(process.configuration)

    def _files(
        self, namespace: _Namespace, processes: Sequence[Process], services: Services
    ) -> list[ConfigurationFile]:
        """What keepalived runs with, and what is there for it to run with."""
        paths = {process.configuration for process in processes if process.namespace == namespace.inode}
        if namespace.pid is None:
            paths.update(path for path, home in services.items() if home == namespace.name)
            router = (namespace.name or "").removeprefix(vrrp_node.NAMESPACE_PREFIX)
            neutron = os.path.join(self._confs, router, "keepalived.conf")
            paths.update([neutron] if router and os.path.exists(neutron) else [])
        return [self._file(path) for path in sorted(paths)]

    def _file(self, path: str) -> ConfigurationFile:
        folder, name = os.path.split(path)
        maker = recorded = None
        if folder == os.path.dirname(self._layout.configuration("")):
            maker, recorded = "linuxbridge.vrrp", self._layout.state(name[: -len(".conf")])
        elif os.path.dirname(folder) == self._confs.rstrip("/"):
            maker, recorded = "neutron", os.path.join(folder, "state")
        text, problem = _text(path)
        return ConfigurationFile(path, maker, text, problem, _recorded(recorded) if recorded else None, _written(path))


def keepalived_processes() -> list[Process]:
    """Those of all namespaces. One that ends meanwhile is left out."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        folder = "/proc/" + entry
        try:
            with open(folder + "/stat", encoding="utf-8", errors="replace") as file:
                before, _sign, fields = file.read().rpartition(")")
            if before.partition("(")[2] != "keepalived":
                continue
            with open(folder + "/cmdline", encoding="utf-8", errors="surrogateescape") as file:
                words = file.read().split("\0")
            namespace = os.stat(folder + "/ns/net").st_ino
            path = os.path.join(os.readlink(folder + "/cwd"), configuration_of(words))
        except OSError:
            continue
        if words != [""]:
            found.append(Process(int(entry), int(fields.split()[1]), namespace, path))
    messages = journal.keepalived_messages() if found else {}
    return [replace(process, messages=messages.get(process.pid, ())) for process in found]


def configuration_of(words: Sequence[str]) -> str:
    """The configuration that a command line of keepalived names: ``-f FILE``, ``-nlPfFILE``, ``--use-file=FILE``."""
    for at, word in enumerate(words):
        if word == "--use-file" or _CLUSTER.fullmatch(word):
            return words[at + 1] if at + 1 < len(words) else DEFAULT_CONFIGURATION
        found = _NAMED.match(word)
        if found:
            return word[found.end() :]
    return DEFAULT_CONFIGURATION


def _among(names: Sequence[str], namespace: str | None) -> bool:
    return namespace is not None and (namespace in names or namespace.removeprefix(vrrp_node.NAMESPACE_PREFIX) in names)


def _is_of_this_node(pid: int) -> bool:
    """And not of a container: that is a node of its own."""
    try:
        return os.path.samefile("/proc/%d/ns/pid" % pid, "/proc/self/ns/pid")
    except OSError:
        return False


def _text(path: str) -> tuple[str | None, str | None]:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read(), None
    except OSError as error:
        return None, error.strerror


def _written(path: str) -> float | None:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return None


def _recorded(path: str) -> Recorded | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return Recorded(file.read().strip(), os.fstat(file.fileno()).st_mtime)
    except OSError:
        return None
