# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes networks and routers when a node boots, without Ansible: a shell script and the unit that runs it.

The script has the same commands that the module gives a node that has nothing. A router whose namespace is there is
left alone, so the script can be run on a living node. One that cannot be made whole is not there at all, for without
its NAT rules it would become active all the same; systemd runs the script again until all of them are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

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
#: Half seconds to wait for uplinks that appear late; then the node gets what it can have without them until the script
#: is run again. A keepalived that is started meanwhile waits for the script.
_PATIENCE = 20

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
undo() {
    status=1
    ip netns del "$1"
}
tries=0
for uplink in %s; do
    until [ -e "/sys/class/net/$uplink" ] || [ "$tries" -ge %d ]; do
        tries=$((tries + 1))
        sleep 0.5
    done
    [ -e "/sys/class/net/$uplink" ] || status=1
done
"""

_ROUTER = "# router "
_END = "exit $status\n"


def script(spec: NodeSpec, kept: Mapping[str, str] | None = None) -> str:
    """kept: parts of routers, by name, that are taken as they are; see router_parts()."""
    parts = [_HEAD % (" ".join(sorted({network.uplink for network in spec.networks})), _PATIENCE)]
    for network in spec.networks:
        lines = [line for command in add_network(network) for line in _shell(command, " -force", "")]
        parts.append("\n".join(["# network " + network.name, *lines]) + "\n")
    for router in spec.routers:
        known = kept.get(router.name) if kept else None
        parts.append(_ROUTER + router.name + "\n" + (known or _router_part(router, spec)))
    return "\n".join([*parts, _END])


def _router_part(router: Router, spec: NodeSpec) -> str:
    anatomy = router_anatomy(router, spec)
    commands: tuple[Command, ...] = add_router(anatomy)
    lines = [line for command in commands[:-1] for line in _shell(command, "", " &&")]
    lines += _shell(commands[-1], "", " || undo " + anatomy.namespace)
    return "\n".join(["if [ ! -e /run/netns/%s ]; then" % anatomy.namespace, *lines, "fi"]) + "\n"


def router_parts(text: str) -> dict[str, str]:
    """What a script has for each router, by name."""
    _start, *parts = text[: -len("\n" + _END)].split("\n" + _ROUTER)
    return {name: part for name, _newline, part in (part.partition("\n") for part in parts)}


def files(
    spec: NodeSpec, script_path: str, unit_path: str, kept: Mapping[str, str] | None = None
) -> tuple[PutFile, ...]:
    return PutFile(script_path, script(spec, kept), 0o700), PutFile(unit_path, UNIT_TEXT % (script_path, TARGET), 0o644)


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
