# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why an instance cannot become active that looks like a backup from outside: what keepalived says in the journal.

Neutron's watcher looks at addresses, and calls backup what is in FAULT state because of its health check.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

#: What journalctl is to look for; keepalived 1 has VRRP_Instance before the bracket.
PATTERN = r"^VRRP_Script\(|[Ee]ntering [A-Z]+ (STATE|state)"
_STATE = re.compile(r"\((?P<name>[^)]*)\):? [Ee]ntering (?P<state>[A-Z]+) (?:STATE|state)")
_SCRIPT = re.compile(r"^VRRP_Script\((?P<name>[^)]*)\) (?P<result>.*)$")
#: The second one after a reload, when there is no result yet.
_WELL = ("succeeded", "considered successful on reload")

#: A fault of which no more is known.
SAYS_SO = "keepalived says so"


def faults(messages: Iterable[str], instance: str, scripts: Collection[str]) -> list[str]:
    """messages: of its keepalived, newest first. scripts: those whose failure is the instance's FAULT.

    At its start an instance is in FAULT state without a word when the first run of a script fails, until it has
    succeeded ``rise`` times: with Neutron's interval of 30 s and rise of 2 a minute (seen with 2.2.7).
    """
    results: dict[str, str] = {}
    fault = False
    for message in messages:
        state, script = _STATE.search(message), _SCRIPT.search(message)
        if state and state["name"] == instance:
            if state["state"] != "FAULT":
                break
            fault = True
        if script and script["name"] in scripts:
            results.setdefault(script["name"], script["result"])
    failed = ["script %s %s" % (name, result) for name, result in sorted(results.items()) if result not in _WELL]
    return failed or ([SAYS_SO] if fault else [])
