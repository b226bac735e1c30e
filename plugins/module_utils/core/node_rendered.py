# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What would be made of a specification, as texts: no node is looked at, and no password is shown."""

from __future__ import annotations

from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_service import configuration_text
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_text import redact
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_unit import NODE, unit_text
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_anatomy import router_anatomy
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_boot import PATHS, Paths, files
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_services import service
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_spec import NodeSpec


def rendered(spec: NodeSpec, paths: Paths = PATHS) -> dict[str, Any]:
    """Files by path; the scripts have every device, address, sysctl and rule."""
    texts = {file.path: file.text for file in files(spec, spec.routers, paths)}
    for router in spec.routers:
        anatomy = router_anatomy(router, spec)
        wanted = service(anatomy)
        texts[NODE.configuration(wanted.name)] = redact(configuration_text(wanted))
        texts[NODE.unit(wanted.name)] = unit_text(wanted)
        for companion in anatomy.companions:
            kind = companion.kind
            texts[kind.configuration(companion.namespace)] = companion.text
            texts.update({kind.script: kind.script_text, kind.template: kind.template_text})
    return {"files": texts}
