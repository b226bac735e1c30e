#!/usr/bin/python
# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: neutron_agents_info
version_added: "0.1.0"
short_description: What Neutron knows of a host's agents and ports, and whether they are back after a restart
description:
  - Tells the agents of a host and the ports that are bound to it, as Neutron's server has them.
  - Given what it told before a restart, it waits until all is back. An agent is back when it has reported since, is
    alive, and (the L3 agent) serves as many routers as before. A port is back when the Linux bridge agent has taken it
    up again and it is active; only ports that were active and are still there count.
  - Only times of the server's clock are compared with one another, so the clocks of hosts do not matter.
author: linuxbridge.vrrp contributors (@linuxbridge)
extends_documentation_fragment: [linuxbridge.vrrp.info, linuxbridge.vrrp.openstack]
options:
  host:
    description: The host, as its agents call it (C(host) in C(neutron.conf), by default the host's name).
    type: str
    required: true
  before:
    description: What this module returned before the restart. With it, the module waits.
    type: dict
    suboptions:
      agents:
        description: RV(agents).
        type: list
        elements: dict
        required: true
      ports:
        description: RV(ports).
        type: list
        elements: dict
        required: true
  actions:
    description:
      - What P(linuxbridge.vrrp.service_current#module) returned as C(actions), such as C(restart neutron-l3-agent).
      - Others are only waited for if O(alive) names them, and ports only when the Linux bridge agent was restarted.
    type: list
    elements: str
    default: []
  alive:
    description: Agents, such as V(neutron-l3-agent), that must be alive in the end, whether they were restarted or not.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds to wait. When something is not back by then, that is an error that names it.
    type: int
    default: 180
"""

EXAMPLES = r"""
- name: Note what Neutron knows of network1
  linuxbridge.vrrp.neutron_agents_info:
    cloud: lab
    host: network1
  register: before

- name: Wait until its L3 agent serves its routers again
  linuxbridge.vrrp.neutron_agents_info:
    cloud: lab
    host: network1
    before: "{{ {'agents': before.agents, 'ports': before.ports} }}"
    actions: [restart neutron-l3-agent]
"""

RETURN = r"""
agents:
  description: The host's agents.
  returned: success
  type: list
  elements: dict
  contains:
    binary:
      description: The agent's program.
      type: str
      sample: neutron-l3-agent
    alive:
      description: Whether it has reported within the server's C(agent_down_time).
      type: bool
    started_at:
      description: When it started, by the server's clock.
      type: str
      sample: "2024-05-01 12:00:00"
    routers:
      description: Routers that it says it serves; 0 for agents of other kinds.
      type: int
ports:
  description: The ports that are bound to the host.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The port's ID.
      type: str
    device_owner:
      description: What it belongs to.
      type: str
      sample: network:router_interface
    status:
      description: C(ACTIVE), C(DOWN) or C(BUILD).
      type: str
    revision_number:
      description: Counts changes of the port.
      type: int
not_back:
  description: What is not back, a sentence each.
  returned: failure
  type: list
  elements: str
  sample: [neutron-l3-agent serves 1 of its 2 routers]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io import neutron
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.neutron_agents import look, wait_until_back

_ITEMS = {"type": "list", "elements": "dict", "required": True}
ARGUMENT_SPEC = {
    "host": {"type": "str", "required": True},
    "before": {"type": "dict", "options": {"agents": _ITEMS, "ports": _ITEMS}},
    "actions": {"type": "list", "elements": "str", "default": []},
    "alive": {"type": "list", "elements": "str", "default": []},
    "timeout": {"type": "int", "default": 180},
}


def main():
    module = AnsibleModule({**ARGUMENT_SPEC, **neutron.argument_spec()}, supports_check_mode=True)
    params = module.params
    try:
        port = neutron.connect(module)
        if params["before"] is None:
            module.exit_json(changed=False, **look(port, params["host"]))
        found, not_back = wait_until_back(
            port, params["host"], params["before"], params["actions"], params["alive"], params["timeout"]
        )
    except EdgeError as error:
        module.fail_json(msg=str(error))
    if not_back:
        module.fail_json(msg="after %d s: %s" % (params["timeout"], "; ".join(not_back)), not_back=not_back)
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
