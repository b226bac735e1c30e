#!/usr/bin/python
# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: service_current
short_description: Services that run with the configuration that is on disk
version_added: "0.1.0"
description:
  - Restarts a service when one of its configuration files was written after the service was started.
  - Unlike a handler, this is read from the node and not from what the run has done so far. A run that was killed
    between writing a file and restarting the service is finished by the next one, and a file that was edited by hand
    and never taken up is noticed too.
  - When the unit's own files have changed, systemd reads them anew first.
  - Needs systemd. Takes all services of a node in one task.
author: linuxbridge.vrrp contributors (@linuxbridge)
attributes:
  check_mode:
    support: full
    description: Says what would be done and does nothing.
  diff_mode:
    support: full
    description: Shows each service before and after.
options:
  services:
    description: The services, acted on in this order.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the unit; C(.service) may be left out.
        type: str
        required: true
      state:
        description:
          - V(current) unmasks, enables and starts the service, and restarts it when it is older than one of
            O(services[].files).
          - V(stopped) stops and disables it; a service that is not installed is as good.
          - V(held) masks a service that is not installed yet, so that installing its package does not start it before
            it is configured. A service that is installed is left as it is.
        type: str
        choices: [current, stopped, held]
        default: current
      files:
        description:
          - Configuration files that the service reads when it starts. One that does not exist counts for nothing.
        type: list
        elements: path
        default: []
      changed:
        description:
          - The configuration changes in this run, so the service is out of date whatever the files' times say.
          - Lets check mode foretell the restart, when the files are not written.
        type: bool
        default: false
      settings:
        description:
          - Settings of the unit's section C([Service]), by name, each a text. They are kept in the drop-in
            C(/etc/systemd/system/NAME.service.d/linuxbridge-vrrp.conf), and systemd reads it before the service is
            restarted. They alone restart nothing.
          - An empty dictionary removes the drop-in. Unset, it is left as it is.
          - Counts with O(services[].state=current) only.
        type: dict
  timeout:
    description: Seconds in which the services must be as wanted after they were started or stopped.
    type: int
    default: 60
notes:
  - The time of a file is that of its content (C(mtime)). A change of its owner or mode restarts nothing.
"""

EXAMPLES = r"""
- name: The L3 agent runs with what is in its files
  linuxbridge.vrrp.service_current:
    services:
      - name: neutron-l3-agent
        files: [/etc/neutron/neutron.conf, /etc/neutron/l3_agent.ini]

- name: Restarting the L3 agent leaves keepalived alone
  linuxbridge.vrrp.service_current:
    services:
      - name: neutron-l3-agent
        settings: {KillMode: process}

- name: Installing the agents does not start them
  linuxbridge.vrrp.service_current:
    services:
      - {name: neutron-linuxbridge-agent, state: held}
      - {name: neutron-l3-agent, state: held}

- name: No DHCP agent here
  linuxbridge.vrrp.service_current:
    services:
      - {name: neutron-dhcp-agent, state: stopped}
"""

RETURN = r"""
actions:
  description: What was done, or would be in check mode, in order.
  returned: always
  type: list
  elements: str
  sample: [restart neutron-l3-agent]
not_installed:
  description: Services without a unit file, and masked ones, of which nobody can tell.
  returned: success
  type: list
  elements: str
  sample: [neutron-l3-agent]
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.converge import converge
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.plan import Plan, Step
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.service_plan import (
    STATES,
    Have,
    Service,
    not_installed,
    plan_services,
    services_from,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.systemd_services import SystemdServices


class ServiceCurrent:
    poll_interval = 0.5

    def __init__(self, module: AnsibleModule) -> None:
        self._module = module

    def parse(self, params: dict[str, Any]) -> tuple[Service, ...]:
        return services_from(params)

    def connect(self, want: tuple[Service, ...]) -> SystemdServices:
        return SystemdServices(self._module.run_command)

    def observe(self, port: SystemdServices, want: tuple[Service, ...]) -> Have:
        return port.look(want)

    def plan(self, have: Have, want: tuple[Service, ...]) -> Plan:
        return plan_services(have, want)

    def apply(self, step: Step, port: SystemdServices) -> None:
        port.do(step.verb, step.object, step.payload)

    def settle_timeout(self, want: tuple[Service, ...]) -> float:
        return float(self._module.params["timeout"])

    def result(self, have: Have, want: tuple[Service, ...], plan: Plan) -> dict[str, Any]:
        return {"not_installed": not_installed(have, want)}


def main() -> None:
    service = {
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": list(STATES), "default": "current"},
        "files": {"type": "list", "elements": "path", "default": []},
        "changed": {"type": "bool", "default": False},
        "settings": {"type": "dict"},
    }
    module = AnsibleModule(
        argument_spec={
            "services": {"type": "list", "elements": "dict", "required": True, "options": service},
            "timeout": {"type": "int", "default": 60},
        },
        supports_check_mode=True,
    )
    converge(module, ServiceCurrent(module))


if __name__ == "__main__":
    main()
