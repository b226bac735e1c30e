# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about interfaces, addresses, MTU and the kernel's bridge filter."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from typing import Any, Callable

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.site_model import (
    COMPUTE_NODES,
    CONTROLLERS,
    ERROR,
    NETWORK_NODES,
    NOTE,
    Finding,
    Host,
    Site,
)

#: (network, other networks) -> those of the others that overlap it; raises ValueError if the network is none.
Overlapping = Callable[[str, Iterable[str]], list[str]]

#: Bytes that VXLAN adds by the family of the overlay address: outer IP, UDP, VXLAN and inner Ethernet headers.
VXLAN_OVERHEAD = {4: 50, 6: 70}

#: On a link, the whole block says only that hosts without DHCP may name themselves (RFC 3927).
_ZEROCONF = "169.254.0.0/16"

_OWN_MAPPINGS = "physical_interface_mappings_of_its_file"


def interfaces(site: Site) -> Iterator[Finding]:
    for host in site.examined(NETWORK_NODES, COMPUTE_NODES):
        for role in ("overlay", "provider"):
            name = host.wants(role + "_interface")
            if name:
                yield from _interface(host, role, name)


def _interface(host: Host, role: str, name: str) -> Iterator[Finding]:
    found = _by_name(host).get(name)
    if found is None:
        there = ", ".join(sorted(_by_name(host))) or "none"
        yield Finding(
            ERROR,
            "interface_missing",
            (host.name,),
            "there is no %s interface %s" % (role, name),
            "set %s_interface for the host to one it has: %s" % (role, there),
        )
        return
    if not found["enabled"] or not found["carrier"]:
        yield Finding(
            ERROR,
            "interface_down",
            (host.name,),
            "the %s interface %s is %s" % (role, name, "without carrier" if found["enabled"] else "down"),
            "check its cable or its peer"
            if found["enabled"]
            else "`ip link set %s up`, and make it come up at boot in the host's network configuration" % name,
        )
    if role == "overlay":
        yield from _overlay_address(host, name, found)


def _overlay_address(host: Host, name: str, found: dict[str, Any]) -> Iterator[Finding]:
    addresses = [address.split("/")[0] for address in _addresses(host, found)]
    own_ipv4 = [address for address in found["addresses"] if ":" not in address]
    wanted = host.wants("overlay_address")
    choose = "set overlay_address to one that it has: %s" % ", ".join(addresses)
    what = ""
    if not addresses:
        what, choose = (
            "has no address",
            "give it one in the host's network configuration; VXLAN needs it as its own end",
        )
    elif wanted and wanted.split("/")[0] not in addresses:
        what = "does not have the overlay_address %s" % wanted
    elif not wanted and not own_ipv4:
        what = "has no IPv4 address of its own, which would be taken"
    if what:
        what = "the overlay interface %s %s" % (name, what)
        yield Finding(ERROR, "interface_without_address", (host.name,), what, choose)


def _by_name(host: Host) -> dict[str, dict[str, Any]]:
    return {interface["name"]: interface for interface in (host.node or {}).get("interfaces", [])}


def _addresses(host: Host, interface: dict[str, Any]) -> list[str]:
    # The Linux bridge agent moves a provider interface's addresses to the bridge it puts the interface into.
    master = _by_name(host).get(interface["master"], {})
    return [*interface["addresses"], *master.get("addresses", [])]


def overlay_routed(site: Site) -> Iterator[Finding]:
    """Multicast, which takes the place of layer-2 population, crosses a router only where somebody has seen to it."""
    by_network: dict[str, list[str]] = {}
    for host in site.examined(NETWORK_NODES, COMPUTE_NODES):
        address = _overlay_end(host)
        if address:
            by_network.setdefault(str(ipaddress.ip_interface(address).network), []).append(host.name)
    if len(by_network) > 1:
        shown = "; ".join("%s: %s" % (network, ", ".join(names)) for network, names in by_network.items())
        yield Finding(
            ERROR,
            "overlay_routed",
            tuple(name for names in by_network.values() for name in names),
            "the overlay addresses are in different networks (%s); without layer-2 population flooded frames go to a "
            "multicast group, which no router between them forwards by itself" % shown,
            "put the overlay interfaces into one network; accept this where routers forward the group that [vxlan] "
            "vxlan_group names, which must be outside 224.0.0.0/24, and [vxlan] ttl is above 1",
        )


def _overlay_end(host: Host) -> str | None:
    """The node's end of its tunnels after a run, with its prefix length; None where there is none, which is another
    finding.
    """
    found = _by_name(host).get(host.wants("overlay_interface") or "")
    addresses = _addresses(host, found) if found else []
    wanted = (host.wants("overlay_address") or "").split("/")[0]
    chosen = wanted or host.has("linuxbridge_agent", "local_ip")
    own = [address for address in addresses if address.split("/")[0] == chosen]
    first = [] if wanted else [address for address in addresses if ":" not in address]
    return next(iter(own + first), None)


def overlay_address(site: Site) -> Iterator[Finding]:
    """The agent leaves VXLAN devices that are there with the address that they have."""
    for host in site.examined(NETWORK_NODES, COMPUTE_NODES):
        now, end = host.has("linuxbridge_agent", "local_ip"), _overlay_end(host)
        if now and end and now != end.split("/")[0]:
            yield Finding(
                ERROR,
                "local_ip_changes",
                (host.name,),
                "[vxlan] local_ip is %s, and a run would set %s, of %s"
                % (now, end.split("/")[0], host.wants("overlay_interface")),
                "set overlay_interface, or overlay_address, to what the host uses; accept this if the host is empty",
            )


def provider_mapping(site: Site) -> Iterator[Finding]:
    """The Linux bridge agent does not start when a network or an interface is mapped twice (parse_mappings), and takes
    all mappings from the last file that has any.
    """
    for host in site.examined(NETWORK_NODES, COMPUTE_NODES):
        network, interface = host.wants("physical_network"), host.wants("provider_interface")
        mappings = host.has("linuxbridge_agent", "physical_interface_mappings") or ""
        listed = [text.strip() for text in mappings.split(",") if text.strip()]
        others = [text for text in listed if text != "%s:%s" % (network, interface)]
        if network and interface and others and not host.has("linuxbridge_agent", _OWN_MAPPINGS):
            yield Finding(
                ERROR,
                "provider_mapping_hidden",
                (host.name,),
                "physical_interface_mappings has %s, but not in linuxbridge_agent.ini: with %s:%s written there the "
                "agent would no longer know it" % (", ".join(others), network, interface),
                "move the option, with all it has, from ml2_conf.ini to linuxbridge_agent.ini",
            )
            continue
        for text in listed if network and interface and "%s:%s" % (network, interface) not in listed else ():
            key, _colon, value = (part.strip() for part in text.partition(":"))
            if key == network or value == interface:
                yield Finding(
                    ERROR,
                    "provider_mapping_conflicts",
                    (host.name,),
                    "physical_interface_mappings has %s, and the inventory wants %s:%s; with both the Linux bridge "
                    "agent does not start" % (text, network, interface),
                    "set physical_network and provider_interface to what the host has, or change its files first",
                )


def overlay_mtu(site: Site) -> Iterator[Finding]:
    """A VXLAN network has min(global_physnet_mtu, path_mtu if not 0) less the overhead of overlay_ip_version."""
    underlay = site.server_number("global_physnet_mtu")
    path_mtu = site.server_number("path_mtu")
    underlay = min(underlay, path_mtu) if path_mtu else underlay
    tenant = underlay - VXLAN_OVERHEAD[6 if site.server_number("overlay_ip_version") == 6 else 4]
    for host in site.examined(NETWORK_NODES, COMPUTE_NODES):
        name = host.wants("overlay_interface")
        found = _by_name(host).get(name or "")
        version = _overlay_ip_version(host, found)
        if not found or not version or found["mtu"] >= tenant + VXLAN_OVERHEAD[version]:
            continue
        needed = tenant + VXLAN_OVERHEAD[version]
        yield Finding(
            ERROR,
            "overlay_mtu_too_small",
            (host.name,),
            "the overlay interface %s has MTU %d; self-service networks of MTU %d need %d, for VXLAN over IPv%d adds "
            "%d bytes" % (name, found["mtu"], tenant, needed, version, VXLAN_OVERHEAD[version]),
            "set the interface's MTU, and the switches', to %d or more; or set [ml2] path_mtu in the server's "
            "ml2_conf.ini to %d, which new networks then follow" % (needed, found["mtu"]),
        )


def _overlay_ip_version(host: Host, found: dict[str, Any] | None) -> int | None:
    addresses = [host.wants("overlay_address"), *(_addresses(host, found) if found else [])]
    for address in addresses:
        if address:
            return ipaddress.ip_interface(address).version
    return None


def ha_network(site: Site, overlapping: Overlapping) -> Iterator[Finding]:
    """l3_ha_net_cidr must be a network that nobody uses: not the hosts, not the overlay, no subnet of the site."""
    cidr = site.server_option("l3_ha_net_cidr")
    names = tuple(host.name for host in site.members(CONTROLLERS))
    remedy = "set l3_ha_net_cidr to a private network that is not in use; HA networks that exist keep theirs"
    try:
        taken = {user: overlapping(cidr, networks) for user, networks in _networks_in_use(site).items()}
    except ValueError:
        yield Finding(ERROR, "ha_network_invalid", names, "l3_ha_net_cidr %s is not an IPv4 network" % cidr, remedy)
        return
    for (user, hosts), networks in taken.items():
        for network in networks:
            what = "l3_ha_net_cidr %s overlaps %s (%s)" % (cidr, network, user)
            yield Finding(ERROR, "ha_network_in_use", hosts or names, what, remedy)


def api(site: Site) -> Iterator[Finding]:
    """The API is asked for the subnets; what changes the site waits for the agents with the same API."""
    if site.api_failure:
        yield Finding(
            ERROR,
            "api_not_answering",
            (),
            "the site's API does not tell its subnets: %s" % site.api_failure,
            "mend the entry of clouds.yaml that openstack_cloud names; or leave openstack_cloud out, and nothing waits "
            "for Neutron's agents",
        )


def _networks_in_use(site: Site) -> dict[tuple[str, tuple[str, ...]], list[str]]:
    """Networks by user; the user is what is said of it, and the host if it is one."""
    used: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for host in site.examined():
        seen = set()
        for interface in (host.node or {}).get("interfaces", []):
            for address in interface["addresses"]:
                network = str(ipaddress.ip_interface(address).network)
                seen.add(network)
                used.setdefault(("interface %s" % interface["name"], (host.name,)), []).append(network)
        for route in (host.node or {}).get("routes", []):
            if route["network"] not in seen:
                used.setdefault(("route by %s" % route["interface"], (host.name,)), []).append(route["network"])
    for name, cidr in site.subnets:
        used.setdefault(("subnet %s" % name, ()), []).append(cidr)
    return {user: [each for each in networks if each != _ZEROCONF] for user, networks in used.items()}


def bridge_filter(site: Site) -> Iterator[Finding]:
    """Security groups see bridged frames only with br_netfilter (the guide's "kernel operating parameters")."""
    for host in site.examined(NETWORK_NODES, COMPUTE_NODES):
        settings = (host.node or {})["bridge_filter"]
        if not settings["available"]:
            yield Finding(
                ERROR,
                "bridge_filter_missing",
                (host.name,),
                "the kernel has no module br_netfilter, so security groups would not see bridged frames",
                "install the kernel's modules, or boot a kernel that has br_netfilter",
            )
            continue
        off = [name for name in ("iptables", "ip6tables") if settings[name] != 1]
        if off:
            yield Finding(
                NOTE,
                "bridge_filter_off",
                (host.name,),
                "%s not 1" % _are(["net.bridge.bridge-nf-call-" + name for name in off]),
                "nothing to do: the site's playbook sets it, as security groups need it",
            )


def ebtables(site: Site) -> Iterator[Finding]:
    """The agent tries again for ever when ebtables refuses (LP#1922892 and others); only instances' ports need it."""
    unusable = [h.name for h in site.examined(COMPUTE_NODES) if (h.node or {}).get("ebtables_usable") is False]
    if unusable:
        yield Finding(
            ERROR,
            "ebtables_unusable",
            tuple(unusable),
            "ebtables cannot delete a rule with --among-src (ebtables-nft 1.8.9 cannot), so the Linux bridge agent "
            "hangs once it is restarted on a host with instances, and wires no new port",
            "use the legacy one, as Neutron's documentation asks: update-alternatives --set ebtables "
            "/usr/sbin/ebtables-legacy; then remove what the other one holds: ebtables-nft -t nat -F",
        )


def _are(names: list[str]) -> str:
    return "%s %s" % (" and ".join(names), "is" if len(names) == 1 else "are")
