#!/usr/bin/python
# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: neutron_node_info
short_description: What a host brings to, or already does in, a Neutron site with the Linux bridge driver
version_added: "0.1.0"
description:
  - Reads a host's interfaces, routes, packages, bridge netfilter settings, and the options of Neutron that must agree
    over a site. The role P(linuxbridge.vrrp.preflight#role) judges what it returns.
  - It changes nothing, needs nothing of Neutron on the host, and returns no secret.
options:
  config_directory:
    description: Where Neutron's configuration files are.
    type: path
    default: /etc/neutron
  salt:
    description:
      - The key that the fingerprint of the VRRP password is made with, so that passwords of several hosts can be
        compared without being shown. Give all hosts the same, new random text in each run, and keep it secret.
      - 16 characters at the least.
    type: str
    required: true
extends_documentation_fragment: linuxbridge.vrrp.info
author:
  - linuxbridge.vrrp contributors (@linuxbridge)
"""

EXAMPLES = r"""
- name: Read what every host of the site has
  linuxbridge.vrrp.neutron_node_info:
    salt: "{{ lookup('ansible.builtin.password', '/dev/null', length=32) }}"
  register: host

- name: Show the VXLAN port that the Linux bridge agent uses
  ansible.builtin.debug:
    msg: "{{ host.node.daemons.linuxbridge_agent.udp_dstport }}"
"""

RETURN = r"""
node:
  description: The host.
  returned: success
  type: dict
  contains:
    python:
      description: Version of the Python that modules run on.
      type: str
      returned: success
      sample: 3.11.2
    operating_system:
      description: Its C(name), and its C(family), which is C(debian), C(redhat) or empty.
      type: dict
      returned: success
      sample: {family: debian, name: "Debian GNU/Linux 12 (bookworm)"}
    interfaces:
      description:
        - Interfaces with their C(name), whether they are C(enabled) and have C(carrier), C(mtu), C(master) and
          C(addresses) with prefix lengths. Link-local IPv6 addresses, the loopback, and devices of the agents that
          have no address are left out.
      type: list
      elements: dict
      returned: success
      sample:
        - {name: eth2, enabled: true, carrier: true, mtu: 1500, master: "", addresses: [192.0.2.11/24]}
    routes:
      description: IPv4 networks of the main routing table, each with its C(network) and C(interface).
      type: list
      elements: dict
      returned: success
      sample: [{network: 192.0.2.0/24, interface: eth2}]
    packages:
      description:
        - For V(neutron), V(linuxbridge_agent) and V(keepalived), the C(installed) version and the C(candidate) that
          the package source offers, V(null) if there is none.
      type: dict
      returned: success
      sample: {keepalived: {candidate: "1:2.2.7-1+b2", installed: null}}
    bridge_filter:
      description:
        - C(net.bridge.bridge-nf-call-iptables) and C(-ip6tables), V(null) if br_netfilter is not loaded, and whether
          it is loaded or can be (C(available)).
      type: dict
      returned: success
      sample: {available: true, ip6tables: 1, iptables: 1}
    ebtables_usable:
      description:
        - Whether ebtables can delete a rule that matches a list of MAC addresses, as the Linux bridge agent does
          whenever it sets up an instance's port. V(null) without ebtables.
      type: bool
      returned: success
      sample: true
    ha_routers:
      description: HA routers of Neutron for which keepalived runs on the host.
      type: int
      returned: success
    daemons:
      description:
        - Options as C(server), C(l3_agent), C(linuxbridge_agent) and C(metadata_agent) read them, V(null) for what the
          files do not say, and V(null) for a daemon without a configuration file. The VRRP password is there as
          C(ha_vrrp_auth_password_fingerprint) and C(ha_vrrp_auth_password_problems) only, and
          C(metadata_proxy_shared_secret) is V(set) if there is one.
        - The C(linuxbridge_agent) reads C(ml2_conf.ini) too. What its own file says of
          C(physical_interface_mappings) is there as C(physical_interface_mappings_of_its_file).
      type: dict
      returned: success
      sample: {linuxbridge_agent: null, l3_agent: null, metadata_agent: null, server: null}
    noted_options:
      description: Options found that no release of Neutron reads, or not every one, with C(path) and C(line).
      type: list
      elements: dict
      returned: success
      sample: [{line: 7, option: l3_ha_network_name, path: /etc/neutron/neutron.conf, section: DEFAULT}]
    unreadable:
      description: Configuration files that are there but cannot be read, each with its C(path) and the C(reason).
      type: list
      elements: dict
      returned: success
      sample: [{path: /etc/neutron/neutron.conf, reason: Permission denied}]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.neutron_node import LocalNode, node_facts


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "config_directory": {"type": "path", "default": "/etc/neutron"},
            "salt": {"type": "str", "required": True, "no_log": True},
        },
        supports_check_mode=True,
    )
    if len(module.params["salt"]) < 16:
        module.fail_json(msg="salt: it is shorter than 16 characters; give a long random text, new in each run")
    try:
        node = node_facts(LocalNode(), module.params["config_directory"], module.params["salt"])
    except EdgeError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, node=node)


if __name__ == "__main__":
    main()
