# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: drill_report
short_description: What a failover drill found
version_added: "0.1.0"
author: linuxbridge.vrrp contributors (@linuxbridge)
description:
  - Puts together who was active when, whether two nodes were at once, and how long addresses did not answer.
options:
  _input:
    description: What P(linuxbridge.vrrp.drill_plan#filter) returned.
    type: dict
    required: true
  before:
    description: What P(linuxbridge.vrrp.vrrp_info#module) returned before the drill, by network node.
    type: dict
    required: true
  after:
    description: What it returned after the drill.
    type: dict
    required: true
  watches:
    description: What P(linuxbridge.vrrp.vrrp_watch#module) returned, by network node.
    type: dict
    required: true
  probes:
    description: What P(linuxbridge.vrrp.traffic_probe#module) returned, by outside host.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Show the report
  ansible.builtin.debug:
    msg: "{{ (plan | linuxbridge.vrrp.drill_report(before, after, watches, probes)).table }}"
  when: plan is defined
"""

RETURN = r"""
_value:
  description:
    - C(failures), sentences, empty if the failover worked; C(findings), what else there is to know.
    - C(cut) with the C(node), its C(interface), and when it went C(down) and C(up); C(took_over) with the C(node), its
      C(time), and the C(seconds) after the cut; C(active) with the times at which each node was active;
      C(both_active) with the C(spans) in which an address was on two nodes, their length in C(seconds), and the
      C(clock_error_seconds) between nodes (V(null) if unknown); C(outages) by target and outside host, each with
      C(silent_after_takeover_seconds), without answers after the takeover and before the interface was up again.
    - C(table), lines for a terminal. Times are seconds since the epoch, in the table seconds after the cut.
  type: dict
"""

from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.drill_report import drill_report, drill_table


def report_with_table(
    plan: dict[str, Any],
    before: dict[str, Any],
    after: dict[str, Any],
    watches: dict[str, Any],
    probes: dict[str, Any] | None = None,
) -> dict[str, Any]:
    report = drill_report(plan, before, after, watches, probes or {})
    return {**report, "table": drill_table(report)}


class FilterModule:
    def filters(self) -> dict[str, Any]:
        return {"drill_report": report_with_table}
