# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: ports_not_back
short_description: Ports that a restarted Linux bridge agent has not wired again
version_added: "0.1.0"
author: linuxbridge.vrrp contributors (@linuxbridge)
description:
  - Compares a node's ports before a restart of its Linux bridge agent with what they are now.
  - A port that was ACTIVE is back when the agent has asked for it since and it is ACTIVE again. An agent that reports
    to Neutron, but hangs while it sets up a port, is seen by this.
positional: _input, after
options:
  _input:
    description: The node's ports before the restart, as P(openstack.cloud.resources#module) returns them.
    type: list
    elements: dict
    required: true
  after:
    description: The same ports now.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Show what is still to be waited for
  ansible.builtin.debug:
    msg: "{{ before | linuxbridge.vrrp.ports_not_back(after) }}"
  vars:
    before:
      - id: c93ec08a-ae00-4000-8000-000000000001
        device_owner: network:router_gateway
        status: ACTIVE
        revision_number: 4
    after:
      - id: c93ec08a-ae00-4000-8000-000000000001
        device_owner: network:router_gateway
        status: BUILD
        revision_number: 5
"""

RETURN = r"""
_value:
  description: One sentence for each port that is not back; empty when all are.
  type: list
  elements: str
  sample: ["port c93ec08a-ae00-4000-8000-000000000001 (network:router_gateway) is BUILD"]
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.agents_back import ports_not_back


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"ports_not_back": ports_not_back}
