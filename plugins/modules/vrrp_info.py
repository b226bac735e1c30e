#!/usr/bin/python
# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vrrp_info
short_description: The VRRP routers of a node as its kernel has them, whoever made them
version_added: "0.1.0"
description:
  - Returns the router namespaces of a node with their devices, keepalived's processes and configuration, which virtual
    addresses are there and which are missing, and from these whether the node is active.
  - Works for HA routers of Neutron's L3 agent, for those of this collection, and for keepalived in any other namespace
    or in none. Routers of Neutron that are not HA are returned as well.
  - A configuration is read as Neutron and this collection write it. Of others, C(include), parameters (C($NAME)),
    conditions (C(@id)), C(use_vmac) and C(use_ipvlan) are not understood; where a file has one, C(problem) names it.
  - It changes nothing, asks no API, and returns no password. Needs root and iproute2 on the node.
options:
  routers:
    description: Return these only, by name or by namespace. A router of Neutron has its identifier for a name.
    type: list
    elements: str
  ha_confs_path:
    description: Where Neutron's L3 agent keeps keepalived's configurations, its option of the same name.
    type: path
    default: /var/lib/neutron/ha_confs
extends_documentation_fragment: linuxbridge.vrrp.info
author:
  - linuxbridge.vrrp contributors (@linuxbridge)
"""

EXAMPLES = r"""
- name: See what the network node does
  linuxbridge.vrrp.vrrp_info:
  register: node

- name: Show for which routers it is active
  ansible.builtin.debug:
    msg: "{{ node.routers | selectattr('state', 'equalto', 'active') | map(attribute='name') }}"
"""

RETURN = r"""
routers:
  description: The routers, by namespace.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description:
        - The namespace without C(qrouter-); V(null) for keepalived in the node's own namespace.
        - For a namespace that was deleted, the name that it had; V(null) if no configuration tells.
      type: str
      sample: b6206312-878e-497c-8ef7-eb384f8add96
    namespace:
      description:
        - The network namespace, V(null) for the node's own.
        - One that was deleted while keepalived runs in it has no name, but a path such as V(/proc/4711/ns/net), which
          C(nsenter --net=) takes.
      type: str
      sample: qrouter-b6206312-878e-497c-8ef7-eb384f8add96
    maker:
      description: V(neutron) or V(linuxbridge.vrrp), V(null) for a namespace without a configuration of either.
      type: str
      sample: neutron
    ha:
      description: Whether it is an HA router.
      type: bool
      sample: true
    state:
      description:
        - V(active) if any virtual address is there; V(fault) if none is and there is a reason why it cannot become
          active; else V(backup). V(null) if the router is not HA.
        - V(null) too if none is that could be looked for, and a file has a C(problem), for there may be others.
      type: str
      sample: active
    recorded_state:
      description: What the L3 agent's watcher, or keepalived itself, last wrote down, in the same words; V(null) if
        nothing. Of several records, the oldest one that agrees with the C(state).
      type: str
      sample: active
    since:
      description:
        - When that was written, in seconds since the epoch; V(null) if it does not agree with the C(state).
      type: float
      sample: 1700000000.5
    devices:
      description:
        - Devices in the namespace but the loopback. C(role) is V(ha), V(interface) (C(qr-)), V(gateway) (C(qg-)) or
          V(other). C(addresses_duplicate) are those that another host had already, C(addresses_learned) those that the
          kernel made of router advertisements.
      type: list
      elements: dict
      sample:
        - name: qr-da3504ad-ba
          role: interface
          mac_address: fa:16:3e:dc:8e:a8
          mtu: 1450
          enabled: true
          carrier: true
          addresses: [198.51.100.1/24]
          addresses_duplicate: []
          addresses_learned: []
    keepalived:
      description:
        - Configuration files that keepalived runs with, or should, with its processes (C(pids)) and, if the file cannot
          be read or understood, the C(problem). C(written) is when the file last was, in seconds since the epoch.
      type: list
      elements: dict
      sample:
        - configuration: /var/lib/neutron/ha_confs/b6206312-878e-497c-8ef7-eb384f8add96/keepalived.conf
          written: 1700000000.1
          problem: null
          pids: [4711, 4712]
    instances:
      description:
        - VRRP instances of these files, with their C(state) and, in C(faults), why an instance cannot become active.
        - What keepalived alone knows, such as the result of a script, is a fault only where the node's journal tells
          it, or keepalived's notification was written down. An instance without addresses of a file with a C(problem)
          has the state V(null).
        - C(addresses_present) and C(addresses_missing) are its virtual addresses, each with its C(interface).
        - C(advert_interval) is in seconds.
      type: list
      elements: dict
      sample:
        - name: VR_1
          interface: ha-eb820380-40
          virtual_router_id: 1
          priority: 50
          advert_interval: 2.0
          version: 2
          preempt: false
          state: active
          faults: []
          addresses_present: [{address: 169.254.0.1/24, interface: ha-eb820380-40}]
          addresses_missing: []
    addresses_unexpected:
      description: Addresses on C(qr-) and C(qg-) devices of an HA router that no instance has.
      type: list
      elements: dict
      sample: [{address: 198.51.100.99/24, interface: qr-da3504ad-ba}]
    uplinks:
      description:
        - Interfaces of the node whose loss cuts off the router's HA network, such as a bond or a VLAN. What these rest
          on is not listed.
      type: list
      elements: str
      sample: [eth2]
connection:
  description:
    - The SSH connection that Ansible has to the node, with the C(client)'s and the node's C(address), and the
      C(interfaces) it rests on. V(null) if the node was reached in another way.
  returned: success
  type: dict
  sample: {client: 192.0.2.5, address: 192.0.2.12, interfaces: [eth0]}
clock:
  description:
    - How far times of this node can be compared with those of others. C(error) is the kernel's estimate of its error in
      seconds, V(null) if nothing keeps the clock in time. C(booted) is when the kernel was started by its own clock;
      nodes that agree in it to the millisecond are containers of one machine and share its clock.
  returned: success
  type: dict
  sample: {booted: 1699990000.1234, error: 0.012}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.host import clock, connection
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.vrrp_node import Node


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "routers": {"type": "list", "elements": "str"},
            "ha_confs_path": {"type": "path", "default": "/var/lib/neutron/ha_confs"},
        },
        supports_check_mode=True,
    )
    try:
        routers = Node(module.params["ha_confs_path"]).routers(module.params["routers"])
        found = {"routers": routers, "connection": connection(), "clock": clock()}
    except EdgeError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
