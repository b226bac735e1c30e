#!/usr/bin/python
# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vxlan_devices
short_description: Take layer-2 population out of the VXLAN devices of Neutron's Linux bridge agent
version_added: "0.1.0"
description:
  - Gives every C(vxlan-<vni>) device that was made with layer-2 population the multicast group that the agent would
    give it without. The agent only makes devices that are missing, so otherwise a device keeps flooding to the peers
    in its old table, and to nobody else.
  - The group is set on the device in place, so no frame is lost. A device with an ARP proxy
    (C([vxlan] arp_responder = true)) cannot be changed in place; it is deleted and made anew with the same options.
  - The peers in the old table stay until O(populated_entries=absent), so nodes that have their group and nodes that do
    not yet reach one another.
author: linuxbridge.vrrp contributors (@linuxbridge)
attributes:
  check_mode:
    support: full
    description: Says what would be done and does nothing.
  diff_mode:
    support: full
    description: Shows each device's group and populated entries before and after.
options:
  config_files:
    description:
      - The agent's configuration files, in the order it reads them. C(vxlan_group) and C(multicast_ranges) are taken
        from their section C([vxlan]); where they say nothing the group is V(224.0.0.1), as the agent's.
    type: list
    elements: path
    default:
      - /etc/neutron/neutron.conf
      - /etc/neutron/plugins/ml2/ml2_conf.ini
      - /etc/neutron/plugins/ml2/linuxbridge_agent.ini
  populated_entries:
    description:
      - What to do with the entries that layer-2 population wrote into the devices' forwarding tables. They never age,
        so a router that moves to another node would not be found there.
      - V(unchanged) leaves them.
      - V(absent) takes them out. Do so when every node's devices have their group and this node's agent runs without
        layer-2 population; what is in use is learned again at once.
    type: str
    choices: [absent, unchanged]
    default: unchanged
notes:
  - Needs iproute2 on the node. A node without such devices is left as it is, and needs no configuration files.
"""

EXAMPLES = r"""
- name: Every VXLAN device floods to its multicast group
  linuxbridge.vrrp.vxlan_devices:

- name: Nothing is left of layer-2 population
  linuxbridge.vrrp.vxlan_devices:
    populated_entries: absent
"""

RETURN = r"""
actions:
  description: What was done, or would be in check mode, in order.
  returned: always
  type: list
  elements: str
  sample: [set the group of vxlan-101]
populated:
  description: Devices with entries that layer-2 population wrote, after what was done.
  returned: success
  type: list
  elements: str
  sample: [vxlan-101]
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.converge import converge
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.plan import Plan, Step
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.vxlan_flooding import Have, Want, plan_flooding
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.vxlan_links import VxlanLinks


class VxlanDevices:
    poll_interval = 0.2

    def __init__(self, module: AnsibleModule) -> None:
        self._module = module

    def parse(self, params: dict[str, Any]) -> Want:
        return Want(tuple(params["config_files"]), params["populated_entries"] == "absent")

    def connect(self, want: Want) -> VxlanLinks:
        return VxlanLinks(self._module.run_command)

    def observe(self, port: VxlanLinks, want: Want) -> Have:
        return port.look(want)

    def plan(self, have: Have, want: Want) -> Plan:
        return plan_flooding(have, want)

    def apply(self, step: Step, port: VxlanLinks) -> None:
        port.do(step.verb, step.payload)

    def settle_timeout(self, want: Want) -> float:
        return 2.0

    def result(self, have: Have, want: Want, plan: Plan) -> dict[str, Any]:
        return {"populated": [device.name for device in have.devices if device.populated]}


def main() -> None:
    files = ["neutron.conf", "plugins/ml2/ml2_conf.ini", "plugins/ml2/linuxbridge_agent.ini"]
    module = AnsibleModule(
        argument_spec={
            "config_files": {"type": "list", "elements": "path", "default": ["/etc/neutron/" + file for file in files]},
            "populated_entries": {"type": "str", "choices": ["absent", "unchanged"], "default": "unchanged"},
        },
        supports_check_mode=True,
    )
    converge(module, VxlanDevices(module))


if __name__ == "__main__":
    main()
