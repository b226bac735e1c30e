# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The VRRP routers of a node, from what its kernel, processes and files say, whoever made them.

Whether a node is active is the kernel's word: it has virtual addresses, or it has not. What keepalived or an agent
recorded comes beside it, not before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import keepalived_journal
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived import (
    VrrpInstance,
    parse,
    passed_over,
    read,
    sync_groups,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_model import address_order, canonical
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.vrrp_uplink import Links

Json = Mapping[str, Any]

NAMESPACE_PREFIX = "qrouter-"
_ROLES = {"ha-": "ha", "qr-": "interface", "qg-": "gateway"}
#: What Neutron (master up to 16, primary from 17) and keepalived write, in one set of words.
_RECORDED = {"master": "active", "primary": "active", "backup": "backup", "fault": "fault"}


@dataclass(frozen=True)
class Process:
    """A keepalived process. namespace: inode number of its network namespace. messages: see keepalived_journal."""

    pid: int
    parent: int
    namespace: int
    configuration: str
    messages: Sequence[str] = ()


@dataclass(frozen=True)
class Recorded:
    """A file with a state in it, and when it was written, in seconds since the epoch."""

    state: str
    since: float


@dataclass(frozen=True)
class ConfigurationFile:
    """text: None when it cannot be read, with the reason in problem. written: when it was, in seconds of the epoch."""

    path: str
    maker: str | None
    text: str | None = field(repr=False)
    problem: str | None = None
    recorded: Recorded | None = None
    written: float | None = None


@dataclass(frozen=True)
class Place:
    """A network namespace with what was found for it. name: None is the node's own. devices: as ``ip -j addr``.

    pid: of a process in a namespace that has no name; name is then the one that the configuration gives it, if any.
    """

    name: str | None
    inode: int
    devices: Sequence[Json]
    files: Sequence[ConfigurationFile]
    pid: int | None = None


def routers(places: Iterable[Place], processes: Sequence[Process], links: Links) -> list[dict[str, Any]]:
    """As vrrp_info returns them."""
    return [_router(place, [p for p in processes if p.namespace == place.inode], links) for place in places]


def _router(place: Place, processes: Sequence[Process], links: Links) -> dict[str, Any]:
    everything = [_device(device) for device in place.devices]
    loopback = {device["ifname"] for device in place.devices if "LOOPBACK" in device.get("flags", ())}
    devices = [device for device in everything if device["name"] not in loopback]
    files = [_file(file, processes) for file in place.files]
    instances = [
        instance
        for file, shown in zip(place.files, files)
        for instance in _instances(file, shown, everything, _messages(file, processes))
    ]
    ha = bool(instances or files) or any(device["role"] == "ha" for device in devices)
    state = _state(instances, files) if ha else None
    recorded = _recorded(place.files, state)
    return {
        "name": None if place.name is None else place.name.removeprefix(NAMESPACE_PREFIX),
        "namespace": "/proc/%d/ns/net" % place.pid if place.pid else place.name,
        "maker": next((file.maker for file in place.files if file.maker), None),
        "ha": ha,
        "state": state,
        "recorded_state": _word(recorded) if recorded else None,
        "since": recorded.since if recorded and _word(recorded) == state else None,
        "devices": devices,
        "keepalived": files,
        "instances": instances,
        "addresses_unexpected": _unexpected(devices, instances) if ha else [],
        "uplinks": links.uplinks(place.devices),
    }


def not_understood(router: Json) -> list[str]:
    """The files of a router, as routers() gives it, that could not be read or understood, each with the reason."""
    return ["%s: %s" % (file["configuration"], file["problem"]) for file in router["keepalived"] if file["problem"]]


def unheard(router: Json) -> str | None:
    """What is wrong when Neutron's L3 agent does not know the state of a router, as routers() gives it.

    neutron-keepalived-state-change tells the agent, and writes the state down. It may hang when it starts, in locks of
    eventlet that do not work between threads (Neutron 21, in one of some thirty starts). Without it the agent does not
    turn IPv6 forwarding, radvd and the metadata proxy on where the router becomes active.
    """
    if router["maker"] != "neutron" or not router["ha"] or router["state"] is None:
        return None
    # It looks at addresses only.
    state = "active" if router["state"] == "active" else "backup"
    known = router["recorded_state"]
    if known == state or (known, state) == ("fault", "backup"):
        return None
    was = "does not know its state" if known is None else "takes it for %s" % known
    # The brackets keep it from a shell or sudo that has these words on its own command line.
    text = (
        "the L3 agent %s: neutron-keepalived-state-change hangs or is gone. Kill it, and the agent starts it anew"
        " within a minute: pkill --signal KILL --full '[s]tate-change.*router_id=%s'"
    )
    return text % (was, router["name"])


def _state(instances: Sequence[Json], files: Sequence[Json]) -> str | None:
    """Addresses that are there tell; that none is there tells only where all that should be there is known."""
    states = {instance["state"] for instance in instances}
    if "active" not in states and any(file["problem"] for file in files):
        return None
    return next((word for word in ("active", "fault", "backup") if word in states), "fault")


def _word(recorded: Recorded) -> str:
    return _RECORDED.get(recorded.state.lower(), recorded.state)


def _recorded(files: Sequence[ConfigurationFile], state: str | None) -> Recorded | None:
    """Of several, the one that tells since when the router is in its state."""
    found = [file.recorded for file in files if file.recorded]
    agreeing = [recorded for recorded in found if _word(recorded) == state]
    return min(agreeing or found[:1], key=lambda recorded: recorded.since, default=None)


def _file(file: ConfigurationFile, processes: Sequence[Process]) -> dict[str, Any]:
    """pids: the process that was started comes first, then its children."""
    own = [process for process in processes if process.configuration == file.path]
    pids = {process.pid for process in own}
    ordered = sorted(own, key=lambda process: (process.parent in pids, process.pid))
    shown = {"configuration": file.path, "written": file.written, "problem": file.problem}
    return {**shown, "pids": [process.pid for process in ordered]}


def _messages(file: ConfigurationFile, processes: Sequence[Process]) -> list[str]:
    """Only one of a file's processes has any."""
    return [text for process in processes if process.configuration == file.path for text in process.messages]


def _instances(
    file: ConfigurationFile, shown: dict[str, Any], devices: Sequence[Json], messages: Sequence[str]
) -> list[dict[str, Any]]:
    """Those of a file; what cannot be understood of it is put into shown."""
    if file.text is None:
        return []
    try:
        statements = parse(file.text)
        over = passed_over(statements)
        if over:
            shown["problem"] = "it has what is not understood here: %s" % ", ".join(over)
        found = read(statements)
    except SpecError as error:
        shown["problem"] = shown["problem"] or str(error)
        return []
    weights = {script.name: script.weight for script in found.scripts}
    faults = {}
    for one in found.instances:
        scripts = [item.name for item in one.track_scripts if not (item.weight or weights.get(item.name))]
        told = keepalived_journal.faults(messages, one.name, scripts)
        faults[one.name] = _faults(one, devices, shown["pids"]) or told or _recorded_fault(file)
    for group in sync_groups(statements):
        failed = [name for name in group if faults.get(name)]
        for name in group:
            if failed and not faults.get(name):
                faults[name] = ["%s of its sync group is in fault" % failed[0]]
    known = not shown["problem"]
    return [_instance(one, devices, faults[one.name], known) for one in found.instances]


def _device(device: Json) -> dict[str, Any]:
    name = device["ifname"]
    flags = device.get("flags", ())
    return {
        "name": name,
        "role": _ROLES.get(name[:3], "other"),
        "mac_address": device.get("address"),
        "mtu": device.get("mtu"),
        "enabled": "UP" in flags,
        "carrier": "LOWER_UP" in flags,
        "addresses": [
            "%s/%d" % (address["local"], address["prefixlen"])
            for address in device.get("addr_info", ())
            if "local" in address
        ],
        "addresses_learned": [
            "%s/%d" % (address["local"], address["prefixlen"])
            for address in device.get("addr_info", ())
            if address.get("dynamic")
        ],
        "addresses_duplicate": [
            address["local"] for address in device.get("addr_info", ()) if address.get("dadfailed")
        ],
    }


def _instance(instance: VrrpInstance, devices: Sequence[Json], faults: list[str], known: bool) -> dict[str, Any]:
    """known: whether these are all of its addresses."""
    wanted = [
        {"address": canonical(address.address), "interface": address.interface or instance.interface}
        for address in (*instance.virtual_addresses, *instance.virtual_addresses_excluded)
    ]
    there = {(device["name"], canonical(address)) for device in devices for address in device["addresses"]}
    present = [item for item in wanted if (item["interface"], item["address"]) in there]
    return {
        "name": instance.name,
        "interface": instance.interface,
        "virtual_router_id": instance.virtual_router_id,
        "priority": instance.priority,
        "advert_interval": instance.advert_interval,
        "version": instance.version,
        "preempt": instance.preempt,
        "state": "active" if present else None if not known else "fault" if faults else "backup",
        "faults": faults,
        "addresses_present": present,
        "addresses_missing": [item for item in wanted if item not in present],
    }


def _faults(instance: VrrpInstance, devices: Sequence[Json], pids: Sequence[int]) -> list[str]:
    """Why the instance cannot become active, as far as it can be seen from outside keepalived."""
    faults = [] if pids else ["keepalived is not running"]
    by_name = {device["name"]: device for device in devices}
    tracked = {instance.interface, *(item.name for item in instance.track_interfaces if not item.weight)}
    for address in (*instance.virtual_addresses, *instance.virtual_addresses_excluded):
        if address.track and address.interface:
            tracked.add(address.interface)
    for name in sorted(tracked - {""}):
        device = by_name.get(name)
        if device is None:
            faults.append("%s is missing" % name)
        elif not device["enabled"]:
            faults.append("%s is down" % name)
        elif not device["carrier"]:
            faults.append("%s has no carrier" % name)
    return faults


def _recorded_fault(file: ConfigurationFile) -> list[str]:
    recorded = file.recorded is not None and _RECORDED.get(file.recorded.state.lower()) == "fault"
    return [keepalived_journal.SAYS_SO] if recorded else []


def _unexpected(devices: Sequence[Json], instances: Sequence[Json]) -> list[dict[str, str]]:
    """Addresses on a router's legs that no instance has.

    The node's own address on the HA network is not one, nor is one that the kernel made of a router advertisement:
    while two nodes are active, each hears the other's, and the address stays for its lifetime.
    """
    wanted = {
        (item["interface"], item["address"])
        for instance in instances
        for item in (*instance["addresses_present"], *instance["addresses_missing"])
    }
    return [
        {"address": address, "interface": device["name"]}
        for device in devices
        if device["role"] in ("interface", "gateway")
        for address in sorted(map(canonical, device["addresses"]), key=address_order)
        if (device["name"], address) not in wanted and address not in map(canonical, device["addresses_learned"])
    ]
