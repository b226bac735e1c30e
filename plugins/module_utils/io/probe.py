# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes in the background of this host."""

from __future__ import annotations

import os
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.job import JobHave
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io import background
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.prober import PATIENCE, Prober

EMPTY: dict[str, Any] = {"started": None, "ended": None, "rate": None, "targets": []}


class Probes:
    """See JobPort."""

    def __init__(self, directory: str = background.DIRECTORY) -> None:
        self._jobs = background.Jobs("probe", directory)

    def look(self, name: str) -> JobHave:
        result = background.read_json(os.path.join(self._jobs.folder(name), "result.json"))
        return JobHave(self._jobs.asked(name), self._jobs.running(name), result)

    def start(self, name: str, asked: dict[str, Any]) -> None:
        """Sockets are opened here, so that what stands in the way fails the task."""
        try:
            prober = Prober(asked["targets"], asked["rate"], self._jobs.folder(name))
        except OSError as error:
            raise EdgeError("a raw ICMP socket cannot be opened (%s); become root?" % error.strerror) from error
        self._jobs.start(name, asked, background.fork(lambda _folder: prober.run(asked["duration"]), prober.files))
        prober.close()

    def stop(self, name: str) -> None:
        self._jobs.stop(name, PATIENCE + 4)

    def remove(self, name: str) -> None:
        self._jobs.remove(name)
