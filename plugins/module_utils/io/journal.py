# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads systemd's journal; there may be none, as where keepalived runs in containers and logs to files."""

from __future__ import annotations

import json

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_journal import PATTERN
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.commands import installed, run

#: Of all instances together. One of which nothing is among them has been as it is for long.
_LINES = 5000


def keepalived_messages() -> dict[int, list[str]]:
    """What keepalived's VRRP processes have said of states and scripts since the node was started, newest first."""
    if not installed("journalctl"):
        return {}
    words = ["--quiet", "--boot", "--reverse", "--lines=%d" % _LINES, "--identifier=Keepalived_vrrp"]
    words += ["--grep=" + PATTERN, "--output=json", "--output-fields=MESSAGE,_PID"]
    try:
        _status, output, _error = run(["journalctl", *words], check=False)
    except EdgeError:
        # One that takes minutes tells nothing.
        return {}
    found: dict[int, list[str]] = {}
    for line in output.splitlines():
        entry = json.loads(line)
        # One that is not text is an array of numbers.
        if isinstance(entry.get("MESSAGE"), str) and "_PID" in entry:
            found.setdefault(int(entry["_PID"]), []).append(entry["MESSAGE"])
    return found
