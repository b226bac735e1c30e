# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses on the devices of a router: those that nobody should have there, and those that an active one lacks."""

from __future__ import annotations

from collections.abc import Container

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import node_names
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_model import Configuration
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_read import read
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_service import Found
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_text import parse
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_anatomy import RouterAnatomy
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_changes import Changes
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_commands import Batch
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_have import Namespace

#: Seconds that keepalived gets to put its addresses in place after it became active or read another configuration.
SETTLED = 5.0


def missing(anatomy: RouterAnatomy, namespace: Namespace, found: Found, at: float) -> list[str]:
    """What an active router is without, and keepalived does not put back; at: when it was looked at.

    keepalived gives the role up when it loses an address, so this is what was in its way when it became active again.
    """
    if found.state != "master" or found.since is None or found.process is None or found.process.loaded_at is None:
        return []
    # A time that is yet to come is one before the clock was set back.
    if 0 <= at - max(found.since, found.process.loaded_at) < SETTLED:
        return []
    links = namespace.links
    gone = [
        (device, address)
        for device, addresses in sorted(_by_device(anatomy.configuration).items())
        for address in sorted(addresses)
        if device in links and address not in links[device].device.addresses
    ]
    # Read only then: a node has hundreds of files.
    told = _by_device(_read(found.process.loaded)) if gone else {}
    return [address for device, address in gone if address in told.get(device, set())]


def remove_others(
    changes: Changes, anatomy: RouterAnatomy, namespace: Namespace, loaded: str | None, anew: Container[str]
) -> None:
    """Addresses that nothing accounts for go; those of a device that is made anew went with it.

    What keepalived has read (loaded) is left to it, for a reload takes from it what is no longer wanted. anew: names of
    the devices that are made anew.
    """
    name, primary = anatomy.namespace, node_names.primary_address(anatomy.router.virtual_router_id)
    active = any(primary in link.device.addresses for link in namespace.links.values())
    virtual = _by_device(anatomy.configuration) if active else {}
    for device in anatomy.devices:
        link = namespace.links.get(device.name)
        if link is None or device.name in anew:
            continue
        allowed = set(device.addresses) | virtual.get(device.name, set())
        others = [address for address in link.device.addresses if address not in allowed]
        if others and active:
            left = _by_device(_read(loaded)).get(device.name, set())
            others = [address for address in others if address not in left]
        for address in others:
            what = "address %s of device %s of %s" % (address, device.name, name)
            line = "addr del %s dev %s" % (address, device.name)
            changes.add("remove", what, address, None, (Batch((line,), name),))


def _by_device(configuration: Configuration) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for instance in configuration.instances:
        for address in (*instance.virtual_addresses, *instance.virtual_addresses_excluded):
            found.setdefault(address.interface or instance.interface, set()).add(address.address)
    return found


def _read(text: str | None) -> Configuration:
    try:
        return read(parse(text or ""))
    except ValueError:
        return Configuration()
