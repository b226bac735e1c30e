# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read of a namespace without a process, against what ``ip`` and ``nft`` print there."""

from __future__ import annotations

import json
import os
import struct
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import rtnetlink as reading
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io import netns, nftables, rtnetlink

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")

NEAR, FAR = ("lbvrrp-read%d-%s" % (os.getpid(), end) for end in ("near", "far"))
#: A device of every kind that the module makes, and others that somebody may put in its place.
DEVICES = """\
link add name eth1 index 77 mtu 9000 address 02:00:00:00:00:77 type veth peer name port netns %s
link add name pair type veth peer name twin
link add name brqone type bridge mcast_snooping 0
link add name brqtwo type bridge stp_state 1
link add name vxlan-7 type vxlan id 7 dstport 4789 group 239.0.0.7 local 198.51.100.7 dev eth1
link add name vxlan-8 type vxlan id 16777215 dstport 8472
link add name vxlan-9 type vxlan id 9 dstport 4789 remote 198.51.100.9 ttl 9 nolearning
link add name vxlan-6 type vxlan id 6 dstport 4789 group ff05::6 local 2001:db8::6 dev eth1
link add name small mtu 1200 type bridge
link add name carrier link eth1 type macvlan mode private
link add name ha-one link brqone type macvlan mode bridge
link set ha-one netns %s
link set pair master brqone addrgenmode none up
link set eth1 up
addr add 198.51.100.1/24 dev eth1
addr add 198.51.100.9/32 peer 203.0.113.9 dev carrier
addr add 2001:db8::1/64 dev brqtwo
link property add dev brqtwo altname another
""" % (FAR, FAR)
TABLE = {"table": {"family": "inet", "name": "linuxbridge_vrrp"}}
#: Two peers, a peer of one address only, an entry of a bridge.
ENTRIES = """\
fdb append 00:00:00:00:00:00 dev vxlan-7 dst 198.51.100.8
fdb append 00:00:00:00:00:00 dev vxlan-6 dst 2001:db8::66
fdb append 02:00:00:00:00:08 dev vxlan-8 dst 198.51.100.88
fdb add 02:00:00:00:00:09 dev pair master static
"""
CHAIN = {"chain": {"family": "inet", "table": "linuxbridge_vrrp", "name": "silence"}}
#: What somebody may have set.
SYSCTLS = """\
echo 1 > /proc/sys/net/ipv4/ip_forward
echo 0 > /proc/sys/net/ipv4/conf/brqone/forwarding
echo 1 > /proc/sys/net/ipv6/conf/brqone/forwarding
echo 1 > /proc/sys/net/ipv6/conf/brqtwo/disable_ipv6
"""


@pytest.fixture(scope="module", autouse=True)
def namespaces() -> Iterator[None]:
    try:
        for name in (NEAR, FAR):
            subprocess.run(["ip", "netns", "add", name], check=True)
        subprocess.run(["ip", "-n", NEAR, "-batch", "-"], input=DEVICES, text=True, check=True)
        subprocess.run(["bridge", "-n", NEAR, "-batch", "-"], input=ENTRIES, text=True, check=True)
        subprocess.run(["ip", "netns", "exec", NEAR, "sh", "-ec", SYSCTLS], check=True)
        # Both ends of a cable: then there are devices with a carrier, and devices without.
        subprocess.run(["ip", "-n", FAR, "link", "set", "port", "up"], check=True)
        yield
    finally:
        for name in (NEAR, FAR):
            subprocess.run(["ip", "netns", "del", name], check=False)


def inside(namespace: str, *command: str) -> Any:
    command = ("ip", "netns", "exec", namespace, *command)
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def as_ip_says(namespace: str) -> list[dict[str, Any]]:
    """Of what ``ip`` prints what is read too; it names the device below one where that is in the same namespace.

    With addresses it does not tell whether a device makes its own, a device with an MTU below 1280 has no IPv6, and
    IPv6 addresses of a VXLAN have words apart.
    """
    listing = inside(namespace, "ip", "-j", "-d", "addr", "show")
    for item, link in zip(listing, inside(namespace, "ip", "-j", "-d", "link", "show"), strict=True):
        item["inet6_addr_gen_mode"] = link.get("inet6_addr_gen_mode")
        item["sysctls"] = sysctls(namespace, item["ifname"])
    numbers = {item["ifname"]: item["ifindex"] for item in listing}
    return [of_a_device(item, numbers) for item in listing]


def sysctls(namespace: str, device: str) -> dict[str, str]:
    """Those of a device that are read with it."""
    keys = [key for _family, _conf, places in reading.CONF for key, _place in places]
    script = "".join("cat /proc/sys/%s 2>/dev/null || echo\n" % (key % device) for key in keys)
    command = ["ip", "netns", "exec", namespace, "sh", "-c", script]
    values = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return {key: value for key, value in zip(keys, values, strict=True) if value}


def of_a_device(item: dict[str, Any], numbers: dict[str, int]) -> dict[str, Any]:
    words = ("ifindex", "ifname", "mtu", "address", "master", "link_index", "link_netnsid")
    words = (*words, "inet6_addr_gen_mode", "sysctls")
    found = {word: item[word] for word in words if item.get(word) is not None}
    if item.get("link"):
        found["link_index"] = numbers[item["link"]]
    found["flags"] = {flag for flag in item["flags"] if flag in ("UP", "LOWER_UP")}
    found["addr_info"] = [{word: entry[word] for word in ("local", "prefixlen")} for entry in item["addr_info"]]
    kind = item.get("linkinfo", {}).get("info_kind")
    if kind:
        data = ("mcast_snooping", "stp_state", "id", "port", "group", "local", "link", "ttl", "learning", "mode")
        told = item["linkinfo"].get("info_data", {})
        if told.get("learning") is False:
            told["learning"] = "off"
        told = {word: value for word, value in told.items() if (word, value) not in (("learning", True), ("ttl", 0))}
        told.update({word: told[word + "6"] for word in ("group", "local") if word + "6" in told})
        found["linkinfo"] = {"info_kind": kind, "info_data": {word: told[word] for word in data if word in told}}
    return found


@pytest.mark.parametrize("namespace", (NEAR, FAR), ids=("near", "far"))
def test_devices_and_addresses_are_those_that_ip_tells(namespace: str) -> None:
    read = [{**item, "flags": set(item["flags"])} for item in netns.inside(namespace, rtnetlink.devices).values()]
    assert read == as_ip_says(namespace)


def lazily(namespace: str) -> reading.Devices:
    """Devices that are asked for when they are needed, wherever that is."""
    return netns.inside(namespace, lambda: reading.Devices(rtnetlink.Kernel()))


@pytest.mark.parametrize("namespace", (NEAR, FAR), ids=("near", "far"))
def test_a_device_that_is_asked_for_alone_is_told_as_among_all(namespace: str) -> None:
    every = netns.inside(namespace, rtnetlink.devices)
    for name, item in every.items():
        devices = lazily(namespace)
        assert (name in devices, devices[name], devices.name(item["ifindex"])) == (True, item, name)


def test_a_device_that_is_not_there_is_told_to_be_missing() -> None:
    devices = lazily(NEAR)
    assert "eth9" not in devices and devices.name(1 << 20) is None and "a-name-of-16-byte" not in devices
    # There is no kind of that name.
    assert devices.of_kind("nothing") == []
    with pytest.raises(KeyError, match="eth9"):
        devices["eth9"]


def test_a_device_is_not_found_by_its_alternative_name() -> None:
    devices = lazily(NEAR)
    assert "another" in inside(NEAR, "ip", "-j", "link", "show", "brqtwo")[0]["altnames"]
    assert "another" not in devices and "another" not in netns.inside(NEAR, rtnetlink.devices) and "brqtwo" in devices


def test_addresses_are_told_with_the_device_that_has_them() -> None:
    devices = lazily(NEAR)
    found = {address: devices.name(index) for address, index in devices.addresses().items()}
    # A device without IPv6 has lost its own.
    assert {address: name for address, name in found.items() if not address.startswith("fe80:")} == {
        "198.51.100.1": "eth1",
        "198.51.100.9": "carrier",
    }


@pytest.mark.parametrize("one_by_one", (True, False), ids=("one by one", "all at once"))
def test_vxlan_devices_flood_to_the_peers_that_bridge_tells(one_by_one: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "FEW", 4 if one_by_one else 3)
    devices = lazily(NEAR)
    assert set(devices.of_kind("vxlan")) == {"vxlan-6", "vxlan-7", "vxlan-8", "vxlan-9"}
    tunnels = {devices[name]["ifindex"]: name for name in devices.of_kind("vxlan")}
    told: dict[str, set[str]] = {}
    for entry in inside(NEAR, "bridge", "-j", "fdb", "show"):
        if entry["mac"] == "00:00:00:00:00:00":
            told.setdefault(entry["ifname"], set()).add(entry["dst"])
    kernel = netns.inside(NEAR, rtnetlink.Kernel)
    assert kernel.flooding(tunnels) == told
    assert told["vxlan-7"] == {"239.0.0.7", "198.51.100.8"} and told["vxlan-6"] == {"ff05::6", "2001:db8::66"}
    assert "vxlan-8" not in told and netns.inside(FAR, rtnetlink.Kernel).flooding({}) == {}


def test_the_kernel_tells_no_more_than_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = netns.inside(NEAR, rtnetlink.Kernel)
    assert len(kernel.links("vxlan")) == 4 < len(kernel.links())
    told: list[bytes] = []

    def flooding(entries: list[bytes], _devices: Any) -> dict[str, frozenset[str]]:
        told.extend(entries)
        return {}

    monkeypatch.setattr(reading, "flooding", flooding)
    index = lazily(NEAR)["vxlan-8"]["ifindex"]
    kernel.flooding({index: "vxlan-8"})
    assert [struct.unpack_from("=BxxxiHBB", entry)[1] for entry in told] == [index]


def test_what_is_left_of_an_answer_is_not_taken_for_the_next_one() -> None:
    kernel = netns.inside(NEAR, rtnetlink.Kernel)
    body = reading.request(reading.GET_LINK, name="brqtwo")
    for flags in (0x1, 0x301):
        # As of a run that was told to stop in the middle.
        kernel._socket.send(struct.pack("=IHHII", 16 + len(body), reading.GET_LINK, flags, 0, 0) + body)
        found = kernel.link(name="eth1")
        assert found and struct.unpack_from("=BxHi", found)[2] == 77 and kernel.link(name="eth9") is None


def load(text: str) -> None:
    nftables.start_loading(text)()


def test_a_table_is_read_as_nft_prints_it_and_loaded_as_nft_loads_it() -> None:
    text = json.dumps({"nftables": [{"add": TABLE}, {"add": CHAIN}]})
    netns.inside(NEAR, lambda: load(text))
    printed = inside(NEAR, "nft", "-j", "list", "table", "inet", "linuxbridge_vrrp")
    assert json.loads(netns.inside(NEAR, lambda: nftables.listed("inet", "linuxbridge_vrrp"))) == printed
    assert [next(iter(item)) for item in printed["nftables"]] == ["metainfo", "table", "chain"]


def test_a_table_that_is_not_there_is_an_empty_text() -> None:
    assert netns.inside(FAR, lambda: nftables.listed("inet", "linuxbridge_vrrp")) == ""


def test_rules_that_nft_refuses_are_an_error_and_change_nothing() -> None:
    text = json.dumps({"nftables": [{"add": TABLE}, {"add": {"chain": {**CHAIN["chain"], "table": "other"}}}]})
    with pytest.raises(EdgeError, match=r"nft refuses the rules: .*No such file or directory"):
        netns.inside(FAR, lambda: load(text))
    assert netns.inside(FAR, lambda: nftables.listed("inet", "linuxbridge_vrrp")) == ""


def test_a_command_is_run_in_the_namespace_that_is_named() -> None:
    command = ["readlink", "/proc/self/ns/net"]
    here, there = netns.run_in(None, command), netns.run_in(NEAR, command)
    assert here[1].strip() == os.readlink("/proc/self/ns/net")
    assert there[1].strip() == "net:[%d]" % os.stat("/run/netns/" + NEAR).st_ino
