# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of every module that talks to OpenStack's API."""

from __future__ import annotations


class ModuleDocFragment:
    """Names and meanings as in the modules of openstack.cloud."""

    DOCUMENTATION = r"""
options:
  cloud:
    description:
      - Name of a cloud in C(clouds.yaml), which is looked for in the current directory, C(~/.config/openstack) and
        C(/etc/openstack), or is named by the environment variable E(OS_CLIENT_CONFIG_FILE).
      - Without it, E(OS_CLOUD) and the other C(OS_) variables of the environment count.
    type: str
  auth:
    description:
      - What the authentication plugin needs, such as C(auth_url), C(username), C(password), C(project_name),
        C(user_domain_name) and C(project_domain_name). Wins over what O(cloud) says.
    type: dict
  auth_type:
    description: Name of the authentication plugin, when it is not the one for a password.
    type: str
  region_name:
    description: Region whose API is used.
    type: str
  interface:
    description: Which of a service's endpoints is used.
    type: str
    choices: [public, internal, admin]
    aliases: [endpoint_type]
  validate_certs:
    description: Whether the API's certificate is checked. Unset, O(cloud) decides, and else it is checked.
    type: bool
    aliases: [verify]
  ca_cert:
    description: File with the certificates of the authorities that are trusted.
    type: str
    aliases: [cacert]
  client_cert:
    description: File with the client's certificate.
    type: str
    aliases: [cert]
  client_key:
    description: File with the key of the client's certificate.
    type: str
    aliases: [key]
  api_timeout:
    description:
      - Seconds after which a single request to the API is given up. A server that never answers one does not stop a run
        for ever.
    type: int
    default: 120
requirements:
  - openstacksdk >= 1.0.0
"""
