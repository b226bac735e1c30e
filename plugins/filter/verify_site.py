# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: verify_site
short_description: The guide's verification of a site, as named checks
version_added: "0.1.0"
author: linuxbridge.vrrp contributors (@linuxbridge)
description:
  - Judges what modules returned of a site. P(linuxbridge.vrrp.verify#role) asks them.
  - All checks are made, whatever the others say. A module that failed is given with its C(msg).
options:
  _input:
    description: What P(linuxbridge.vrrp.vrrp_info#module) returned, by network node.
    type: dict
    required: true
  groups:
    description: The inventory's groups.
    type: dict
    required: true
  agents:
    description: What P(openstack.cloud.resources#module) returned of the type C(agent).
    type: dict
    required: true
  api:
    description: What P(linuxbridge.vrrp.ha_router_info#module) returned.
    type: dict
    required: true
  probes:
    description: What P(linuxbridge.vrrp.traffic_probe#module) returned, by outside host.
    type: dict
    default: {}
  routers:
    description: Names or identifiers of the HA routers that must be there; empty means those that the API has.
    type: list
    elements: str
    default: []
  targets:
    description: Addresses that must answer from outside.
    type: list
    elements: str
    default: []
  agents_per_router:
    description: Neutron's C(max_l3_agents_per_router). Left out, a router must be where Neutron has put it, and on two
      network nodes at least.
    type: int
  dhcp_metadata_on:
    description: The group whose hosts have the DHCP and metadata agents. Left out, those that there are must be alive.
    type: str
"""

EXAMPLES = r"""
- name: Show what is wrong with a site of which nothing answers
  ansible.builtin.debug:
    msg: "{{ (nodes | linuxbridge.vrrp.verify_site(groups, agents=nothing, api=nothing)).table }}"
  vars:
    nodes: {}
    nothing: {msg: the API does not answer}
"""

RETURN = r"""
_value:
  description: C(checks), each with C(check), C(result) (ok, FAILED, skipped) and what was C(found); the names of those
    that C(failed); and C(table), lines for a terminal.
  type: dict
"""

from dataclasses import asdict
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.verify import FAILED, Site, verify, verify_table


def verify_site(nodes: dict[str, Any], groups: dict[str, list[str]], **given: Any) -> dict[str, Any]:
    checks = verify(Site(nodes=nodes, groups=groups, **{"probes": {}, **given}))
    return {
        "checks": [asdict(check) for check in checks],
        "failed": [check.check for check in checks if check.result == FAILED],
        "table": verify_table(checks),
    }


class FilterModule:
    def filters(self) -> dict[str, Any]:
        return {"verify_site": verify_site}
