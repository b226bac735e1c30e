# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes bridged frames pass iptables, now and after a reboot.

The module br_netfilter has two settings, which every network namespace has for itself; security groups need both at 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.plan import Plan, Step

MODULE = "br_netfilter"
SETTINGS = ("net.bridge.bridge-nf-call-iptables", "net.bridge.bridge-nf-call-ip6tables")

MODULES_FILE = "/etc/modules-load.d/linuxbridge-vrrp.conf"
#: Read after 99-sysctl.conf, which is /etc/sysctl.conf, where hosts of virtual machines often have 0 for both.
SYSCTL_FILE = "/etc/sysctl.d/99-zz-linuxbridge-vrrp.conf"
_HEAD = "# Security groups of Neutron's Linux bridge agent. Written by linuxbridge.vrrp.bridge_netfilter.\n"
FILES = {
    MODULES_FILE: _HEAD + MODULE + "\n",
    SYSCTL_FILE: _HEAD + "".join("%s = 1\n" % name for name in SETTINGS),
}


@dataclass(frozen=True)
class Have:
    """files: text by path, None when missing. settings: value by name, None while the module is not loaded."""

    files: Mapping[str, str | None]
    settings: Mapping[str, str | None]


def plan_netfilter(have: Have) -> Plan:
    """Files first, so that a run that is killed leaves nothing that a reboot undoes."""
    steps = [Step("write", path, text) for path, text in FILES.items() if have.files[path] != text]
    if None in have.settings.values():
        steps.append(Step("load", MODULE))
    steps += [Step("set", "%s = 1" % name, name) for name in SETTINGS if have.settings[name] != "1"]
    return Plan(
        tuple(steps),
        {**have.files, **have.settings},
        {**FILES, **dict.fromkeys(SETTINGS, "1")},
    )
