#!/bin/sh
# Stand in for an instance: a network namespace whose interface is plugged into the Linux bridge of its network, as
# Nova plugs a virtual machine. Usage: instance.sh NAME PORT_ID MAC NETWORK_ID IPV4/PREFIX GATEWAY
# Prints "plugged" when it changed something. IPv6 comes from the router's advertisements.
set -eu
name=$1 port=$2 mac=$3 network=$4 address=$5 gateway=$6
tap=tap$(printf %.11s "$port")
bridge=brq$(printf %.11s "$network")

if ! ip netns list | grep -qw "^$name"; then
    ip netns add "$name"
    echo plugged
fi
if ! ip -n "$name" link show eth0 >/dev/null 2>&1; then
    ip link del "$tap" 2>/dev/null || true
    ip link add "$tap" type veth peer name eth0 netns "$name" address "$mac" mtu 1450
    # It asks for a router until one answers (RFC 7559), every two seconds, for its bridge is still to be connected.
    ip netns exec "$name" sysctl -qw net.ipv6.conf.eth0.accept_ra=2 net.ipv6.conf.eth0.use_tempaddr=0 \
        net.ipv6.conf.eth0.router_solicitations=-1 net.ipv6.conf.eth0.router_solicitation_max_interval=2 \
        net.ipv6.conf.eth0.router_solicitation_interval=2
    ip -n "$name" address add "$address" dev eth0
    ip -n "$name" link set eth0 up
    ip -n "$name" route add default via "$gateway"
    echo plugged
fi
# The agent makes the bridge as soon as it sees the tap device.
ip link set "$tap" mtu 1450 up
for _ in $(seq 300); do
    [ -e "/sys/class/net/$bridge" ] && break
    sleep 0.1
done
if [ "$(basename "$(readlink "/sys/class/net/$tap/master" || true)")" != "$bridge" ]; then
    ip link set "$tap" master "$bridge"
    echo plugged
fi
