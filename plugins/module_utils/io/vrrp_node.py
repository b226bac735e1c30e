# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what core.vrrp_node judges: namespaces, processes, configurations, recorded states. It changes nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import keepalived_unit, vrrp_node
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.vrrp_node import (
    ConfigurationFile,
    Place,
    Process,
    Recorded,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.vrrp_uplink import Links
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io import iproute

#: keepalived's own, when it is started without -f.
DEFAULT_CONFIGURATION = "/etc/keepalived/keepalived.conf"


class Node:
    """The node that this runs on. confs: where Neutron's L3 agent keeps its configurations."""

    def __init__(self, confs: str, layout: keepalived_unit.Layout = keepalived_unit.NODE) -> None:
        self._confs = confs
        self._layout = layout

    def routers(self, names: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """All routers, or those of these names or namespaces; see vrrp_info for the shape."""
        processes = keepalived_processes()
        namespaces = iproute.namespaces()
        busy = {process.namespace for process in processes}
        chosen = {
            name: inode
            for name, inode in namespaces.items()
            if (name.startswith(vrrp_node.NAMESPACE_PREFIX) or inode in busy)
            and (names is None or name in names or name.removeprefix(vrrp_node.NAMESPACE_PREFIX) in names)
        }
        own = os.stat("/proc/self/ns/net").st_ino
        links, *addresses = iproute.show([iproute.LINKS] + [iproute.DEVICES] * (own in busy and names is None))
        devices: dict[str | None, list[dict[str, Any]]] = {
            name: answers[0] for name, answers in iproute.show_in(chosen, [iproute.DEVICES]).items()
        }
        places = [
            Place(name, chosen[name], devices[name], self._files(name, chosen[name], processes))
            for name in chosen
            if name in devices
        ]
        if addresses:
            places.append(Place(None, own, addresses[0], self._files(None, own, processes)))
        return vrrp_node.routers(places, processes, Links(links))

    def _files(self, namespace: str | None, inode: int, processes: Sequence[Process]) -> list[ConfigurationFile]:
        """What keepalived runs with, and what is there for it to run with."""
        paths = {process.configuration for process in processes if process.namespace == inode}
        if namespace is not None:
            name = namespace.removeprefix(vrrp_node.NAMESPACE_PREFIX)
            # node_routers names its files after the namespace.
            own = map(self._layout.configuration, {name, namespace})
            candidates = (os.path.join(self._confs, name, "keepalived.conf"), *own)
            paths.update(path for path in candidates if os.path.exists(path))
        return [self._file(path) for path in sorted(paths)]

    def _file(self, path: str) -> ConfigurationFile:
        folder, name = os.path.split(path)
        maker = recorded = None
        if folder == os.path.dirname(self._layout.configuration("")):
            maker, recorded = "linuxbridge.vrrp", self._layout.state(name[: -len(".conf")])
        elif os.path.dirname(folder) == self._confs.rstrip("/"):
            maker, recorded = "neutron", os.path.join(folder, "state")
        text, problem = _text(path)
        return ConfigurationFile(path, maker, text, problem, _recorded(recorded) if recorded else None)


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
        except OSError:
            continue
        if words != [""]:
            found.append(Process(int(entry), int(fields.split()[1]), namespace, configuration_of(words)))
    return found


def configuration_of(words: Sequence[str]) -> str:
    """The configuration that a command line of keepalived names: ``-f FILE``, ``-fFILE``, ``--use-file=FILE``."""
    for at, word in enumerate(words):
        if word in ("-f", "--use-file") and at + 1 < len(words):
            return words[at + 1]
        if word.startswith("--use-file="):
            return word[len("--use-file=") :]
        if word.startswith("-f"):
            return word[len("-f") :]
    return DEFAULT_CONFIGURATION


def _text(path: str) -> tuple[str | None, str | None]:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read(), None
    except OSError as error:
        return None, error.strerror


def _recorded(path: str) -> Recorded | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return Recorded(file.read().strip(), os.fstat(file.fileno()).st_mtime)
    except OSError:
        return None
