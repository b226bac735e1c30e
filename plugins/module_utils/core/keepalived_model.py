# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a keepalived configuration file says, as values that compare by meaning.

Addresses are brought to one spelling and what has no order is sorted when a value is made, so two configurations
that mean the same are equal and are rendered to the same bytes. Nothing is checked here: see keepalived_rules.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any


@cache
def interface_of(address: str) -> ipaddress.IPv4Interface | ipaddress.IPv6Interface:
    """An address with its prefix length. Raises ValueError for what is none."""
    return ipaddress.ip_interface(address)


@cache
def canonical(address: str) -> str:
    """An address with its prefix length in one spelling; what is no address stays as it is."""
    try:
        return str(interface_of(address))
    except ValueError:
        return address


def canonical_host(address: str) -> str:
    """The same without a prefix length."""
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return address


def canonical_network(network: str) -> str:
    """A route's destination in one spelling; ``default`` is that of IPv4, as keepalived has it."""
    try:
        return str(ipaddress.ip_network("0.0.0.0/0" if network == "default" else network))
    except ValueError:
        return network


def family_of(address: str) -> int | None:
    """4 or 6; None when it is no address."""
    try:
        return interface_of(address).version
    except ValueError:
        return None


@cache
def address_order(address: str) -> tuple[Any, ...]:
    """Sort key: IPv4 before IPv6, by number; what is no address comes last."""
    try:
        parsed = interface_of(address)
    except ValueError:
        return (9, 0, 0, address)
    return (parsed.version, int(parsed.ip), parsed.network.prefixlen, address)


@dataclass(frozen=True)
class VirtualAddress:
    """An address that the active node has. address has a prefix length (that of a host when it is given without).

    track: the instance goes to FAULT when its interface goes, and the address is put back when it is lost
    (``no_track`` otherwise; keepalived 2.0.3).
    """

    address: str
    interface: str | None = None
    scope: str | None = None
    track: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "address", canonical(self.address))

    @property
    def order(self) -> tuple[Any, ...]:
        return (*address_order(self.address), self.interface or "", self.scope or "", self.track)


@dataclass(frozen=True)
class VirtualRoute:
    """A route that the active node has. on_link: the next hop is reached directly, whatever the interface's subnets."""

    destination: str
    next_hop: str | None = None
    interface: str | None = None
    scope: str | None = None
    protocol: str | None = None
    on_link: bool = False
    track: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "destination", canonical_network(self.destination))
        if self.next_hop is not None:
            object.__setattr__(self, "next_hop", canonical_host(self.next_hop))


@dataclass(frozen=True)
class Tracked:
    """An interface, file or script that an instance watches; without a weight its failure is the instance's FAULT."""

    name: str
    weight: int | None = None


@dataclass(frozen=True)
class TrackScript:
    """A command that is run every ``interval`` seconds; exit status 0 is healthy. timeout is in seconds."""

    name: str
    script: str
    interval: int = 1
    timeout: int | None = None
    rise: int | None = None
    fall: int | None = None
    weight: int | None = None


@dataclass(frozen=True)
class TrackFile:
    """A file with a number in it, which is read whenever it changes."""

    name: str
    file: str
    weight: int | None = None


@dataclass(frozen=True)
class Authentication:
    """VRRP version 2 only. type is ``PASS`` or ``AH``; the password has at most 8 bytes."""

    password: str = field(repr=False)
    type: str = "PASS"


@dataclass(frozen=True)
class VrrpInstance:
    """One virtual router on one interface. Intervals and delays are in seconds.

    version: 2 or 3; None chooses 3 for IPv6 and for an interval with a fraction, else 2.
    source_address: of the advertisements; None takes the interface's own.
    unicast_peers: the other nodes, when advertisements are not to be multicast.
    virtual_addresses: one family, in their order; the first is the primary one.
    virtual_addresses_excluded: not in advertisements, of any family; their order has no meaning.
    virtual_routes: in the order in which they are added.
    """

    name: str
    interface: str
    virtual_router_id: int
    priority: int = 100
    advert_interval: float = 1.0
    state: str = "BACKUP"
    preempt: bool = True
    preempt_delay: float | None = None
    version: int | None = None
    authentication: Authentication | None = None
    source_address: str | None = None
    unicast_peers: tuple[str, ...] = ()
    track_interfaces: tuple[Tracked, ...] = ()
    track_files: tuple[Tracked, ...] = ()
    track_scripts: tuple[Tracked, ...] = ()
    garp_master_delay: int | None = None
    garp_master_repeat: int | None = None
    garp_master_refresh: int | None = None
    garp_master_refresh_repeat: int | None = None
    garp_lower_prio_delay: int | None = None
    garp_lower_prio_repeat: int | None = None
    virtual_addresses: tuple[VirtualAddress, ...] = ()
    virtual_addresses_excluded: tuple[VirtualAddress, ...] = ()
    virtual_routes: tuple[VirtualRoute, ...] = ()
    notify_master: str | None = None
    notify_backup: str | None = None
    notify_fault: str | None = None
    notify_stop: str | None = None
    notify: str | None = None

    def __post_init__(self) -> None:
        self._set("advert_interval", float(self.advert_interval))
        if self.preempt_delay is not None:
            self._set("preempt_delay", float(self.preempt_delay))
        if self.source_address is not None:
            self._set("source_address", canonical_host(self.source_address))
        self._set("unicast_peers", tuple(sorted(map(canonical_host, self.unicast_peers), key=address_order)))
        for name in ("track_interfaces", "track_files", "track_scripts"):
            self._set(name, by_name(getattr(self, name)))
        self._set("virtual_addresses", tuple(self.virtual_addresses))
        excluded = sorted(self.virtual_addresses_excluded, key=lambda address: address.order)
        self._set("virtual_addresses_excluded", tuple(excluded))
        self._set("virtual_routes", tuple(self.virtual_routes))
        if self.version is None:
            fraction = self.advert_interval != int(self.advert_interval)
            self._set("version", 3 if fraction or self.family == 6 else 2)

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    @property
    def family(self) -> int:
        """4 or 6: that of the virtual addresses, else of the peers or the source address; 4 when nothing tells."""
        candidates = [address.address for address in self.virtual_addresses]
        candidates += [*self.unicast_peers, self.source_address or ""]
        return next((found for found in map(family_of, candidates) if found), 4)


@dataclass(frozen=True)
class GlobalDefinitions:
    """``global_defs``. script_user is set with script security on: without both, keepalived drops scripts.

    notify_fifo: a FIFO that is told of every change of state, in order; notify_fifo_script is started to read it.
    dynamic_interfaces: an interface may be missing, and may be removed and made again.
    """

    router_id: str | None = None
    script_user: str | None = None
    dynamic_interfaces: bool = False
    notify_fifo: str | None = None
    notify_fifo_script: str | None = None


@dataclass(frozen=True)
class Configuration:
    """A whole file."""

    instances: tuple[VrrpInstance, ...] = ()
    scripts: tuple[TrackScript, ...] = ()
    files: tuple[TrackFile, ...] = ()
    global_definitions: GlobalDefinitions = GlobalDefinitions()

    def __post_init__(self) -> None:
        for name in ("instances", "scripts", "files"):
            object.__setattr__(self, name, by_name(getattr(self, name)))


@dataclass(frozen=True)
class Capabilities:
    """What the installed keepalived understands."""

    no_track: bool = True
    #: It tells systemd when it is ready: since 2.2.0, where it was built with that.
    systemd_notify: bool = True
    #: It was built with the daemons that check real servers, and with that for BFD.
    checkers: bool = True
    bfd: bool = True

    @classmethod
    def of_version(cls, version: tuple[int, ...], options: Collection[str] = ()) -> Capabilities:
        """version as in ``(2, 2, 7)``; options: the words of what ``keepalived --version`` says of its build."""
        return cls(
            no_track=version >= (2, 0, 3),
            systemd_notify="SYSTEMD_NOTIFY" in options,
            checkers="LVS" in options,
            bfd="BFD" in options,
        )


NEWEST = Capabilities()


def by_name(items: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(sorted(items, key=lambda item: item.name))
