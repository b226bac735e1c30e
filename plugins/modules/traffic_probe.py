#!/usr/bin/python
# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: traffic_probe
short_description: Measure how long addresses do not answer while other tasks run
version_added: "0.1.0"
description:
  - One task starts a probe, which sends ICMP echo requests to several addresses at a steady rate in the background.
    Another task stops it and gets, for each address, when it did not answer and for how long.
  - A gap is a run of requests without an answer. It lasts from the last answer before it to the first answer after it;
    answers carry the kernel's time of arrival. An answer that comes more than a second late does not count.
  - The probe is one process with a fixed memory need, and keeps gaps, not answers.
  - Needs root, for raw sockets, and nothing but Python. Results are kept in C(/run/linuxbridge-vrrp-jobs).
options:
  name:
    description:
      - What the probe is called on its host. Letters, digits, C(-), C(_) and C(.).
    type: str
    required: true
  state:
    description:
      - V(started) starts the probe. One that runs with the same options is left alone; one that has ended is forgotten.
      - V(restarted) forgets what there is of the name, and starts the probe anew.
      - V(stopped) ends the probe, waits up to a second for answers that are under way, and returns what it measured.
        It can be repeated.
      - V(absent) ends the probe and forgets what it measured.
    type: str
    choices: [started, restarted, stopped, absent]
    default: started
  targets:
    description:
      - IPv4 and IPv6 addresses, link-local ones with the interface, as in C(fe80::1%eth0). Names are not looked up.
      - Required with O(state=started) and O(state=restarted).
    type: list
    elements: str
  rate:
    description: Requests a second to each target, up to 1000.
    type: float
    default: 100
  duration:
    description: Seconds after which the probe ends by itself, whatever happens to Ansible meanwhile; up to a day.
    type: float
    default: 900
attributes:
  check_mode:
    description: Starts, ends and removes nothing.
    support: full
  diff_mode:
    description: Shows whether the probe is running, ended or absent.
    support: full
author:
  - linuxbridge.vrrp contributors (@linuxbridge)
"""

EXAMPLES = r"""
- name: Ping both addresses of the instance while the network node is worked on
  linuxbridge.vrrp.traffic_probe:
    name: maintenance
    targets: [203.0.113.17, "fd00:198:51:100::4"]
    duration: 600
  delegate_to: outside1

- name: Take what was measured
  linuxbridge.vrrp.traffic_probe:
    name: maintenance
    state: stopped
  delegate_to: outside1
  register: maintenance

- name: Show the longest time without an answer
  ansible.builtin.debug:
    msg: "{{ item.target }} was gone for {{ item.longest_gap_seconds }} s"
  loop: "{{ maintenance.targets }}"
  loop_control:
    label: "{{ item.target }}"

- name: Forget it
  linuxbridge.vrrp.traffic_probe:
    name: maintenance
    state: absent
  delegate_to: outside1
"""

RETURN = r"""
running:
  description: Whether the probe runs when the task ends.
  returned: success
  type: bool
started:
  description: When the first request was sent, in seconds since the epoch; V(null) if there is no result.
  returned: success
  type: float
  sample: 1700000000.123456
ended:
  description:
    - When the probe was stopped or its O(duration) was over. V(null) if it was killed, and then the last second may be
      missing.
  returned: success
  type: float
  sample: 1700000060.123456
rate:
  description: Requests a second that were sent to each target. Less than was asked for means that the host was busy.
  returned: success
  type: float
  sample: 100.0
targets:
  description: What was measured. Empty unless O(state=stopped).
  returned: success
  type: list
  elements: dict
  contains:
    target:
      description: The address.
      type: str
      sample: 203.0.113.17
    sent:
      description: Requests.
      type: int
      sample: 6000
    received:
      description: Requests that were answered.
      type: int
      sample: 5420
    lost:
      description: Requests that were not.
      type: int
      sample: 580
    first_answer:
      description: When the first answer came, in seconds since the epoch; V(null) if none came.
      type: float
      sample: 1700000000.124
    last_answer:
      description: When the last answer came, in seconds since the epoch; V(null) if none came.
      type: float
      sample: 1700000060.119
    answers_at_end:
      description: Whether the last request was answered.
      type: bool
      sample: true
    gap_count:
      description: Number of gaps.
      type: int
      sample: 1
    gaps:
      description:
        - The 20 longest gaps in the order of time. C(start) and C(end) in seconds since the epoch, C(end) V(null) if no
          answer came any more; C(seconds) and the number of requests C(lost). A gap before the first answer starts with
          the probe.
      type: list
      elements: dict
      sample: [{start: 1700000020.01, end: 1700000025.82, seconds: 5.81, lost: 580}]
    longest_gap_seconds:
      description: The longest gap, 0 if there is none.
      type: float
      sample: 5.81
    outage_seconds:
      description: All gaps together.
      type: float
      sample: 5.81
    errors:
      description: Errors of requests that could not be sent, each with how often it happened.
      type: dict
      sample: {"Network is unreachable": 12}
actions:
  description: What was done, in order; in check mode what would be done.
  returned: success
  type: list
  elements: str
  sample: [start probe maintenance]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.converge import converge
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.job import STATES, probe_want
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.job_operation import JobOperation
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.probe import EMPTY, Probes

ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": list(STATES), "default": "started"},
    "targets": {"type": "list", "elements": "str"},
    "rate": {"type": "float", "default": 100},
    "duration": {"type": "float", "default": 900},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    converge(module, JobOperation(probe_want, Probes, EMPTY))


if __name__ == "__main__":
    main()
