#!/usr/bin/python
# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dhcp_agents
short_description: Have networks served by the DHCP agents of some hosts and of no others
version_added: "0.1.0"
description:
  - Moves networks to the DHCP agents of the hosts named, so that the agents of other hosts can be stopped.
  - A network is given to as many agents as it had, the ones with the fewest networks first, before the others give it
    up. Leases stay valid; a client that renews is answered by the new agents.
extends_documentation_fragment: linuxbridge.vrrp.openstack
author: linuxbridge.vrrp contributors (@linuxbridge)
attributes:
  check_mode:
    support: full
    description: Says what would be done and does nothing. DHCP agents that are still to be installed count as there.
  diff_mode:
    support: full
    description: Shows the agents and their networks before and after.
options:
  hosts:
    description: Hosts whose DHCP agents serve, by the name that their agents report.
    type: list
    elements: str
    required: true
  from_hosts:
    description: Other hosts, whose agents give their networks up. Left out, all other hosts are meant.
    type: list
    elements: str
  forget_others:
    description:
      - Delete Neutron's records of the DHCP and metadata agents on those other hosts. Stop those agents first, or they
        report themselves again.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Networks are served by the network nodes
  linuxbridge.vrrp.dhcp_agents:
    cloud: lab
    hosts: [network1, network2]

- name: Neutron forgets the agents that were stopped on compute nodes
  linuxbridge.vrrp.dhcp_agents:
    cloud: lab
    hosts: [network1, network2]
    forget_others: true
"""

RETURN = r"""
actions:
  description: What was done, or would be in check mode, in order.
  returned: always
  type: list
  elements: str
  sample: [give selfservice1 to network1, take selfservice1 from compute1]
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.converge import converge
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.dhcp_move import Agent, Want, plan_move
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.plan import Plan, Step
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io import neutron
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.neutron_dhcp import apply, look


class DhcpAgents:
    poll_interval = 1.0

    def __init__(self, module: AnsibleModule) -> None:
        self._module = module

    def parse(self, params: dict[str, Any]) -> Want:
        others = params["from_hosts"]
        return Want(
            tuple(params["hosts"]),
            params["forget_others"],
            self._module.check_mode,
            None if others is None else tuple(others),
        )

    def connect(self, want: Want) -> neutron.Neutron:
        return neutron.connect(self._module)

    def observe(self, port: neutron.Neutron, want: Want) -> tuple[Agent, ...]:
        return look(port)

    def plan(self, have: tuple[Agent, ...], want: Want) -> Plan:
        return plan_move(have, want)

    def apply(self, step: Step, port: neutron.Neutron) -> None:
        apply(step, port)

    def settle_timeout(self, want: Want) -> float:
        return 10.0

    def result(self, have: tuple[Agent, ...], want: Want, plan: Plan) -> dict[str, Any]:
        return {}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **neutron.argument_spec(),
            "hosts": {"type": "list", "elements": "str", "required": True},
            "from_hosts": {"type": "list", "elements": "str"},
            "forget_others": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    converge(module, DhcpAgents(module))


if __name__ == "__main__":
    main()
