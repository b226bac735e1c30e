# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which routers' namespaces a step changes something, so that only those are looked at again after it."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_unit import service_name
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_commands import Batch, Nat, Sysctls
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.plan import Step

_NEW = "netns add "


def touched(step: Step, namespaces: Iterable[str]) -> frozenset[str]:
    """Names of namespaces, those that the step makes too; namespaces: all that were looked at.

    What is done in the node's own namespace may reach all, such as a change of an uplink, unless it makes namespaces:
    devices that are made with them are in no other.
    """
    found: set[str] = set()
    for item in step.payload if isinstance(step.payload, tuple) else ():
        if isinstance(item, str):
            found.add(service_name(item))
        elif isinstance(item, Batch) and item.namespace is None:
            made = [line[len(_NEW) :] for line in item.lines if line.startswith(_NEW)]
            found.update(made or namespaces)
        elif isinstance(item, (Batch, Sysctls, Nat)) and item.namespace is not None:
            found.add(item.namespace)
    return frozenset(found)
