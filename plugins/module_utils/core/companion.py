# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Daemons beside a router's keepalived that follow its state: what a kind is, and where its files are.

A kind has one unit template, whose instances are the routers, and one script ``follow``. The recorder runs that with
the router's namespace and each new state, in order, and the unit of keepalived runs it with ``STOP`` when keepalived
has ended, for whatever reason. A router's own are a configuration, and while the daemon runs a copy of what it read.
"""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_unit import (
    HARDENING,
    HEADER,
    NODE,
    unit_name,
)

CONFIGURATION_MODE = 0o640
TEMPLATE_MODE = 0o644
SCRIPT_MODE = 0o755


@dataclass(frozen=True)
class Kind:
    """A daemon; name is that of its program, its package and its folders.

    everywhere: whether it runs on a backup too. describes, service: of its unit, where ``%i`` is the namespace.
    follow: the body of the script, where ``$1`` is the namespace and ``$2`` the state. test: with these arguments the
    daemon tests the configuration whose path follows; empty when it has no such test.
    """

    name: str
    everywhere: bool
    describes: str
    service: str
    follow: str
    test: tuple[str, ...] = ()

    @property
    def program(self) -> str:
        return "/usr/sbin/" + self.name

    @property
    def folder(self) -> str:
        return "%s/%s" % (NODE.settings, self.name)

    @property
    def script(self) -> str:
        return self.folder + "/follow"

    @property
    def template(self) -> str:
        return "%s/%s" % (NODE.units, self.unit(""))

    def unit(self, namespace: str) -> str:
        return "linuxbridge-vrrp-%s@%s.service" % (self.name, namespace)

    def configuration(self, namespace: str) -> str:
        return "%s/%s.conf" % (self.folder, namespace)

    def runtime(self, namespace: str) -> str:
        """Short, for the path of a socket in it has room for 107 bytes, and a router's name can have 64."""
        return "/run/linuxbridge-%s/%s" % (self.name, namespace)

    def loaded(self, namespace: str) -> str:
        return self.runtime(namespace) + "/loaded.conf"

    @property
    def script_text(self) -> str:
        return "#!/bin/sh\n" + HEADER + self.follow

    @property
    def template_text(self) -> str:
        configuration = self.configuration("%i")
        after = "linuxbridge-vrrp.service" + ("" if self.everywhere else " " + unit_name("%i"))
        return (
            f"{HEADER}"
            "[Unit]\n"
            f"Description={self.describes} of %i ({self.name})\n"
            f"Documentation=man:{self.name}(8)\n"
            f"After={after}\n"
            f"ConditionFileNotEmpty={configuration}\n"
            "StartLimitIntervalSec=0\n"
            "\n"
            "[Service]\n"
            "NetworkNamespacePath=/run/netns/%i\n"
            f"RuntimeDirectory={self.runtime('%i')[len('/run/') :]}\n"
            "RuntimeDirectoryMode=0750\n"
            f"ExecStartPre=/bin/cp --preserve=mode {configuration} {self.loaded('%i')}\n"
            f"{self.service}"
            "Restart=always\n"
            "RestartSec=1\n"
            f"{HARDENING}"
        )


@dataclass(frozen=True)
class Companion:
    """A daemon that a router is to have. option: what asked for it, as a path below the router."""

    kind: Kind
    namespace: str
    text: str
    option: str

    @property
    def unit(self) -> str:
        return self.kind.unit(self.namespace)

    @property
    def key(self) -> tuple[str, str]:
        return self.kind.name, self.namespace
