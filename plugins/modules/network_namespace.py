#!/usr/bin/python
# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: network_namespace
short_description: Network namespaces by their exact names
version_added: "0.1.0"
author: linuxbridge.vrrp contributors (@linuxbridge)
description:
  - Makes network namespaces with their loopback interface up and with sysctls, and removes them.
  - Needs iproute2 on the node, and systemd for O(persistent=true).
  - One run at a time is at work on a node. Another waits up to a minute for it, and for the command that a killed one
    has begun.
options:
  name:
    description:
      - The names of one or more namespaces. C(red) is not C(red2).
      - Up to 64 ASCII letters, digits, C(.), C(_) and C(-), starting with a letter or digit.
    type: list
    elements: str
    required: true
  state:
    description:
      - V(present) makes what is missing and mends what differs.
      - V(absent) removes the namespaces, with all interfaces that are in them. A namespace with processes in it is
        refused unless O(kill=true), and then no namespace of the task is removed.
    type: str
    choices: [present, absent]
    default: present
  sysctls:
    description:
      - Kernel settings inside each of the namespaces, by key. Only C(net.) settings are of a namespace.
      - Others are untouched, but for those that the kernel changes along, as it sets C(forwarding) of all devices with
        C(net.ipv4.ip_forward). That and those of C(all) are set first, then those of C(default), then those of single
        devices, so that a device can be an exception.
      - Values are as the kernel shows them, so numbers are decimal, without a zero in front.
      - The separator is C(.), or C(/) when that comes first, as in C(net/ipv4/conf/eth0.100/forwarding).
    type: dict
  persistent:
    description:
      - Whether a systemd unit, C(linuxbridge-vrrp-netns-NAME.service), makes the namespace with its sysctls again when
        the node boots.
      - When V(false), a unit that this module made is removed, and the namespace is gone after a reboot.
    type: bool
    default: true
  kill:
    description:
      - With O(state=absent), end the processes in the namespaces, with SIGTERM and after five seconds with SIGKILL.
    type: bool
    default: false
attributes:
  check_mode:
    description: Changes nothing, and says what a real run would do.
    support: full
  diff_mode:
    description: Shows namespaces, their sysctls and whether they are made at boot, before and after.
    support: full
seealso:
  - module: linuxbridge.vrrp.keepalived_instance
  - module: linuxbridge.vrrp.node_routers
"""

EXAMPLES = r"""
- name: Make two namespaces that forward IPv4, also after a reboot
  linuxbridge.vrrp.network_namespace:
    name: [red, blue]
    sysctls:
      net.ipv4.ip_forward: 1
      net.ipv4.conf.all.arp_ignore: 1
      net.ipv4.conf.all.arp_announce: 2

- name: Remove a namespace, whatever runs in it
  linuxbridge.vrrp.network_namespace:
    name: red
    state: absent
    kill: true
"""

RETURN = r"""
actions:
  description: What was done, or would be in check mode.
  returned: always
  type: list
  elements: str
  sample: [create network namespace red, bring up lo in red, set net.ipv4.ip_forward=1 in red]
namespaces:
  description: The named namespaces as they are after the run.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name.
      returned: success
      type: str
      sample: red
    exists:
      description: Whether it is there.
      returned: success
      type: bool
      sample: true
    processes:
      description: The processes in it.
      returned: success
      type: list
      elements: dict
      contains:
        pid:
          description: Process identifier.
          returned: success
          type: int
          sample: 4711
        command:
          description: Name of the command.
          returned: success
          type: str
          sample: keepalived
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.converge import converge
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.network_namespace import NetworkNamespace

ARGUMENT_SPEC = {
    "name": {"type": "list", "elements": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "sysctls": {"type": "dict"},
    "persistent": {"type": "bool", "default": True},
    "kill": {"type": "bool", "default": False},
}


def main():
    converge(AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True), NetworkNamespace())


if __name__ == "__main__":
    main()
