#!/usr/bin/python
# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ha_router
version_added: "0.1.0"
short_description: Router in OpenStack Neutron, highly available or not
description:
  - Creates, changes and deletes a router through Neutron's API, its C(ha) attribute included.
  - What is not given stays as it is; an empty list makes empty.
  - Every name is looked up, and what Neutron would refuse half-way is refused, before anything is changed.
  - A run that was interrupted is finished by the next one. A router is marked with the tag
    C(linuxbridge-vrrp-interrupted) for as long as this module has taken it down, so that the next run knows to bring it
    up again, whatever O(ha) it is given.
author: linuxbridge.vrrp contributors (@linuxbridge)
extends_documentation_fragment: linuxbridge.vrrp.openstack
attributes:
  check_mode:
    description: Says what would be done, from the same plan, and changes nothing.
    support: full
  diff_mode:
    description: Shows the router before and after.
    support: full
options:
  name:
    description:
      - Name of the router, or the ID of one that exists.
      - A name that several routers have is an error that tells their IDs.
    type: str
    required: true
  state:
    description:
      - V(absent) takes away the routes, the interfaces and the gateway, and then the router.
      - Neutron deletes the port of an interface with the interface, also one that was given as a port.
    type: str
    choices: [present, absent]
    default: present
  ha:
    description:
      - Whether the router is highly available, that is, kept by VRRP on several nodes. Only an administrator sets it.
      - A router that is made without it is as the server's option C(l3_ha) says.
      - Changing it on a router that is up needs O(allow_interruption). The router is taken down, changed once its
        agents have taken it down (at most 60 seconds), and brought up. When a step fails, the old state is put back.
    type: bool
  allow_interruption:
    description: Allows to stop the router's traffic for as long as a change of O(ha) takes.
    type: bool
    default: false
  admin_state_up:
    description: Whether the router is up. A router is made up.
    type: bool
  description:
    description: Text that says what the router is for.
    type: str
  project:
    description:
      - Name or ID of the project that the router belongs to, for administrators. Only its routers are looked at.
      - Without it a router is made in the project of the credentials.
    type: str
  interfaces:
    description:
      - All interfaces to subnets, each by either O(interfaces[].subnet) or O(interfaces[].port). Others are removed.
      - Of several subnets with one name, that of the router's project is meant.
    type: list
    elements: dict
    suboptions:
      subnet:
        description: Name or ID of the subnet.
        type: str
      address:
        description:
          - Address on the subnet. Without it any address that the router has there will do, and a new interface gets
            the subnet's gateway address.
          - With another address than the gateway's, a port is made for it.
        type: str
      port:
        description: Name or ID of a port that is free, or is this router's already.
        type: str
  external_gateway:
    description:
      - Where the router leads to outside. An empty dictionary removes the gateway.
    type: dict
    suboptions:
      network:
        description: Name or ID of the external network.
        type: str
      addresses:
        description:
          - All addresses of the gateway, each an address, or a dictionary of C(address), C(subnet) (name or ID), or
            both; with C(subnet) alone Neutron chooses the address. Only an administrator may set them.
          - Without it, the addresses stay, and a new gateway gets those that Neutron chooses.
        type: list
        elements: raw
      enable_snat:
        description:
          - Whether source addresses are translated at the gateway. Only an administrator may set it.
          - A new gateway that is made without it is as the server's option C(enable_snat_by_default) says.
        type: bool
  routes:
    description: All static routes. Others are removed.
    type: list
    elements: dict
    suboptions:
      destination:
        description: Network in CIDR form.
        type: str
        required: true
      nexthop:
        description: Address of the next hop, on a subnet of the router.
        type: str
        required: true
  availability_zone_hints:
    description: Availability zones to place the router in. They are fixed at creation; a difference is an error.
    type: list
    elements: str
  wait:
    description:
      - Whether to wait until exactly one agent is active for a highly available router that is up.
      - Who may not see agents, for that takes an administrator, waits for the status V(ACTIVE).
    type: bool
    default: true
  timeout:
    description: Seconds to wait at most.
    type: int
    default: 180
"""

EXAMPLES = r"""
- name: Have a highly available router for two subnets
  linuxbridge.vrrp.ha_router:
    cloud: lab
    name: router2
    ha: true
    interfaces:
      - subnet: selfservice2-v4
      - subnet: selfservice2-v6
    external_gateway:
      network: provider1

- name: Make an existing router highly available, which stops its traffic for some seconds
  linuxbridge.vrrp.ha_router:
    cloud: lab
    name: router1
    ha: true
    allow_interruption: true
  register: router1

- name: Have fixed addresses outside, no translation, and a route
  linuxbridge.vrrp.ha_router:
    cloud: lab
    name: router3
    project: demo
    interfaces:
      - subnet: servers
        address: 198.51.100.2
    external_gateway:
      network: provider1
      addresses:
        - 203.0.113.50
      enable_snat: false
    routes:
      - destination: 192.0.2.0/24
        nexthop: 198.51.100.1

- name: Take the gateway away
  linuxbridge.vrrp.ha_router:
    cloud: lab
    name: router3
    external_gateway: {}

- name: Have no router
  linuxbridge.vrrp.ha_router:
    cloud: lab
    name: router3
    state: absent
"""

RETURN = r"""
router:
  description: >-
    The router; in check mode as it would be, without what only Neutron knows. Null when it is absent.
  returned: success
  type: dict
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
    description:
      description: Its description.
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
    interfaces:
      description: Its interfaces, with C(subnet), C(subnet_id) and C(address).
      type: list
      elements: dict
    external_gateway:
      description: Its gateway, with C(network), C(network_id), C(addresses) (C(subnet_id), C(address)), C(enable_snat).
      type: dict
    routes:
      description: Its static routes, with C(destination) and C(nexthop).
      type: list
      elements: dict
    availability_zone_hints:
      description: Zones it was asked to be in.
      type: list
      elements: str
    availability_zones:
      description: Zones it is in.
      type: list
      elements: str
    agents:
      description: >-
        L3 agents that have it, with C(host), C(alive) and C(ha_state) (active, standby, unknown; null when it is not
        highly available); null for who may not see them.
      type: list
      elements: dict
      sample: [{host: network1, alive: true, ha_state: active}, {host: network2, alive: true, ha_state: standby}]
    ha_network:
      description: Hidden network over which its agents talk VRRP, with C(id) and C(name).
      type: dict
interruption_seconds:
  description: >-
    Seconds from taking the router down until it was up again; with O(wait), until exactly one agent was active, as far
    as the agents have told Neutron.
  returned: when O(ha) was changed on a router that was up
  type: float
  sample: 14.2
actions:
  description: What was done, in order; in check mode what would be done.
  returned: success
  type: list
  elements: str
  sample: [turn ha on for router router1, which takes it down meanwhile]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.converge import converge
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.ha_router_spec import argument_spec
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io import neutron
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.neutron_router_operation import RouterOperation


def main():
    module = AnsibleModule({**argument_spec(), **neutron.argument_spec()}, supports_check_mode=True)
    converge(module, RouterOperation(lambda: neutron.connect(module)))


if __name__ == "__main__":
    main()
