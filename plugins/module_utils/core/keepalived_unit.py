# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an instance of keepalived lives on a node: its files, its systemd unit, its runtime directory.

keepalived tells a FIFO of every change of state, in order, and starts the recorder to read it; the recorder writes
the state into the runtime directory, so the file's time of change is since when. Notify scripts would not do for this:
keepalived starts them without waiting, and of two quick changes the first script may finish last.

A keepalived that is killed leaves its addresses. The next one would take them away, but until it runs, if it does, they
are on two nodes; so what systemd runs when one has ended, for whatever reason, does it.

What the process has read is kept as ``loaded.conf`` in the runtime directory, written just before each start and each
reload. A run that was killed between writing a file and the reload is thus found out, and so is an edit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_model import (
    NEWEST,
    Capabilities,
    Configuration,
)

_NAMESPACE = re.compile(r"^NetworkNamespacePath=/run/netns/(\S+)$", re.MULTILINE)
UNIT_PREFIX = "linuxbridge-vrrp-"
HEADER = "# Written by linuxbridge.vrrp; changes are replaced.\n"
#: Whom commands run as; without a script_user that exists keepalived drops them. Of any but root keepalived 2.2.7 ends
#: its own test with SIGTERM (check_script_secure()), and the recorder could not write to the runtime directory.
SCRIPT_USER = "root"

RECORDER = """\
#!/bin/sh
# Writes the state of a keepalived instance: $1 is its runtime directory, the last word its FIFO.
# Scripts between the two are run after that, one after another, with the instance's name and its state.
# At a reload keepalived sends SIGTERM and closes the FIFO; what is still in it must be read, and its end ends this.
# With STOP, when keepalived has ended: takes away the addresses that one which was killed has left.
trap '' TERM
runtime=$1
shift
if [ "$1" = STOP ]; then
    while read -r first second third _; do
        case "$first $second" in
            interface\\ *) device=$second ;;
            */*\\ dev) echo "addr del $first dev $third" ;;
            */*\\  | */*\\ scope | */*\\ no_track) echo "addr del $first dev $device" ;;
        esac
    done < "$runtime/loaded.conf" | ip -force -batch - 2> /dev/null
    exit 0
fi
echo $$ > "$runtime/recorder.pid"
while read -r kind _name state _priority; do
    case "$kind $state" in
        INSTANCE\\ MASTER | INSTANCE\\ BACKUP | INSTANCE\\ FAULT) ;;
        *) continue ;;
    esac
    echo "$state" > "$runtime/state"
    for script; do
        [ "$script" = "$runtime/fifo" ] || "$script" "${runtime##*/}" "$state" < /dev/null
    done
done < "$runtime/fifo"
"""

_CAPABILITIES = """\
CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW CAP_NET_BROADCAST CAP_NET_BIND_SERVICE CAP_SYS_NICE CAP_IPC_LOCK \
CAP_KILL CAP_SETUID CAP_SETGID CAP_CHOWN CAP_DAC_OVERRIDE
"""
#: Commands that a daemon runs are under the same restrictions. None of these needs a mount namespace (PrivateTmp,
#: ProtectSystem, ProtectHome and others would): systemd 252 reads all mounts of the node some seventy times to make
#: one, and each network namespace is two of them, so 100 routers took 26 s to start, and without it take 2. Newer
#: systemd makes one for NetworkNamespacePath unless PrivateMounts says no.
HARDENING = """\
LockPersonality=yes
NoNewPrivileges=yes
PrivateMounts=no
ProtectClock=yes
ProtectHostname=yes
RestrictNamespaces=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
UMask=0027
"""


@dataclass(frozen=True)
class Layout:
    """The directories of the collection on a node."""

    settings: str = "/etc/linuxbridge-vrrp"
    units: str = "/etc/systemd/system"
    runtime: str = "/run/linuxbridge-vrrp"
    keepalived: str = "/usr/sbin/keepalived"

    @property
    def recorder(self) -> str:
        return self.settings + "/record-state"

    @property
    def version(self) -> str:
        """What keepalived says of its version and its build; no instance can have this name."""
        return self.runtime + "/.version"

    def configuration(self, name: str) -> str:
        return "%s/instances/%s.conf" % (self.settings, name)

    def unit(self, name: str) -> str:
        return "%s/%s" % (self.units, unit_name(name))

    def runtime_of(self, name: str) -> str:
        return "%s/%s" % (self.runtime, name)

    def loaded(self, name: str) -> str:
        return self.runtime_of(name) + "/loaded.conf"

    def state(self, name: str) -> str:
        return self.runtime_of(name) + "/state"


NODE = Layout()


def last_state(events: str) -> str | None:
    """The state that the last of the lines from the FIFO tells, as the recorder would write it."""
    found = [line.split()[2] for line in events.splitlines() if line.startswith("INSTANCE ") and line.count(" ") == 3]
    states = [state for state in found if state in ("MASTER", "BACKUP", "FAULT")]
    return states[-1] if states else None


def unit_name(name: str) -> str:
    return "%s%s.service" % (UNIT_PREFIX, name)


def service_name(unit: str) -> str:
    """The other way round."""
    return unit[len(UNIT_PREFIX) : -len(".service")]


def namespace_of(unit: str | None) -> str | None:
    """The network namespace that the text of a unit names; None is the node's own."""
    found = _NAMESPACE.search(unit or "")
    return found.group(1) if found else None


@dataclass(frozen=True)
class Service:
    """A keepalived process to be kept running with one configuration.

    name: of its files and its unit. namespace: the network namespace it runs in; None is the node's own.
    after: units that prepare what it needs (namespace, devices) and are started with it.
    followers: scripts that are run with the name and each new state, and with ``STOP`` when it has ended.
    """

    name: str
    configuration: Configuration
    namespace: str | None = None
    after: tuple[str, ...] = ()
    followers: tuple[str, ...] = ()


def recorded(service: Service, layout: Layout = NODE) -> Configuration:
    """The configuration with the recorder in it."""
    definitions, runtime = service.configuration.global_definitions, layout.runtime_of(service.name)
    definitions = replace(
        definitions,
        script_user=SCRIPT_USER,
        notify_fifo=runtime + "/fifo",
        notify_fifo_script=" ".join([layout.recorder, runtime, *service.followers]),
    )
    return replace(service.configuration, global_definitions=definitions)


@cache
def unit_text(service: Service, capabilities: Capabilities = NEWEST, layout: Layout = NODE) -> str:
    """The systemd unit of a service. ``systemctl reload`` tests the configuration in the namespace before SIGHUP."""
    name, configuration = service.name, layout.configuration(service.name)
    runtime, loaded = layout.runtime_of(name), layout.loaded(name)
    namespace = "NetworkNamespacePath=/run/netns/%s\n" % service.namespace if service.namespace else ""
    after = " ".join(["network.target", *service.after])
    wants = "Wants=%s\n" % " ".join(service.after) if service.after else ""
    told = [(layout.recorder, runtime), *((script, name) for script in service.followers)]
    stopped = "".join("ExecStopPost=-%s %s STOP\n" % pair for pair in told)
    kind = "Type=notify\nNotifyAccess=all\n" if capabilities.systemd_notify else "Type=simple\n"
    copy = "/bin/cp --preserve=mode %s %s" % (configuration, loaded)
    return (
        f"{HEADER}"
        "[Unit]\n"
        f"Description=VRRP instance {name} (keepalived)\n"
        "Documentation=man:keepalived(8)\n"
        f"After={after}\n"
        f"{wants}"
        f"ConditionFileNotEmpty={configuration}\n"
        "StartLimitIntervalSec=0\n"
        "\n"
        "[Service]\n"
        f"{kind}"
        f"{namespace}"
        f"RuntimeDirectory={_relative_runtime(layout, name)}\n"
        "RuntimeDirectoryMode=0750\n"
        f"ExecStartPre={copy}\n"
        f"ExecStart={layout.keepalived} --dont-fork --vrrp --use-file={configuration}"
        f" {_pid_files(capabilities, runtime)}\n"
        f"ExecReload={layout.keepalived} --config-test --use-file={configuration}\n"
        f"ExecReload={copy}\n"
        "ExecReload=/bin/kill -HUP $MAINPID\n"
        f"{stopped}"
        "Restart=always\n"
        "RestartSec=1\n"
        f"{_CAPABILITIES}"
        f"{HARDENING}"
        "\n"
        "[Install]\n"
        "WantedBy=multi-user.target\n"
    )


def _pid_files(capabilities: Capabilities, runtime: str) -> str:
    """One for each daemon that this keepalived has, though it is to start one of them only.

    At its start keepalived 2.3.3 locks all of them for a moment, and the default ones are those of all instances: of
    two that start at once one ends ("daemon is already running").
    """
    daemons = {"vrrp": True, "checkers": capabilities.checkers, "bfd": capabilities.bfd}
    others = ["--%s_pid=%s/%s.pid" % (daemon, runtime, daemon) for daemon, there in daemons.items() if there]
    return " ".join(["--pid=%s/keepalived.pid" % runtime, *others])


def _relative_runtime(layout: Layout, name: str) -> str:
    return layout.runtime_of(name)[len("/run/") :]
