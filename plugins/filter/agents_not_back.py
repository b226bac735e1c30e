# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: agents_not_back
short_description: Neutron's agents that have not come back after a restart
version_added: "0.1.0"
author: linuxbridge.vrrp contributors (@linuxbridge)
description:
  - Compares what Neutron knew of a node's agents before a restart with what it knows now.
  - An agent is back when it has reported since, is alive, and (the L3 agent) serves as many routers as before.
positional: _input, after, actions
options:
  _input:
    description: The node's agents before the restart, as P(openstack.cloud.resources#module) returns them.
    type: list
    elements: dict
    required: true
  after:
    description: The same agents now.
    type: list
    elements: dict
    required: true
  actions:
    description: What P(linuxbridge.vrrp.service_current#module) returned as C(actions).
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Show what is still to be waited for
  ansible.builtin.debug:
    msg: "{{ before | linuxbridge.vrrp.agents_not_back(after, ['restart neutron-l3-agent']) }}"
  vars:
    before:
      - binary: neutron-l3-agent
        is_alive: true
        started_at: "2024-05-01 12:00:00"
        configuration: {routers: 2}
    after:
      - binary: neutron-l3-agent
        is_alive: true
        started_at: "2024-05-01 13:00:00"
        configuration: {routers: 1}
"""

RETURN = r"""
_value:
  description: One sentence for each agent that is not back; empty when all are.
  type: list
  elements: str
  sample: [neutron-l3-agent serves 1 of its 2 routers]
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.agents_back import agents_not_back


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"agents_not_back": agents_not_back}
