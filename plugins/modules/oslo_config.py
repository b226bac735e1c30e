#!/usr/bin/python
# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: oslo_config
short_description: Set options in oslo.config files, in place
version_added: "0.1.0"
author: linuxbridge.vrrp contributors (@linuxbridge)
description:
  - Sets and removes options in a configuration file of an OpenStack service (C(neutron.conf), C(l3_agent.ini) and the
    like), many in one task. Only the named options change. Comments, order, spacing and all other lines stay
    byte for byte.
  - The file is read by the rules of oslo.config's own parser, so that what the service reads is what was asked for.
    A section that stands twice, an option that is given twice, continuation lines and C(key:value) are understood.
  - A new option goes behind its commented sample if the section has one, else to the end of the section. A section
    that is missing is added at the end of the file.
  - A file is replaced in one move. A run that is killed leaves the old file or the new one.
  - Several files of a host are one task with O(files). All are read and judged before the first is changed.
options:
  path: &path
    description:
      - The file. A symbolic link is followed and stays a link.
      - A directory, a file that cannot be read, that is not UTF-8 text, or that oslo.config could not read, is an
        error that names the line, and nothing is written.
    type: path
  options: &options
    description:
      - The options to set or to remove. Each may be named once.
    type: list
    elements: dict
    suboptions:
      section:
        description:
          - The section, without brackets. Its case does not matter, except for V(DEFAULT), as in oslo.config.
        type: str
        default: DEFAULT
      option:
        description:
          - The option's name as the service knows it. A misnamed one is ignored by the service without a word.
        type: str
        required: true
      value:
        description:
          - What the service is to read. Quotes are added where oslo.config needs them to keep spaces or quotes; a value
            of several lines becomes continuation lines.
          - When unset, the option is left as it is. An empty string writes C(option =).
          - A boolean is written as C(True) or C(False); a file that has the same in other words (C(yes), C(1)) is
            left alone.
          - With O(options[].kind=list) and O(options[].kind=multi), a list. An empty list writes C(option =) with
            O(options[].kind=list) and removes the option with O(options[].kind=multi).
          - oslo.config replaces C($name) in a value by the value of that option; write C($$) for a dollar sign.
        type: raw
      state:
        description:
          - V(absent) removes the option, wherever the section has it; the value is then of no matter.
        type: str
        choices: [present, absent]
        default: present
      kind:
        description:
          - How the service reads the option.
          - V(scalar) is one value; of several lines the last counts, and that one is changed.
          - V(list) is one line of items separated by commas.
          - V(multi) is one line for each value.
        type: str
        choices: [scalar, list, multi]
        default: scalar
      items_present:
        description:
          - Items to add to the end of a comma separated list, if they are not in it. Other items stay as they are.
          - An option that is not in the file gets these items alone, in the place of the service's default.
          - Only with O(options[].kind=list) and without O(options[].value).
        type: list
        elements: str
      items_absent:
        description:
          - Items to take out of a comma separated list. Other items stay as they are. When none is left, the option
            stays with an empty value.
          - Only with O(options[].kind=list) and without O(options[].value).
        type: list
        elements: str
      secret:
        description:
          - Whether the value is kept out of everything that is shown.
          - By default decided by the name; C(password), C(secret), C(transport_url), C(connection), C(_key) and such
            are secret. A password in a URL is never shown, whatever the option.
        type: bool
  backup: &backup
    description:
      - Keep the old file beside the new one, with the same owner and mode, when something changes. It is named after
        the file, the process and the time, and ends in C(~), as with O(ansible.builtin.copy#module:backup).
      - Each run that changes something leaves one more, with the passwords that the file had. None is ever removed;
        that is for you to do.
    type: bool
    default: true
  create: &create
    description:
      - Make the file when it is missing. Otherwise a missing file is an error, for it most likely means that a package
        is not installed or that the path is wrong.
      - C(create) set to C(ansible_check_mode) shows the plan for a host on which the package is still to be installed.
    type: bool
    default: false
  owner: &owner
    description:
      - User name or number. When unset, the file's owner is kept.
    type: str
  group: &group
    description:
      - Group name or number. When unset, the file's group is kept.
    type: str
  mode: &mode
    description:
      - Permissions in octal, as a quoted string, V("0640") for instance.
      - When unset, the file's mode is kept; a new file gets V("0640").
    type: raw
  files:
    description:
      - Several files, instead of O(path) and all the others. Each may be named once, and has options of its own, which
        mean what they mean for one file.
    type: list
    elements: dict
    suboptions:
      path:
        <<: *path
        required: true
      options:
        <<: *options
        required: true
      backup: *backup
      create: *create
      owner: *owner
      group: *group
      mode: *mode
attributes:
  check_mode:
    description: Changes nothing, and says what a real run would do.
    support: full
  diff_mode:
    description: Shows each file before and after, without secrets, those included that were in the file already.
    support: full
"""

EXAMPLES = r"""
- name: Make new routers highly available (controller)
  linuxbridge.vrrp.oslo_config:
    path: /etc/neutron/neutron.conf
    options:
      - option: l3_ha
        value: true
      - option: max_l3_agents_per_router
        value: 3
      - option: l3_ha_network_name # misnamed, so it never had an effect
        state: absent

- name: Turn layer-2 population off without touching other mechanism drivers (controller)
  linuxbridge.vrrp.oslo_config:
    path: /etc/neutron/plugins/ml2/ml2_conf.ini
    options:
      - section: ml2
        option: mechanism_drivers
        kind: list
        items_absent: [l2population]

- name: Configure the Linux bridge agent (network node)
  linuxbridge.vrrp.oslo_config:
    path: /etc/neutron/plugins/ml2/linuxbridge_agent.ini
    options:
      - section: linux_bridge
        option: physical_interface_mappings
        kind: list
        value: [provider:eth1]
      - section: vxlan
        option: enable_vxlan
        value: true
      - section: vxlan
        option: local_ip
        value: 198.51.100.11
      - section: vxlan
        option: l2_population
        value: false
      - section: securitygroup
        option: firewall_driver
        value: iptables

- name: Configure a DHCP agent and the metadata agent beside it (compute node)
  linuxbridge.vrrp.oslo_config:
    files:
      - path: /etc/neutron/dhcp_agent.ini
        options:
          - {option: interface_driver, value: linuxbridge}
          - {option: enable_isolated_metadata, value: true}
      - path: /etc/neutron/metadata_agent.ini
        mode: "0640"
        options:
          - {option: nova_metadata_host, value: controller}
          - {option: metadata_proxy_shared_secret, value: "{{ vault_metadata_proxy_shared_secret }}"}

- name: Configure the L3 agent (network node, Neutron 12 and 13)
  linuxbridge.vrrp.oslo_config:
    path: /etc/neutron/l3_agent.ini
    options:
      - option: interface_driver
        value: linuxbridge
      - option: external_network_bridge
        value: ""
      - option: ha_vrrp_auth_password
        value: "{{ vault_vrrp_password }}"
"""

RETURN = r"""
actions:
  description: What was done, or would be in check mode, without secrets.
  returned: always
  type: list
  elements: str
  sample:
    - "write /etc/neutron/neutron.conf: set [DEFAULT] l3_ha = True; remove [DEFAULT] l3_ha_network_name"
backup_files:
  description: The copy that was made of each file's old content, by the file's path.
  returned: success
  type: dict
  sample: {/etc/neutron/neutron.conf: "/etc/neutron/neutron.conf.4711.2024-05-01@12:00:00.123456~"}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.converge import converge
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.oslo_redact import without_file_values
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.oslo_file import OsloFiles

OPTION_SPEC = {
    "section": {"type": "str", "default": "DEFAULT"},
    "option": {"type": "str", "required": True},
    "value": {"type": "raw"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "kind": {"type": "str", "choices": ["scalar", "list", "multi"], "default": "scalar"},
    "items_present": {"type": "list", "elements": "str"},
    "items_absent": {"type": "list", "elements": "str"},
    "secret": {"type": "bool", "no_log": False},
}
FILE_SPEC = {
    "path": {"type": "path"},
    "options": {"type": "list", "elements": "dict", "options": OPTION_SPEC},
    "backup": {"type": "bool", "default": True},
    "create": {"type": "bool", "default": False},
    "owner": {"type": "str"},
    "group": {"type": "str"},
    "mode": {"type": "raw"},
}
ARGUMENT_SPEC = {
    **FILE_SPEC,
    "files": {
        "type": "list",
        "elements": "dict",
        "options": {
            **FILE_SPEC,
            "path": {"type": "path", "required": True},
            "options": {"type": "list", "elements": "dict", "options": OPTION_SPEC, "required": True},
        },
    },
}


class _Module(AnsibleModule):
    """An option of any name may be a secret, which no_log cannot say; so the module masks its own parameters."""

    def exit_json(self, **kwargs):
        super().exit_json(invocation=self._invocation(), **kwargs)

    def fail_json(self, msg, **kwargs):
        super().fail_json(msg, invocation=self._invocation(), **kwargs)

    def _invocation(self):
        return {"module_args": without_file_values(self.params)}


def main():
    # no_log keeps the parameters out of the host's journal, no more than that.
    module = _Module(
        argument_spec=ARGUMENT_SPEC,
        required_one_of=[("path", "files")],
        required_by={"path": "options"},
        mutually_exclusive=[("path", "files"), ("options", "files")],
        supports_check_mode=True,
        no_log=True,
    )
    converge(module, OsloFiles())


if __name__ == "__main__":
    main()
