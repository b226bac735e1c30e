# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections that survive a failover: conntrackd, which tells the other nodes of each, and its transitions.

The mode is NOTRACK, over multicast. FTFW is reliable between two nodes only, for it counts the messages of one peer:
with three of them, a node that was started anew got no answer to its request, and another kept what had been closed.
In NOTRACK mode every node takes what any other tells it, and asks for all of it when it becomes a backup.
"""

from __future__ import annotations

import ipaddress

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.companion import Kind
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_unit import HEADER

#: A group for each VRID in the IPv4 Local Scope (RFC 2365, 6.1), for all routers of an HA network talk on one link.
GROUP = "239.255.0.%d"
#: conntrackd's usual UDP port.
PORT = 3780

CONNTRACKD = Kind(
    name="conntrackd",
    everywhere=True,
    describes="Connections",
    service="""\
Type=notify
ExecStart=/usr/sbin/conntrackd -C /etc/linuxbridge-vrrp/conntrackd/%i.conf
ExecStartPost=-/etc/linuxbridge-vrrp/conntrackd/follow %i START
CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW CAP_SYS_NICE
""",
    follow="""\
# Connections go with the active role: $1 is the router's namespace, $2 the new state of its keepalived.
# A daemon that hangs must not keep the recorder from the next state, nor radvd from its start.
tell() {
    timeout 10 /usr/sbin/conntrackd -C "/etc/linuxbridge-vrrp/conntrackd/$namespace.conf" "$@"
    [ $? -ne 124 ] || exit 1
}
namespace=$1
committed=/run/linuxbridge-conntrackd/$namespace/committed
case "$2" in
    START) state=$(cat "/run/linuxbridge-vrrp/$namespace/state" 2>/dev/null) ;;
    *) state=$2 ;;
esac
case "$2 $state" in
    MASTER*)
        # What the others told goes into the kernel, and from there back to them, for one may have missed some.
        tell -c
        : > "$committed"
        tell -R
        tell -B
        ;;
    START\\ MASTER)
        # What happened while the daemon did not run.
        tell -B
        ;;
    *\\ BACKUP)
        # What others told before this node was active is out of date, and after a commit conntrackd 1.4.7 refuses for
        # good to forget it (-f: "commit still in progress"). A new one begins with nothing.
        [ -e "$committed" ] && exec systemctl --no-block restart "linuxbridge-vrrp-conntrackd@$namespace.service"
        # Theirs is asked for. What the kernel still has of its own is forgotten only after PurgeTimeout, without a word
        # to the others: when this node becomes active again at once, for it is alone, it is all there is.
        tell -t
        tell -n
        ;;
esac
""",
)

_TEXT = """\
Sync {
    Mode NOTRACK {
        PurgeTimeout 60
    }
    Multicast {
        IPv4_address %(group)s
        Group %(port)d
        IPv4_interface %(address)s
        Interface %(device)s
        SndSocketBuffer 1249280
        RcvSocketBuffer 1249280
        Checksum on
    }
}
General {
    Systemd on
    HashSize 8192
    HashLimit 524288
    LockFile %(runtime)s/lock
    UNIX {
        Path %(runtime)s/ctl
    }
    NetlinkBufferSize 2097152
    NetlinkBufferSizeMaxGrowth 8388608
    Filter From Userspace {
        Protocol Accept {
            TCP
            UDP
            SCTP
        }
        Address Ignore {
            IPv4_address 127.0.0.1
            IPv4_address %(network)s
            IPv4_address 169.254.0.0/24
            IPv6_address ::1
        }
    }
}
"""


def render(namespace: str, virtual_router_id: int, device: str, address: str) -> str:
    """The configuration; device and address, with a prefix length, are those of the node on the HA network."""
    own = ipaddress.ip_interface(address)
    values = {
        "group": GROUP % virtual_router_id,
        "port": PORT,
        "address": str(own.ip),
        "network": str(own.network),
        "device": device,
        "runtime": CONNTRACKD.runtime(namespace),
    }
    return HEADER + _TEXT % values
