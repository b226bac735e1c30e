# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge to netfilter's netlink: whether this kernel tells of its connections."""

from __future__ import annotations

import socket
import struct

#: linux/netlink.h, linux/netfilter/nfnetlink.h, linux/netfilter/nfnetlink_conntrack.h
_NETLINK_NETFILTER, _NLMSG_ERROR, _NLM_F_REQUEST = 12, 2, 1
_GET_STATISTICS = 1 << 8 | 5
_HEADER = struct.Struct("=IHHII")


def tracks_connections() -> bool:
    """Whether conntrackd can work: the kernel is asked how many connections it has, and loads what it needs for it."""
    request = _HEADER.pack(_HEADER.size + 4, _GET_STATISTICS, _NLM_F_REQUEST, 1, 0) + bytes(4)
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER) as netlink:
            netlink.settimeout(5)
            netlink.send(request)
            answer = netlink.recv(65536)
    except OSError:
        return False
    return bool(_HEADER.unpack_from(answer)[1] != _NLMSG_ERROR)
