#!/usr/bin/python
# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vrrp_watch
short_description: Record when a node has which addresses while other tasks run
version_added: "0.1.0"
description:
  - One task starts a watch, in which the kernel tells of every address that comes and goes in some network namespaces,
    and of interfaces that go down or up. Another task stops it and gets the times.
  - With the watches of all network nodes it can be told which node was active when, and whether two were at once.
  - Needs root, iproute2 and C(timeout) of the coreutils. What is recorded is kept in C(/run/linuxbridge-vrrp-jobs).
options:
  name:
    description: What the watch is called on its host. Letters, digits, C(-), C(_) and C(.).
    type: str
    required: true
  state:
    description:
      - V(started) starts the watch. One that runs with the same options is left alone; one that has ended is forgotten.
      - V(restarted) forgets what there is of the name, and starts the watch anew.
      - V(stopped) ends the watch and returns what it recorded. It can be repeated.
      - V(absent) ends the watch and forgets what it recorded.
    type: str
    choices: [started, restarted, stopped, absent]
    default: started
  namespaces:
    description:
      - Network namespaces whose addresses are watched. They must be there.
      - With O(state=started) and O(state=restarted), at least one of these or of O(interfaces) is required.
    type: list
    elements: str
    default: []
  interfaces:
    description:
      - Interfaces of the node's own namespace that are watched for going down and up. They must be there when the watch
        is started; one that is deleted is down, and one that is made again under its name is still the same.
    type: list
    elements: str
    default: []
  duration:
    description: Seconds after which the watch ends by itself, whatever happens to Ansible meanwhile; up to a day.
    type: float
    default: 900
attributes:
  check_mode:
    description: Starts, ends and removes nothing.
    support: full
  diff_mode:
    description: Shows whether the watch is running, ended or absent.
    support: full
author:
  - linuxbridge.vrrp contributors (@linuxbridge)
"""

EXAMPLES = r"""
- name: Watch a router and the overlay interface on every network node
  linuxbridge.vrrp.vrrp_watch:
    name: maintenance
    namespaces: [qrouter-b6206312-878e-497c-8ef7-eb384f8add96]
    interfaces: [eth2]

- name: Take what was recorded
  linuxbridge.vrrp.vrrp_watch:
    name: maintenance
    state: stopped
  register: maintenance

- name: Forget it
  linuxbridge.vrrp.vrrp_watch:
    name: maintenance
    state: absent
"""

RETURN = r"""
running:
  description: Whether the watch runs when the task ends.
  returned: success
  type: bool
started:
  description: When it was started, in seconds since the epoch; V(null) if there is no result.
  returned: success
  type: float
  sample: 1700000000.123456
ended:
  description: When it ended.
  returned: success
  type: float
  sample: 1700000060.123456
namespaces:
  description: What was recorded. Empty unless O(state=stopped).
  returned: success
  type: list
  elements: dict
  contains:
    namespace:
      description: The network namespace.
      type: str
      sample: qrouter-b6206312-878e-497c-8ef7-eb384f8add96
    complete:
      description: Whether the record leads from what was there at the start to what was there at the end.
      type: bool
      sample: true
    addresses:
      description:
        - Every address that was there at any time, with its C(interface), and in C(spans) the times from when and until
          when, in seconds since the epoch. The watch begins and ends spans, too.
      type: list
      elements: dict
      sample:
        - {address: 198.51.100.1/24, interface: qr-da3504ad-ba, spans: [[1700000010.2, 1700000060.1]]}
links:
  description:
    - For each of the O(interfaces) when it changed, in seconds since the epoch, and whether it then was enabled and had
      carrier. Empty unless O(state=stopped).
  returned: success
  type: list
  elements: dict
  sample: [{interface: eth2, changes: [{time: 1700000005.1, enabled: false, carrier: false}]}]
actions:
  description: What was done, in order; in check mode what would be done.
  returned: success
  type: list
  elements: str
  sample: [start watch maintenance]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.converge import converge
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.job import STATES, watch_want
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.job_operation import JobOperation
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.watch import EMPTY, Watches

ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": list(STATES), "default": "started"},
    "namespaces": {"type": "list", "elements": "str", "default": []},
    "interfaces": {"type": "list", "elements": "str", "default": []},
    "duration": {"type": "float", "default": 900},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    converge(module, JobOperation(watch_want, Watches, EMPTY))


if __name__ == "__main__":
    main()
