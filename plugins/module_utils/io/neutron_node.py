# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is on a node: its interfaces, packages, kernel settings and Neutron's configuration. Reads, never writes."""

from __future__ import annotations

import glob
import os
import platform
import shutil
from typing import Any, Protocol

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import (
    neutron_release,
    node_readings,
    oslo_ini,
    vrrp_password,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError, SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io import commands

#: Package names by family, under the names that do not depend on it.
PACKAGES = {
    "debian": {
        "neutron": "neutron-common",
        "linuxbridge_agent": "neutron-linuxbridge-agent",
        "keepalived": "keepalived",
    },
    "redhat": {
        "neutron": "openstack-neutron-common",
        "linuxbridge_agent": "openstack-neutron-linuxbridge",
        "keepalived": "keepalived",
    },
}

#: What the Linux bridge agent does whenever it sets up an instance's port (arp_protect.py), in a namespace of its own.
_EBTABLES_PROBE = """
command -v ebtables > /dev/null || exit 127
rule='-i tap0 --among-src fa:16:3e:11:22:33 -j RETURN'
ebtables -t nat -N probe && ebtables -t nat --concurrent -I probe $rule && ebtables -t nat --concurrent -D probe $rule
"""

_SERVER, _L3_AGENT, _METADATA_AGENT = "neutron.conf", "l3_agent.ini", "metadata_agent.ini"
_ML2, _LINUXBRIDGE_AGENT = "plugins/ml2/ml2_conf.ini", "plugins/ml2/linuxbridge_agent.ini"

#: What a daemon reads, the file that shows the daemon is there last, and its options that preflight judges.
_DAEMONS: dict[str, tuple[tuple[str, ...], dict[str, tuple[str, ...]]]] = {
    "server": (
        (_ML2, _SERVER),
        {
            "DEFAULT": ("l3_ha", "max_l3_agents_per_router", "l3_ha_net_cidr", "global_physnet_mtu"),
            "ml2": ("mechanism_drivers", "path_mtu", "overlay_ip_version"),
        },
    ),
    "l3_agent": (
        (_SERVER, _L3_AGENT),
        {"DEFAULT": ("ha_vrrp_advert_int", "ha_vrrp_auth_type", "ha_vrrp_health_check_interval")},
    ),
    "linuxbridge_agent": (
        (_SERVER, _ML2, _LINUXBRIDGE_AGENT),
        {
            "vxlan": ("l2_population", "local_ip", "udp_dstport", "vxlan_group"),
            "linux_bridge": ("physical_interface_mappings",),
            "securitygroup": ("firewall_driver",),
        },
    ),
    "metadata_agent": ((_SERVER, _METADATA_AGENT), {"DEFAULT": ("nova_metadata_host",)}),
}


class NodePort(Protocol):
    """How a node is read."""

    def run(self, *command: str) -> tuple[int, str]:
        """Exit status and standard output; (127, "") when there is no such command."""

    def read(self, path: str) -> str | None:
        """A file's text, None when there is none. Raises EdgeError with the reason when it cannot be read."""

    def python_version(self) -> str:
        """The version of the Python that modules run on, as "3.11.2"."""

    def command_lines(self) -> list[str]:
        """The command line of every process, its words separated by NUL."""


class LocalNode:
    """The node that this runs on."""

    def run(self, *command: str) -> tuple[int, str]:
        program = shutil.which(command[0], path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin")
        if program is None:
            return 127, ""
        status, output, _unused = commands.run([program, *command[1:]], check=False)
        return status, output

    def read(self, path: str) -> str | None:
        try:
            with open(path, encoding="utf-8", newline="") as file:
                return file.read()
        except FileNotFoundError:
            return None
        except UnicodeDecodeError as error:
            raise EdgeError("it is not text in UTF-8") from error
        except OSError as error:
            raise EdgeError(error.strerror) from error

    def python_version(self) -> str:
        return platform.python_version()

    def command_lines(self) -> list[str]:
        lines = []
        for path in glob.glob("/proc/[0-9]*/cmdline"):
            try:
                with open(path, encoding="utf-8", errors="replace") as file:
                    lines.append(file.read())
            except OSError:
                continue  # it has ended since
        return lines


def node_facts(port: NodePort, config_directory: str, salt: str) -> dict[str, Any]:
    """Everything preflight asks of a node, in one go; see neutron_node_info for the shape."""
    operating_system = node_readings.operating_system(port.read("/etc/os-release") or "")
    status, addresses = port.run("ip", "-j", "addr", "show")
    if status != 0:
        raise EdgeError("`ip -j addr show` ended with status %d: install iproute2 4.13 or newer" % status)
    return {
        "python": port.python_version(),
        "operating_system": operating_system,
        "interfaces": node_readings.interfaces(addresses),
        "routes": node_readings.routed_networks(port.run("ip", "-j", "-4", "route", "show")[1]),
        "packages": _packages(port, operating_system["family"]),
        "bridge_filter": _bridge_filter(port),
        "ebtables_usable": _ebtables_usable(port),
        "ha_routers": node_readings.keepalived_routers(port.command_lines()),
        **_configuration(port, config_directory, salt),
    }


def _packages(port: NodePort, family: str) -> dict[str, dict[str, str | None]]:
    names = PACKAGES.get(family, {})
    wanted = sorted(names.values())
    if family == "debian":
        found = node_readings.apt_versions(port.run("apt-cache", "policy", *wanted)[1], wanted)
    elif family == "redhat":
        installed = port.run("rpm", "-q", "--queryformat", "%{NAME} %{VERSION}\n", *wanted)[1]
        ask = ("dnf", "-q", "--cacheonly", "repoquery", "--latest-limit=1", "--queryformat=%{name} %{version}\n")
        found = node_readings.rpm_versions(installed, port.run(*ask, *wanted)[1], wanted)
    else:
        return {}
    return {name: found[package] for name, package in names.items()}


def _bridge_filter(port: NodePort) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for name in ("iptables", "ip6tables"):
        text = port.read("/proc/sys/net/bridge/bridge-nf-call-" + name)
        settings[name] = None if text is None else int(text)
    loaded = settings["iptables"] is not None
    settings["available"] = loaded or port.run("modprobe", "--dry-run", "--quiet", "br_netfilter")[0] == 0
    return settings


def _ebtables_usable(port: NodePort) -> bool | None:
    status, _unused = port.run("unshare", "--net", "sh", "-c", _EBTABLES_PROBE)
    return None if status == 127 else status == 0


def _configuration(port: NodePort, directory: str, salt: str) -> dict[str, Any]:
    documents: dict[str, oslo_ini.Document] = {}
    unreadable = []
    for name in (_SERVER, _L3_AGENT, _METADATA_AGENT, _ML2, _LINUXBRIDGE_AGENT):
        path = os.path.join(directory, name)
        try:
            text = port.read(path)
            if text is not None:
                documents[name] = oslo_ini.parse(text, path)
        except (EdgeError, SpecError) as error:
            unreadable.append({"path": path, "reason": str(error)})
    daemons: dict[str, dict[str, Any] | None] = {}
    for daemon, (files, options) in _DAEMONS.items():
        read = [documents[name] for name in files if name in documents]
        daemons[daemon] = {**_options(read, options), **_more(daemon, read, salt)} if files[-1] in documents else None
    return {"daemons": daemons, "noted_options": _noted_options(documents, directory), "unreadable": unreadable}


def _more(daemon: str, documents: list[oslo_ini.Document], salt: str) -> dict[str, Any]:
    """What may be told of the daemon's secrets, and what only its own file says."""
    if daemon == "linuxbridge_agent":
        own = oslo_ini.effective(documents[-1:], "linux_bridge", "physical_interface_mappings")
        return {"physical_interface_mappings_of_its_file": own}
    if daemon == "metadata_agent":
        given = oslo_ini.effective(documents, "DEFAULT", "metadata_proxy_shared_secret")
        return {"metadata_proxy_shared_secret": "set" if given else None}
    if daemon == "l3_agent":
        password = oslo_ini.effective(documents, "DEFAULT", "ha_vrrp_auth_password")
        return {"ha_vrrp_auth_password_" + name: value for name, value in vrrp_password.summary(password, salt).items()}
    return {}


def _options(documents: list[oslo_ini.Document], options: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    return {
        option: oslo_ini.effective(documents, section, option) for section, names in options.items() for option in names
    }


def _noted_options(documents: dict[str, oslo_ini.Document], directory: str) -> list[dict[str, Any]]:
    """Options that no release reads, or not every one."""
    return [
        {
            "path": os.path.join(directory, name),
            "line": found.first + 1,
            "section": oslo_ini.normal_section(found.section),
            "option": found.option,
        }
        for name, document in documents.items()
        for found in document.assignments
        if neutron_release.misnamed(oslo_ini.normal_section(found.section), found.option)
        or neutron_release.depends_on_release(oslo_ini.normal_section(found.section), found.option)
    ]
