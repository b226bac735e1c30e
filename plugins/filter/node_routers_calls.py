# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: node_routers_calls
short_description: Options of node_routers for every host of a site
version_added: "0.1.0"
author: linuxbridge.vrrp contributors (@linuxbridge)
description:
  - Derives what nobody gave, so that all hosts come to the same. VRIDs follow from the names of routers, HA addresses
    from the VRID and the host's number, MAC addresses from the names of router and network.
  - Fails, with every finding, when hosts disagree about a router, when two routers of a network have the same VRID, MAC
    address, address or floating IP, or when two hosts have the same HA address, or the same priority for a router.
  - Needs netaddr on the controller.
positional: _input, ha_cidr, site
options:
  _input:
    description:
      - The hosts by name, in the order of the inventory. Each has C(networks) and C(routers) as in
        P(linuxbridge.vrrp.node_routers#module), and perhaps C(number), from 1 to 64. Without it, a host has the number
        of its place. C(ha_cidr) and C(site), where a host has them, have to be those that are given here.
    type: dict
    required: true
  ha_cidr:
    description: Where HA addresses are taken from, at least a /18.
    type: str
    required: true
  site:
    description: Goes into MAC addresses, to tell sites on one segment apart.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Show what each of two hosts gets
  ansible.builtin.debug:
    msg: "{{ hosts | linuxbridge.vrrp.node_routers_calls('169.254.192.0/18') }}"
  vars:
    hosts:
      edge1: {networks: [], routers: [{name: blue, ha_network: ha}]}
      edge2: {networks: [], routers: [{name: blue, ha_network: ha}]}
"""

RETURN = r"""
_value:
  description: Options C(networks) and C(routers) of P(linuxbridge.vrrp.node_routers#module) by host.
  type: dict
"""

from ansible.errors import AnsibleFilterError

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import SpecError
from ansible_collections.linuxbridge.vrrp.plugins.plugin_utils import node_site


def node_routers_calls(hosts, ha_cidr, site=""):
    if node_site.netaddr is None:
        raise AnsibleFilterError("node_routers_calls needs the Python library netaddr on the controller")
    try:
        return node_site.calls(hosts, ha_cidr, site)
    except SpecError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self):
        return {"node_routers_calls": node_routers_calls}
