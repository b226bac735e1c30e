# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: drill_plan
short_description: What a failover drill will do, or all that speaks against it
version_added: "0.1.0"
author: linuxbridge.vrrp contributors (@linuxbridge)
description:
  - Decides from what P(linuxbridge.vrrp.vrrp_info#module) returned of every network node which one is cut off from the
    others for a drill, and on which interface. P(linuxbridge.vrrp.failover_drill#role) does it.
options:
  _input:
    description: What the module returned, by network node.
    type: dict
    required: true
  router:
    description: Name, identifier or namespace of the router; left out, the only HA router there is.
    type: str
  interface:
    description: The interface to cut; left out, the one that carries the router's HA network.
    type: str
  names:
    description: Names of routers by identifier, as the API has them.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Show what a drill would do
  ansible.builtin.debug:
    msg: "{{ nodes | linuxbridge.vrrp.drill_plan }}"
  vars:
    nodes:
      network1: {msg: the host cannot be reached}
"""

RETURN = r"""
_value:
  description:
    - C(problems), a list of sentences; the rest is there if it is empty.
    - C(router) and C(namespace), the router's C(name), the C(active) node and those on C(standby), the C(interface) of
      the active node, C(takeover_seconds) after which another node takes over, and the routers that are
      C(also_affected).
  type: dict
"""

from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.drill_plan import drill_plan
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import SpecError


def plan_or_problems(
    nodes: dict[str, Any],
    router: str | None = None,
    interface: str | None = None,
    names: dict[str, str] | None = None,
) -> dict[str, Any]:
    try:
        return {"problems": [], **drill_plan(nodes, router or None, interface or None, names)}
    except SpecError as error:
        return {"problems": [str(problem) for problem in error.problems]}


class FilterModule:
    def filters(self) -> dict[str, Any]:
        return {"drill_plan": plan_or_problems}
