#!/usr/bin/python
# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: keepalived_instance
short_description: A VRRP instance of keepalived, in a network namespace or not
version_added: "0.1.0"
author: linuxbridge.vrrp contributors (@linuxbridge)
description:
  - Keeps one VRRP instance configured and running, each with a configuration file, a systemd unit and a process of its
    own (C(/etc/linuxbridge-vrrp/instances/NAME.conf), C(linuxbridge-vrrp-NAME.service)). An instance starts as backup.
  - keepalived tests a configuration, inside the namespace, before it is in place. A configuration that it refuses or
    would change on its own is not written.
  - Its test is silent on commands that it would then never run. So each must be an executable file of root's, on a path
    that nobody else can write to, and the directory of a file to track must exist; else nothing is written, either.
  - Commands run as root, for keepalived 2.2.7 dies in its test of those of another user. To run one as somebody else,
    begin it with C(/usr/bin/setpriv --reuid=USER --regid=GROUP --clear-groups).
  - Whatever has changed, there is one reload, which keeps an active instance active. Where keepalived would lose the
    state anyway (O(virtual_router_id), O(interface), the address family, multicast or unicast, the namespace), the
    process is restarted, and the plan and a warning say so.
  - An option that is unset is left as the configuration file has it; a new instance gets the default. An empty list or
    text means none.
  - Edited files and units, dead processes and configurations that were written but not loaded are found and mended.
  - Needs keepalived, iproute2 and systemd on the node. keepalived 2.2.7 is what it was made with.
options:
  name:
    description:
      - The name of the instance, its files and its unit.
      - Up to 64 ASCII letters, digits, C(.), C(_) and C(-), starting with a letter or digit, and not with
        C(netns-) or C(qrouter-), which are for P(linuxbridge.vrrp.network_namespace#module) and
        P(linuxbridge.vrrp.node_routers#module).
    type: str
    required: true
  state:
    description:
      - V(present) makes the instance run, now and after each boot.
      - V(absent) stops it, so that another node takes over at once, and removes its files.
    type: str
    choices: [present, absent]
    default: present
  namespace:
    description:
      - The network namespace it runs in. Empty for the node's own.
      - It must exist; M(linuxbridge.vrrp.network_namespace) makes it.
    type: str
  interface:
    description:
      - The interface for advertisements. Its carrier is always tracked. Needed for a new instance.
    type: str
  virtual_router_id:
    description:
      - 1 to 255, the same on all nodes, and one of a kind on the network. Needed for a new instance.
    type: int
  priority:
    description:
      - 1 to 254; the highest becomes active. 255 is for the owner of the addresses.
      - A new instance has 100.
    type: int
  advert_interval:
    description:
      - Seconds between advertisements, the same on all nodes. A fraction, in steps of 0.01 s, chooses VRRP version 3.
      - 1 to 255 with VRRP version 2, 0.01 to 40.95 with version 3. A new instance has 1.
    type: float
  version:
    description:
      - The version of VRRP. A new instance has 3 for IPv6 and for an interval with a fraction, else 2.
      - Nodes of different versions do not understand each other, so an instance goes from 3 to 2 only when told to.
    type: int
    choices: [2, 3]
  preempt:
    description:
      - Whether an instance of higher priority takes over from one that is active. A new instance does.
    type: bool
  preempt_delay:
    description:
      - Seconds to wait before taking over, 0 to 1000. O(preempt=false) goes with 0 only.
    type: float
  authentication:
    description:
      - The password in each advertisement, VRRP version 2 only. An empty dictionary for none.
      - An instance that has version 3 needs O(version=2) beside a password.
    type: dict
    suboptions:
      password:
        description:
          - Up to 8 ASCII characters other than spaces, quotes and C(# ! $ { } \\).
        type: str
      type:
        description:
          - V(PASS) sends the password in clear text. V(AH) is an IPsec header, which keepalived advises against.
          - By default V(PASS). Needs O(authentication.password).
        type: str
        choices: [PASS, AH]
  source_address:
    description:
      - Source address of advertisements. Of two active nodes of one priority the one with the higher address stays.
      - By default the address of the interface.
    type: str
  unicast_peers:
    description:
      - Addresses of the other nodes, where multicast does not work. An empty list is multicast.
    type: list
    elements: str
  track_interfaces:
    description:
      - Other interfaces to watch.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - The interface. The instance's own is always tracked.
        type: str
        required: true
      weight:
        description:
          - What to add to the priority while it is up, or when negative to take away while it is down, -253 to 253.
          - When unset the instance goes to FAULT while it is down.
        type: int
  track_files:
    description:
      - Files with a number in them to watch.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - A name for it.
        type: str
        required: true
      file:
        description:
          - Absolute path of the file.
        type: str
        required: true
      weight:
        description:
          - The number in the file is multiplied by it and added to the priority. With 0 any number but 0 is FAULT.
          - keepalived's default is 1.
        type: int
  track_scripts:
    description:
      - Commands whose exit status is watched; 0 is healthy.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - A name for it.
        type: str
        required: true
      script:
        description:
          - Absolute path and arguments, without quotes.
        type: str
        required: true
      interval:
        description:
          - Seconds between runs.
        type: int
        default: 1
      timeout:
        description:
          - Seconds after which a run has failed.
        type: int
      rise:
        description:
          - How many successes make it healthy.
        type: int
      fall:
        description:
          - How many failures make it fail.
        type: int
      weight:
        description:
          - What to add to the priority while healthy, or when negative to take away on failure, -253 to 253.
          - When unset the instance goes to FAULT on failure.
        type: int
  garp_master_delay:
    description:
      - Seconds after becoming active until gratuitous ARP is sent a second time; 0 for never.
    type: int
  garp_master_repeat:
    description:
      - How many gratuitous ARP packets are sent for an address at a time.
    type: int
  garp_master_refresh:
    description:
      - Seconds between gratuitous ARP packets for as long as the instance is active; 0 for none.
    type: int
  garp_master_refresh_repeat:
    description:
      - How many of them are sent for an address at a time.
    type: int
  garp_lower_prio_delay:
    description:
      - Seconds until gratuitous ARP is sent a second time after another node was active by mistake.
    type: int
  garp_lower_prio_repeat:
    description:
      - How many gratuitous ARP packets are sent then. Without them the switches stay misled.
    type: int
  virtual_addresses:
    description:
      - The addresses that the active node has and that are advertised, the primary one first. All of one family, at
        most 255. Needed for a new instance.
    type: list
    elements: dict
    suboptions: &address
      address:
        description:
          - The address with its prefix length. Without one it is that of a single host.
        type: str
        required: true
      interface:
        description:
          - The interface that gets it. By default the interface of the instance.
        type: str
      scope:
        description:
          - The scope of an IPv4 address.
        type: str
        choices: [global, site, link, host]
      track:
        description:
          - Whether the instance goes to FAULT when this interface goes, and puts the address back when it is lost.
        type: bool
        default: true
  virtual_addresses_excluded:
    description:
      - Addresses that the active node has as well and that are not advertised, of any family and number.
    type: list
    elements: dict
    suboptions: *address
  virtual_routes:
    description:
      - Routes that the active node has, added in this order.
    type: list
    elements: dict
    suboptions:
      destination:
        description:
          - A network with its prefix length, V(0.0.0.0/0) or V(::/0) for a default route.
        type: str
        required: true
      next_hop:
        description:
          - Address of the next router.
        type: str
      interface:
        description:
          - The interface to leave by.
        type: str
      on_link:
        description:
          - The next hop is reached directly, even outside the interface's subnets.
        type: bool
        default: false
      scope:
        description:
          - The scope of an IPv4 route. V(link) and V(host) go without O(virtual_routes[].next_hop).
        type: str
        choices: [global, site, link, host]
      protocol:
        description:
          - Routing protocol that the route is marked with, V(static) for instance. A number from V(0) to V(255), or a
            name of at most 125 characters that the node's C(/etc/iproute2/rt_protos) has or that keepalived knows
            itself; on the node keepalived's own test refuses another before anything is written.
        type: str
      track:
        description:
          - Whether the instance goes to FAULT when the route is lost. Needs O(virtual_routes[].interface).
          - By default so when there is an interface.
        type: bool
  notify_master:
    description:
      - Command to run when the instance becomes active.
      - An absolute path and arguments, without quotes. Empty for none.
    type: str
  notify_backup:
    description:
      - Command to run when the instance becomes backup.
      - An absolute path and arguments, without quotes. Empty for none.
    type: str
  notify_fault:
    description:
      - Command to run when the instance goes to FAULT.
      - An absolute path and arguments, without quotes. Empty for none.
    type: str
  notify_stop:
    description:
      - Command to run when the instance is stopped.
      - An absolute path and arguments, without quotes. Empty for none.
    type: str
  notify:
    description:
      - Command to run when the instance changes in any way; its arguments are V(INSTANCE), name, state and priority.
      - An absolute path and arguments, without quotes. Empty for none.
    type: str
  dynamic_interfaces:
    description:
      - Whether interfaces may be missing, and may be removed and made again while the instance runs. Otherwise a
        configuration that names an unknown interface is refused.
    type: bool
attributes:
  check_mode:
    description:
      - Changes nothing, and says what a real run would do.
      - What keepalived would refuse or drop is found in a real run only, for an earlier task may bring what is missing.
    support: full
  diff_mode:
    description: Shows file, unit and process before and after, without passwords, old or new.
    support: full
seealso:
  - module: linuxbridge.vrrp.network_namespace
  - module: linuxbridge.vrrp.node_routers
"""

EXAMPLES = r"""
- name: Make a gateway address that two nodes share
  linuxbridge.vrrp.keepalived_instance:
    name: gateway
    interface: eth1
    virtual_router_id: 51
    priority: "{{ 150 if inventory_hostname == 'network1' else 100 }}"
    preempt: false
    virtual_addresses:
      - address: 192.0.2.1/24

- name: Fail over within a tenth of a second, in a namespace, with both families
  linuxbridge.vrrp.keepalived_instance:
    name: router1
    namespace: qrouter-router1
    interface: ha-net
    virtual_router_id: 1
    advert_interval: 0.03
    garp_lower_prio_repeat: 5
    virtual_addresses:
      - address: 169.254.0.1/24
    virtual_addresses_excluded:
      - address: 198.51.100.1/24
        interface: qr-lan
      - address: 2001:db8:1::1/64
        interface: qr-lan
      - address: 203.0.113.21/24
        interface: qg-wan
    virtual_routes:
      - destination: 0.0.0.0/0
        next_hop: 203.0.113.1
        interface: qg-wan
  register: router1

- name: Show who is active, and since when
  ansible.builtin.debug:
    msg: "{{ router1.instance.state }} since {{ router1.instance.since }}"

- name: Remove an instance
  linuxbridge.vrrp.keepalived_instance:
    name: gateway
    state: absent
"""

RETURN = r"""
actions:
  description: What was done, or would be in check mode.
  returned: always
  type: list
  elements: str
  sample:
    - test /etc/linuxbridge-vrrp/instances/router1.conf
    - write /etc/linuxbridge-vrrp/instances/router1.conf
    - reload linuxbridge-vrrp-router1.service
instance:
  description: The instance as it is after the run.
  returned: success
  type: dict
  contains:
    name:
      description: Its name.
      returned: success
      type: str
      sample: router1
    running:
      description: Whether its process runs.
      returned: success
      type: bool
      sample: true
    state:
      description: V(master), V(backup) or V(fault). V(null) when it does not run.
      returned: success
      type: str
      sample: master
    since:
      description: When it came into that state, by the node's clock, in UTC. V(null) when it does not run.
      returned: success
      type: str
      sample: "2026-03-01T12:00:00.123456+00:00"
    namespace:
      description: The network namespace it runs in. V(null) for the node's own, and for an instance that is absent.
      returned: success
      type: str
      sample: qrouter-router1
    configuration:
      description: Path of the configuration file.
      returned: success
      type: str
      sample: /etc/linuxbridge-vrrp/instances/router1.conf
    unit:
      description: Path of the systemd unit.
      returned: success
      type: str
      sample: /etc/systemd/system/linuxbridge-vrrp-router1.service
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.converge import converge
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_render import (
    INSTANCE_NUMBERS,
    INSTANCE_SCRIPTS,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.keepalived_instance import KeepalivedInstance

TEXT = {"type": "str"}
NUMBER = {"type": "int"}
DECIMAL = {"type": "float"}
FLAG = {"type": "bool"}
NEEDED = {"type": "str", "required": True}
SCOPE = {"type": "str", "choices": ["global", "site", "link", "host"]}
ADDRESS = {"address": NEEDED, "interface": TEXT, "scope": SCOPE, "track": {"type": "bool", "default": True}}
ROUTE = {
    "destination": NEEDED,
    "on_link": {"type": "bool", "default": False},
    "scope": SCOPE,
    "track": FLAG,
    **dict.fromkeys(("next_hop", "interface", "protocol"), TEXT),
}
SCRIPT = {
    "name": NEEDED,
    "script": NEEDED,
    "interval": {"type": "int", "default": 1},
    **dict.fromkeys(("timeout", "rise", "fall", "weight"), NUMBER),
}
PASSWORD_TYPE = {"type": "str", "choices": ["PASS", "AH"]}
PASSWORD = {"password": {"type": "str", "no_log": True}, "type": PASSWORD_TYPE}


def dicts(options):
    return {"type": "list", "elements": "dict", "options": options}


ARGUMENT_SPEC = {
    "name": NEEDED,
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "version": {"type": "int", "choices": [2, 3]},
    "authentication": {"type": "dict", "options": PASSWORD},
    "unicast_peers": {"type": "list", "elements": "str"},
    "track_interfaces": dicts({"name": NEEDED, "weight": NUMBER}),
    "track_files": dicts({"name": NEEDED, "file": NEEDED, "weight": NUMBER}),
    "track_scripts": dicts(SCRIPT),
    "virtual_addresses": dicts(ADDRESS),
    "virtual_addresses_excluded": dicts(ADDRESS),
    "virtual_routes": dicts(ROUTE),
    **dict.fromkeys(("namespace", "interface", "source_address"), TEXT),
    **dict.fromkeys(INSTANCE_SCRIPTS, TEXT),
    **dict.fromkeys(("virtual_router_id", "priority", *INSTANCE_NUMBERS), NUMBER),
    **dict.fromkeys(("advert_interval", "preempt_delay"), DECIMAL),
    **dict.fromkeys(("preempt", "dynamic_interfaces"), FLAG),
}


def main():
    converge(AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True), KeepalivedInstance())


if __name__ == "__main__":
    main()
