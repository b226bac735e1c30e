# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's agents and ports in Neutron's API, and the wait for their return."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.agents_back import Known, not_back
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.neutron import ApiError, Neutron

#: Seconds between two looks: an agent's return takes some, and the API has other work.
POLL_INTERVAL = 1.0


def look(port: Neutron, host: str) -> Known:
    """What the server knows of the host now."""
    agents = [
        {
            "binary": agent["binary"],
            "alive": agent["alive"],
            "started_at": agent["started_at"],
            "routers": int((agent.get("configurations") or {}).get("routers") or 0),
        }
        for agent in port.find("agents", host=host)
    ]
    fields = ("id", "device_owner", "status", "revision_number")
    ports = port.find("ports", **{"binding:host_id": host, "fields": list(fields)})
    return {"agents": agents, "ports": [{name: item[name] for name in fields} for item in ports]}


def wait_until_back(
    port: Neutron, host: str, before: Known, actions: Sequence[str], alive: Sequence[str], timeout: float
) -> tuple[Known, list[str]]:
    """What is known in the end, and what is not back by the deadline. An API that does not answer is waited for too."""
    deadline = time.monotonic() + timeout
    while True:
        found: Known = {"agents": [], "ports": []}
        try:
            found = look(port, host)
            missing = not_back(before, found, actions, alive)
        except ApiError as error:
            missing = [str(error)]
        if not missing or time.monotonic() >= deadline:
            return found, missing
        time.sleep(POLL_INTERVAL)
