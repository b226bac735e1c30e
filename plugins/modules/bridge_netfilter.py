#!/usr/bin/python
# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bridge_netfilter
short_description: Make bridged frames pass iptables, as security groups need it
version_added: "0.1.0"
description:
  - Loads C(br_netfilter) and sets C(net.bridge.bridge-nf-call-iptables) and C(net.bridge.bridge-nf-call-ip6tables) to
    C(1), now and at each boot.
  - For the latter it writes C(/etc/modules-load.d/linuxbridge-vrrp.conf) and
    C(/etc/sysctl.d/99-zz-linuxbridge-vrrp.conf), which is read after C(/etc/sysctl.conf), and touches no other file.
author: linuxbridge.vrrp contributors (@linuxbridge)
attributes:
  check_mode:
    support: full
    description: Says what would be done and does nothing.
  diff_mode:
    support: full
    description: Shows the files and the settings before and after.
options: {}
"""

EXAMPLES = r"""
- name: Security groups see bridged frames
  linuxbridge.vrrp.bridge_netfilter:
"""

RETURN = r"""
actions:
  description: What was done, or would be in check mode, in order.
  returned: always
  type: list
  elements: str
  sample: [set net.bridge.bridge-nf-call-iptables = 1]
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.converge import converge
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.bridge_netfilter import Have, plan_netfilter
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.plan import Plan, Step
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.bridge_netfilter import BridgeNetfilter


class BridgeNetfilterOperation:
    poll_interval = 0.0

    def __init__(self, module: AnsibleModule) -> None:
        self._module = module

    def parse(self, params: dict[str, Any]) -> None:
        return None

    def connect(self, want: None) -> BridgeNetfilter:
        return BridgeNetfilter(self._module.run_command)

    def observe(self, port: BridgeNetfilter, want: None) -> Have:
        return port.look()

    def plan(self, have: Have, want: None) -> Plan:
        return plan_netfilter(have)

    def apply(self, step: Step, port: BridgeNetfilter) -> None:
        port.do(step)

    def settle_timeout(self, want: None) -> float:
        return 0.0

    def result(self, have: Have, want: None, plan: Plan) -> dict[str, Any]:
        return {}


def main() -> None:
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    converge(module, BridgeNetfilterOperation(module))


if __name__ == "__main__":
    main()
