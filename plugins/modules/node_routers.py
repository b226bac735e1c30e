#!/usr/bin/python
# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: node_routers
short_description: VRRP-HA routers on a plain Linux node, all of them in one call
version_added: "0.1.0"
author: linuxbridge.vrrp contributors (@linuxbridge)
description:
  - Makes Linux bridges with their VXLAN, VLAN or flat uplinks, and routers as Neutron's L3 agent makes them. A router
    is a network namespace C(qrouter-NAME) with C(ha-), C(qr-) and C(qg-) devices, a keepalived that moves all its
    addresses and routes, and NAT.
  - The same call on every node, with another O(routers[].ha_address) on each, makes the routers highly available.
  - A node whose VXLAN or HA uplink loses its carrier gives up its routers at once, and comes back as backup.
  - What was made survives a reboot without Ansible. The unit C(linuxbridge-vrrp.service) makes it again.
  - Only what this module made is changed or removed. It keeps a list of that in C(/etc/linuxbridge-vrrp/node.json).
  - Needs iproute2, keepalived, nftables and systemd on the node, and where they are asked for radvd and conntrackd.
    C(radvd.service) and C(conntrackd.service) of the distribution are not used.
options:
  state:
    description:
      - V(present) adds O(networks) and O(routers), mends them, and leaves what earlier calls made.
      - With V(present) and V(absent) only the routers that are named are looked at, so that one more is made quickly on
        a node that has many. All are when a network is to be made or mended, and when an earlier run was interrupted
        before it had made all that was new.
      - V(absent) removes what is named. Only the names count.
      - V(exact) is V(present), and removes what this module made and the call does not name.
      - V(gathered) returns the node as it is, in the words of these options.
      - V(rendered) returns what would be made, without looking at a node.
    type: str
    choices: [present, absent, exact, gathered, rendered]
    default: present
  networks:
    description: Networks of the node, each a bridge C(brqNAME) with an uplink.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Up to 12 ASCII letters, digits, C(.), C(_) and C(-), starting with a letter or digit.
        type: str
        required: true
      kind:
        description: How the network leaves the node. Needed unless O(state=absent).
        type: str
        choices: [vxlan, flat, vlan]
      uplink:
        description:
          - The device that the network leaves by. Needed unless O(state=absent).
          - That of a flat network becomes a port of the bridge, so it cannot have addresses or be the management
            interface. That of a VXLAN cannot be a port of a bridge.
        type: str
      mtu:
        description:
          - Bytes. At least 1280, without which the kernel has no IPv6 there (RFC 8200, 5), and routers have link-local
            addresses in every network. At most the uplink's, for a VXLAN 50 less (70 over IPv6).
          - Unset, 1450 for a VXLAN and else 1500.
        type: int
      vni:
        description: VXLAN network identifier, 1 to 16777215.
        type: int
      group:
        description: Multicast group that a VXLAN floods to. Either this or O(networks[].peers).
        type: str
      peers:
        description:
          - Addresses of the other nodes, which a VXLAN floods to when the underlay has no multicast. The node's own is
            refused.
        type: list
        elements: str
        default: []
      local_address:
        description:
          - Source address of a VXLAN, one that the node has. Unset, the kernel chooses it; peers with IPv6 addresses
            need it.
        type: str
      port:
        description: UDP port of a VXLAN. Unset, 8472, which is Neutron's and the kernel's.
        type: int
      vlan_id:
        description: VLAN identifier, 1 to 4094.
        type: int
  routers:
    description: Routers of the node. All but the HA address is the same on every node.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Up to 64 ASCII letters, digits, C(.), C(_) and C(-), starting with a letter or digit.
        type: str
        required: true
      virtual_router_id:
        description: VRID, 1 to 254, unique on its HA network. Needed unless O(state=absent).
        type: int
      ha_network:
        description:
          - The network of O(networks) on which the nodes talk VRRP. Needed unless O(state=absent).
          - A flat or VLAN network that is one carries nothing else on the node.
        type: str
      ha_address:
        description: This node's own IPv4 address there, such as V(169.254.192.1/18). Needed unless O(state=absent).
        type: str
      interfaces:
        description: The router's ends in networks, C(qr-NETWORK).
        type: list
        elements: dict
        default: []
        suboptions:
          network:
            description: Name of a network.
            type: str
            required: true
          addresses:
            description: Addresses with prefix lengths, IPv4 and IPv6.
            type: list
            elements: str
            required: true
          mac_address:
            description: The same on every node. Unset, one that follows from the names of router and network.
            type: str
          ipv6_ra_mode:
            description:
              - What the active node tells hosts in router advertisements (RFC 4861), as in Neutron. Unset, there are
                none.
              - With V(slaac) hosts make addresses of their own in each IPv6 prefix of
                O(routers[].interfaces[].addresses), which has to be a /64 (RFC 4291, 2.5.1).
              - With V(dhcpv6-stateless) they do that too, and ask a DHCPv6 server for other settings.
              - With V(dhcpv6-stateful) they ask it for addresses.
              - Hosts get the MTU of the network. The router's address is the same link-local one on every node.
            type: str
            choices: [slaac, dhcpv6-stateful, dhcpv6-stateless]
          dns_nameservers:
            description: IPv6 addresses of name servers in the router advertisements (RFC 8106), the preferred first.
            type: list
            elements: str
            default: []
      external_gateway:
        description: The router's end to the outside, C(qg-NETWORK).
        type: dict
        suboptions:
          network:
            description: Name of a network.
            type: str
            required: true
          addresses:
            description: Addresses with prefix lengths, IPv4 and IPv6. The first IPv4 address is that of source NAT.
            type: list
            elements: str
            required: true
          nexthops:
            description: Where the default routes go, at most one address a family.
            type: list
            elements: str
            default: []
          on_link:
            description: Whether next hops may lie outside the subnets of the addresses.
            type: bool
            default: false
          enable_snat:
            description: Whether what leaves by the gateway gets its IPv4 address.
            type: bool
            default: true
          mac_address:
            description: The same on every node. Unset, one that follows from the names of router and network.
            type: str
      floating_ips:
        description: 1:1 NAT of outer to inner IPv4 addresses.
        type: list
        elements: dict
        default: []
        suboptions:
          floating_ip_address:
            description: The outer address.
            type: str
            required: true
          fixed_ip_address:
            description: The address of a host behind the router.
            type: str
            required: true
      routes:
        description: Static routes that the active node has.
        type: list
        elements: dict
        default: []
        suboptions:
          destination:
            description: A network, such as V(198.51.100.0/24).
            type: str
            required: true
          nexthop:
            description: An address in one of the router's subnets.
            type: str
            required: true
      priority:
        description:
          - Of this node, 1 to 254. The highest that is there becomes active first.
          - Give every node another one, some 20 apart. Backups of the same priority wait equally long for a lost
            active node, and are active together for some milliseconds. One of a priority near 254 hardly waits for
            an active node that is stopped to take its addresses away.
        type: int
        default: 50
      advert_interval:
        description:
          - Seconds between advertisements, the same on every node. A fraction, down to 0.01, chooses VRRP version 3.
          - Another node takes over after about three times as long.
        type: float
        default: 2
      preempt:
        description: Whether a node of higher priority takes the active role from one of lower priority.
        type: bool
        default: false
      version:
        description: VRRP version. Unset, 2, or 3 when O(routers[].advert_interval) has a fraction.
        type: int
        choices: [2, 3]
      authentication:
        description: Of VRRP version 2, the same on every node.
        type: dict
        suboptions:
          type:
            description: Kind of authentication.
            type: str
            choices: [PASS, AH]
            default: PASS
          password:
            description: Up to 8 characters. Unset, the one that the node has for this router is kept.
            type: str
      connection_tracking:
        description:
          - Whether established connections survive when another node takes over, also through source NAT.
          - The nodes tell each other of TCP, UDP and SCTP connections over the HA network, to the multicast group
            C(239.255.0.VRID), UDP port 3780, without encryption.
        type: bool
        default: false
attributes:
  check_mode:
    description: Changes nothing, and says what a real run would do.
    support: full
  diff_mode:
    description: Shows each thing that differs as it is and as it will be, without passwords.
    support: full
seealso:
  - module: linuxbridge.vrrp.keepalived_instance
  - module: linuxbridge.vrrp.network_namespace
notes:
  - Only one of V(flat) networks and addresses can use an uplink. VXLAN and VLAN networks can share theirs.
  - The kernel can take up to a second to report a network card's lost carrier (linkwatch). With
    O(routers[].advert_interval) below 0.4 another node may be active before that.
"""

EXAMPLES = r"""
- name: Make this node one of the nodes that have router edge1
  linuxbridge.vrrp.node_routers:
    state: exact
    networks:
      - {name: ha, kind: vxlan, vni: 1, group: 239.0.0.1, uplink: eth1}
      - {name: selfservice1, kind: vxlan, vni: 101, group: 239.0.0.101, uplink: eth1}
      - {name: provider1, kind: flat, uplink: eth2}
    routers:
      - name: edge1
        virtual_router_id: 1
        ha_network: ha
        ha_address: "169.254.192.{{ groups['network_nodes'].index(inventory_hostname) + 1 }}/18"
        interfaces:
          - network: selfservice1
            addresses: [198.51.100.1/24, "fd00:198:51:100::1/64"]
            ipv6_ra_mode: slaac
        external_gateway:
          network: provider1
          addresses: [203.0.113.21/24, "fd00:203:0:113::21/64"]
          nexthops: [203.0.113.1, "fd00:203:0:113::1"]
        floating_ips:
          - {floating_ip_address: 203.0.113.17, fixed_ip_address: 198.51.100.10}
        connection_tracking: true

- name: See what the node has
  linuxbridge.vrrp.node_routers:
    state: gathered
  register: node

- name: Remove one router
  linuxbridge.vrrp.node_routers:
    state: absent
    routers:
      - name: edge1
"""

RETURN = r"""
actions:
  description: What was done, or would be done in check mode, in order.
  returned: success
  type: list
  elements: str
  sample: [write /etc/linuxbridge-vrrp/node.json, make device brqha, make router qrouter-edge1]
routers:
  description: The routers that were looked at, see O(state), and what keepalived last said of them.
  returned: unless O(state=rendered)
  type: list
  elements: dict
  contains:
    name:
      description: Name of the router.
      type: str
      returned: always
      sample: edge1
    namespace:
      description: Its network namespace.
      type: str
      returned: always
      sample: qrouter-edge1
    state:
      description: V(master), V(backup), V(fault), or none when that is not known.
      type: str
      returned: always
      sample: backup
    since:
      description: When it came into this state, ISO 8601.
      type: str
      returned: always
      sample: "2025-01-01T00:00:00+00:00"
gathered:
  description: The node in the words of the options, without passwords. Given to O(state=exact), it changes nothing.
  returned: O(state=gathered)
  type: dict
  contains:
    networks:
      description: See O(networks).
      type: list
      elements: dict
      returned: always
    routers:
      description: See O(routers).
      type: list
      elements: dict
      returned: always
rendered:
  description: What would be made.
  returned: O(state=rendered)
  type: dict
  contains:
    files:
      description: Texts of files by path. The scripts have all devices, addresses, sysctls and rules.
      type: dict
      returned: always
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.converge import converge
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.node_routers import NodeRouters
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.node_routers_options import ARGUMENT_SPEC


def main():
    converge(AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True), NodeRouters())


if __name__ == "__main__":
    main()
