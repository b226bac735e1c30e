# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""keepalived.conf in one place to import from.

``problems(config)`` says what is wrong, ``render(config, capabilities)`` writes the file, ``parse(text)`` gives its
statements and ``read(parse(text))`` the configuration back; ``redact(text)`` takes passwords out of any such file.
"""

from __future__ import annotations

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_file_rules import problems
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_model import (
    Authentication,
    Capabilities,
    Configuration,
    GlobalDefinitions,
    Tracked,
    TrackFile,
    TrackScript,
    VirtualAddress,
    VirtualRoute,
    VrrpInstance,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_read import (
    passed_over,
    read,
    sync_groups,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_render import render
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_text import (
    Statement,
    parse,
    redact,
    write,
)

__all__ = [
    "Authentication",
    "Capabilities",
    "Configuration",
    "GlobalDefinitions",
    "Statement",
    "TrackFile",
    "TrackScript",
    "Tracked",
    "VirtualAddress",
    "VirtualRoute",
    "VrrpInstance",
    "parse",
    "passed_over",
    "problems",
    "read",
    "redact",
    "render",
    "sync_groups",
    "write",
]
