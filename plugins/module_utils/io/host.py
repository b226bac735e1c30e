# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drill must know of a host beforehand: how Ansible reaches it, and how far its clock can be trusted."""

from __future__ import annotations

import ctypes
import os
import time
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.vrrp_uplink import Links
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io import iproute

_STA_UNSYNC = 0x40


def connection() -> dict[str, Any] | None:
    """The SSH connection that this process came by, with the interfaces that it rests on; None when there is none."""
    variable = _ssh_connection()
    if variable is None:
        return None
    client, _port, server, _own_port = variable.split()
    devices, links = iproute.show([iproute.DEVICES, iproute.LINKS])
    names = [
        device["ifname"]
        for device in devices
        for address in device.get("addr_info", ())
        if address.get("local") == server.partition("%")[0]
    ]
    route = iproute.show(["route get " + client.partition("%")[0]])[0]
    names += [entry["dev"] for entry in route if "dev" in entry]
    known = Links(links)
    return {
        "client": client,
        "address": server,
        "interfaces": sorted({lower for name in names for lower in known.carriers(name)}),
    }


def clock() -> dict[str, Any]:
    """booted: when the kernel was started by its own clock, in seconds since the epoch; containers of one machine agree
    in it, while each may have a boot_id of its own. error: of the time, in seconds, as adjtimex(2) estimates it; None
    when nothing keeps the clock in time."""
    timex = _Timex()
    known = ctypes.CDLL(None).adjtimex(ctypes.byref(timex)) >= 0 and not timex.status & _STA_UNSYNC
    return {"booted": round(_booted(), 4), "error": timex.maxerror / 1e6 if known else None}


def _booted() -> float:
    """Of several readings of both clocks the one that took the least time."""
    readings = []
    for _try in range(9):
        before = time.clock_gettime(time.CLOCK_BOOTTIME)
        now = time.time()
        after = time.clock_gettime(time.CLOCK_BOOTTIME)
        readings.append((after - before, now - (before + after) / 2))
    return min(readings)[1]


class _Timex(ctypes.Structure):
    """The start of struct timex; modes 0 only reads."""

    _fields_ = [
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 512),
    ]


def _ssh_connection() -> str | None:
    """Of this process or of the nearest one above it that has it: sudo drops it."""
    pid = os.getpid()
    while pid > 0:
        try:
            with open("/proc/%d/environ" % pid, encoding="utf-8", errors="replace") as file:
                for variable in file.read().split("\0"):
                    name, _sign, value = variable.partition("=")
                    if name == "SSH_CONNECTION" and len(value.split()) == 4:
                        return value
            with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as file:
                pid = int(file.read().rpartition(")")[2].split()[1])
        except OSError:
            return None
    return None
