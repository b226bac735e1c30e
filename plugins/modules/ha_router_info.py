#!/usr/bin/python
# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ha_router_info
version_added: "0.1.0"
short_description: Routers in OpenStack Neutron, their agents and their HA networks
description:
  - Tells which agents have a router and which of them is active, as far as they have told Neutron; what Neutron says
    of an agent that is dead is a guess. M(linuxbridge.vrrp.vrrp_info) tells what is so on a node.
  - Filters add up; without any, all routers that the credentials can see are told.
  - Takes four lists of the API, and one request for each router told.
author: linuxbridge.vrrp contributors (@linuxbridge)
extends_documentation_fragment: [linuxbridge.vrrp.info, linuxbridge.vrrp.openstack]
options:
  name:
    description: Only routers with this name, or the one with this ID.
    type: str
  project:
    description: Only routers of the project with this name or ID.
    type: str
  ha:
    description: Only routers that are highly available, or only those that are not.
    type: bool
  host:
    description: Only routers that the L3 agent on this host has.
    type: str
"""

EXAMPLES = r"""
- name: Look at all routers
  linuxbridge.vrrp.ha_router_info:
    cloud: lab
  register: found

- name: Insist that each highly available router is active on exactly one host
  ansible.builtin.assert:
    that: item.active_hosts | length == 1
    quiet: true
  loop: "{{ found.routers | selectattr('ha') }}"
  loop_control:
    label: "{{ item.name }}"

- name: Look at what network1 has
  linuxbridge.vrrp.ha_router_info:
    cloud: lab
    host: network1
    ha: true
"""

RETURN = r"""
routers:
  description: The routers, by name.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The router's ID.
      type: str
    name:
      description: The router's name.
      type: str
    project_id:
      description: ID of its project.
      type: str
    project:
      description: Name of its project; null for who may not see projects.
      type: str
    status:
      description: Status that Neutron gives it.
      type: str
    admin_state_up:
      description: Whether it is up.
      type: bool
    ha:
      description: Whether it is highly available; null for who may not see it.
      type: bool
    agents:
      description: >-
        L3 agents that have it, with C(host), C(alive) and C(ha_state) (active, standby, unknown; null when it is not
        highly available); null for who may not see them.
      type: list
      elements: dict
      sample: [{host: network1, alive: true, ha_state: active}, {host: network2, alive: true, ha_state: standby}]
    active_hosts:
      description: >-
        Hosts whose agents are alive and active. More than one, or none, is trouble. Null when it is not highly
        available, and for who may not see agents.
      type: list
      elements: str
    ha_network:
      description: Hidden network over which its agents talk VRRP, with C(id) and C(name).
      type: dict
    interfaces:
      description: Its interfaces, with C(subnet_id), C(address) and C(port_id).
      type: list
      elements: dict
    external_gateway:
      description: Its gateway, with C(network_id) and C(addresses).
      type: dict
ha_networks:
  description: HA networks of the projects that the routers belong to.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The network's ID.
      type: str
    name:
      description: The network's name, which says the project's ID.
      type: str
    project_id:
      description: ID of the project whose routers it is for.
      type: str
    project:
      description: Name of that project.
      type: str
    virtual_router_ids_used:
      description: >-
        Highly available routers of the project, each of which has one of the 254 virtual router identifiers, except
        those in status ERROR.
      type: int
    virtual_router_ids_free:
      description: How many more the project can have.
      type: int
projects:
  description: Projects that the routers belong to, with C(id) and C(name).
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError, SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io import neutron
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.neutron_router_report import router_report

FILTERS = {
    "name": {"type": "str"},
    "project": {"type": "str"},
    "ha": {"type": "bool"},
    "host": {"type": "str"},
}


def main():
    module = AnsibleModule({**FILTERS, **neutron.argument_spec()}, supports_check_mode=True)
    try:
        found = router_report(neutron.connect(module), **{name: module.params[name] for name in FILTERS})
    except (SpecError, EdgeError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
