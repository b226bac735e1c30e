# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes networks and routers when a node boots, without Ansible: shell scripts and the unit that runs them.

One script makes the networks and runs those of the routers, each of which makes one: so that a router more is a small
file more. They have the same commands that the module gives a node that has nothing. A router whose namespace is there
is left alone, so all of it can be run on a living node. One that cannot be made whole is not there at all, for without
its NAT rules it would become active all the same; systemd runs the script again until all of them are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import node_names
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_anatomy import router_anatomy
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_commands import (
    Batch,
    Command,
    Nat,
    PutFile,
    Sysctls,
    add_network,
    add_router,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_spec import NodeSpec, Router

UNIT = "linuxbridge-vrrp.service"
#: What systemd starts it with.
TARGET = "multi-user.target"
#: What the scripts say, the steps of a plan say too.
SCRIPT_MODE = 0o700
#: Half seconds to wait for uplinks that appear late; then the node gets what it can have without them until the script
#: is run again. A keepalived that is started meanwhile waits for the script.
_PATIENCE = 20


@dataclass(frozen=True)
class Paths:
    """Where the module keeps its files on a node. routers: the folder of their scripts."""

    record: str = "/etc/linuxbridge-vrrp/node.json"
    script: str = "/etc/linuxbridge-vrrp/node.sh"
    routers: str = "/etc/linuxbridge-vrrp/routers"
    unit: str = "/etc/systemd/system/" + UNIT

    @property
    def enabled(self) -> str:
        """The link that ``systemctl enable`` makes to the unit."""
        folder, name = self.unit.rsplit("/", 1)
        return "%s/%s.wants/%s" % (folder, TARGET, name)

    def router(self, namespace: str) -> str:
        return "%s/%s.sh" % (self.routers, namespace)

    def files(self, namespaces: Iterable[str]) -> list[str]:
        """All files, as far as those of routers are these routers'."""
        return [self.record, self.script, self.unit, *map(self.router, namespaces)]


PATHS = Paths()

UNIT_TEXT = """\
# Written by linuxbridge.vrrp; changes are replaced.
[Unit]
Description=Networks and routers of this node (linuxbridge.vrrp)
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=%s
Restart=on-failure
RestartSec=10

[Install]
WantedBy=%s
"""

_HEAD = """\
#!/bin/sh
# Written by linuxbridge.vrrp; changes are replaced. Makes the networks and routers of this node when it boots.
# A run of node_routers that is at work makes all of this itself, and one that comes later waits for this one's end.
if command -v flock > /dev/null; then
    exec 9< "${0%%/*}"
    flock -n 9 || exit 0
fi
status=0
tries=0
for uplink in %s; do
    until [ -e "/sys/class/net/$uplink" ] || [ "$tries" -ge %d ]; do
        tries=$((tries + 1))
        sleep 0.5
    done
    [ -e "/sys/class/net/$uplink" ] || status=1
done
"""

_ROUTERS = """\
for router in %s; do
    sh "%s/$router.sh" || status=1
done
"""

_ROUTER = """\
#!/bin/sh
# Written by linuxbridge.vrrp; changes are replaced. Makes a router of this node when it boots.
[ ! -e /run/netns/%s ] || exit 0
"""


def script(spec: NodeSpec, folder: str) -> str:
    """folder: where the scripts of the routers are."""
    parts = [_HEAD % (" ".join(sorted({network.uplink for network in spec.networks})), _PATIENCE)]
    for network in spec.networks:
        lines = [line for command in add_network(network) for line in _shell(command, " -force", "")]
        parts.append("\n".join(["# network " + network.name, *lines]) + "\n")
    if spec.routers:
        names = " ".join(node_names.namespace(router.name) for router in spec.routers)
        parts.append(_ROUTERS % (names, folder))
    return "\n".join([*parts, "exit $status\n"])


def router_script(router: Router, spec: NodeSpec) -> str:
    anatomy = router_anatomy(router, spec)
    commands: tuple[Command, ...] = add_router(anatomy)
    lines = [line for command in commands[:-1] for line in _shell(command, "", " &&")]
    lines += _shell(commands[-1], "", " || { ip netns del %s; exit 1; }" % anatomy.namespace)
    return _ROUTER % anatomy.namespace + "\n".join(lines) + "\n"


def files(spec: NodeSpec, routers: Iterable[Router], paths: Paths = PATHS) -> tuple[PutFile, ...]:
    """In the order to write them. routers: those of the specification whose scripts are wanted."""
    scripts = [
        PutFile(paths.router(node_names.namespace(router.name)), router_script(router, spec), SCRIPT_MODE)
        for router in routers
    ]
    script_ = PutFile(paths.script, script(spec, paths.routers), SCRIPT_MODE)
    return (*scripts, script_, PutFile(paths.unit, UNIT_TEXT % (paths.script, TARGET), 0o644))


def _shell(command: Command, force: str, then: str) -> Iterable[str]:
    """force: of ``ip`` and ``bridge``, to go on after a line that fails. then: what stands behind the command."""
    if isinstance(command, Batch):
        where = " -netns " + command.namespace if command.namespace else ""
        yield from _heredoc("%s%s%s -batch -" % (command.tool, force, where), "\n".join(command.lines), then)
    elif isinstance(command, Sysctls):
        lines = ["echo %s > /proc/sys/%s" % (value, key) for key, value in command.values]
        yield from _heredoc("ip netns exec %s sh -e" % command.namespace, "\n".join(lines), then)
    elif isinstance(command, Nat):
        yield from _heredoc("ip netns exec %s nft -j -f -" % command.namespace, command.text, then)


def _heredoc(command: str, text: str, then: str) -> Iterable[str]:
    yield "%s <<'END'%s" % (command, then)
    yield text
    yield "END"
