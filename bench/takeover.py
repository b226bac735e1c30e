"""How long a router's address is away when the active node's cable is pulled: the module's, and bare keepalived's."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable
from datetime import datetime

from edge_calls import VIRTUAL, call, made
from virtual_node import Cable, Site, VirtualNode, volatile, wait_for

NAMESPACE = "qrouter-r0"
#: Seconds to wait for a takeover, and for the other node to be ready for the next one.
PATIENCE = 30.0
_BARE = """
vrrp_instance bare {
    state BACKUP
    interface eth1
    virtual_router_id 1
    priority %d
    version %d
    advert_int %s
    nopreempt
    virtual_ipaddress {
        %s dev eth1
    }
}
"""


def module_router(node: VirtualNode, number: int, interval: float) -> None:
    made(node, call(1, number, interval))


def bare_router(node: VirtualNode, number: int, interval: float) -> None:
    """keepalived alone, on the uplink itself, with one address; the node gets a name for where that is."""
    text = _BARE % (100 - 20 * number, 2 if interval == int(interval) else 3, interval, VIRTUAL)
    name = "/run/netns/" + NAMESPACE
    script = "cat > /run/bare.conf; touch %s; mount --bind /proc/self/ns/net %s" % (name, name)
    node.run("sh", "-ec", script + "; keepalived -P -f /run/bare.conf", text=text)


def outages(make: Callable[[VirtualNode, int, float], None], interval: float, rounds: int) -> list[float]:
    """Seconds from each pull until the other node has the address. The nodes are active by turns."""
    site = Site(volatile())
    try:
        nodes = list(site.nodes.values())
        for number, node in enumerate(nodes, 1):
            make(node, number, interval)
        found: list[float] = []
        for _unused in range(3 * rounds):
            if len(found) < rounds:
                found += outage(site, nodes, interval, len(found) / rounds)
        if not found:
            raise SystemExit("no takeover was seen with advertisements each %g s" % interval)
        return found
    finally:
        site.close()


def outage(site: Site, nodes: list[VirtualNode], interval: float, phase: float) -> list[float]:
    """One takeover, and the cable plugged in again. phase: the part of an interval to wait before the cut, so that the
    cuts of several takeovers are spread over it: one right after an advertisement lasts longest.

    Empty when the other node was active already: with 10 ms it takes over by itself when a busy machine is late.
    """
    if not wait_for(lambda: sum(map(has_address, nodes)) == 1, PATIENCE):
        raise SystemExit("not exactly one node is active")
    active, other = sorted(nodes, key=has_address, reverse=True)
    # Whoever was cut off before has heard the active node by then.
    time.sleep(max(1, 2 * interval) + phase * interval)
    cable = site.cables[active.name, "eth1"]
    watch = other.start("ip", "-n", NAMESPACE, "-ts", "-o", "monitor", "address")
    try:
        cut = pull(cable)
        if not wait_for(lambda: has_address(other), PATIENCE):
            raise SystemExit("the other node did not take over within %d s" % PATIENCE)
        time.sleep(0.1)
    finally:
        watch.terminate()
        text = watch.communicate()[0]
        cable.plug()
    moment = re.search(r"\[(\S+)\] \d+: \S+ +inet %s " % re.escape(VIRTUAL), text)
    since = datetime.fromisoformat(moment.group(1)).timestamp() - cut if moment else -1
    return [since] if since > 0 else []


def pull(cable: Cable) -> float:
    """When it was pulled, in seconds since the epoch. The process that does it is there before and waits for a word."""
    command = cable.far.enter("ip", "-batch", "-")
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as process:
        assert process.stdin
        time.sleep(0.2)
        cut = time.time()
        process.stdin.write("link set %s down\n" % cable.port)
    return cut


def has_address(node: VirtualNode) -> bool:
    return VIRTUAL in node.addresses(NAMESPACE)
