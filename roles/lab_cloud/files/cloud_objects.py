"""Makes what the guides leave in the API of a cloud; part of the lab.

All in one process, for each task of openstack.cloud costs seconds while the hosts of the lab share two cores.
usage: cloud_objects.py cloud NEUTRON_URL       what Keystone knows of Neutron (LAB_SERVICE_PASSWORD is its password),
                                                networks and router. Runs in the controller's image, not in each lab.
       cloud_objects.py answers                 nothing; waits until Neutron answers
       cloud_objects.py instance JSON AGENTS    port and floating IP address of an instance, once AGENTS are alive and
                                                have the network's other ports; prints JSON: whether it changed
                                                anything, and the port
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import openstack

CLOUD = "lab"
DEADLINE_SECONDS = 180
# The pools leave room for the fixed addresses that the lab gives out.
SUBNETS: list[dict[str, Any]] = [
    {
        "name": "provider1-v4",
        "network": "provider1",
        "cidr": "203.0.113.0/24",
        "gateway_ip": "203.0.113.1",
        "allocation_pools": [{"start": "203.0.113.101", "end": "203.0.113.250"}],
    },
    {
        "name": "provider1-v6",
        "network": "provider1",
        "cidr": "fd00:203:0:113::/64",
        "gateway_ip": "fd00:203:0:113::1",
        "allocation_pools": [{"start": "fd00:203:0:113::100", "end": "fd00:203:0:113::ffff"}],
    },
    {"name": "selfservice1-v4", "network": "selfservice1", "cidr": "192.0.2.0/24", "gateway_ip": "192.0.2.1"},
    {
        "name": "selfservice1-v6",
        "network": "selfservice1",
        "cidr": "fd00:192:0:2::/64",
        "gateway_ip": "fd00:192:0:2::1",
        "ipv6_address_mode": "slaac",
        "ipv6_ra_mode": "slaac",
    },
]
RULES = [
    ("icmp", "IPv4", "ingress"),
    ("ipv6-icmp", "IPv6", "ingress"),
    (None, "IPv4", "egress"),
    (None, "IPv6", "egress"),
]


def wait(what: str, look: Callable[[], Any], interval: float = 1) -> Any:
    """What look() gives once it is true; a failed request counts as not yet. interval: seconds between two looks."""
    end = time.monotonic() + DEADLINE_SECONDS
    while True:
        try:
            found, why = look(), "not yet"
        except Exception as error:  # an API that is starting answers in many ways
            found, why = None, str(error)
        if found:
            return found
        if time.monotonic() > end:
            sys.exit(f"{what}: {why}, after {DEADLINE_SECONDS} seconds")
        time.sleep(interval)


class Maker:
    """Makes what is not there, and remembers whether there was anything."""

    def __init__(self) -> None:
        self.changed = False

    def one(self, found: Any, make: Callable[[], Any]) -> Any:
        if found:
            return found
        self.changed = True
        return make()


def make_services(neutron_url: str) -> None:
    """Neutron's user, its project and its place in the catalogue."""
    cloud = openstack.connect(cloud=CLOUD, api_timeout=60)
    wait("Keystone", cloud.authorize)
    identity = cloud.identity
    project = identity.create_project(name="service", domain_id="default")
    user = identity.create_user(
        name="neutron",
        domain_id="default",
        password=os.environ["LAB_SERVICE_PASSWORD"],
        default_project_id=project.id,
    )
    identity.assign_project_role_to_user(project, user, identity.find_role("admin"))
    service = identity.create_service(name="neutron", type="network")
    for interface in ("public", "internal", "admin"):
        identity.create_endpoint(service_id=service.id, interface=interface, url=neutron_url, region_id="RegionOne")


def make_networks(network: Any) -> None:
    """The two networks, their subnets, the router that is not highly available, and the group that lets pings in."""
    provider = network.create_network(
        name="provider1",
        provider_network_type="flat",
        provider_physical_network="provider",
        is_router_external=True,
        is_shared=True,
    )
    selfservice = network.create_network(name="selfservice1")
    ids = {"provider1": provider.id, "selfservice1": selfservice.id}
    subnets = {}
    for wanted in SUBNETS:
        options = {key: value for key, value in wanted.items() if key != "network"}
        version = 6 if ":" in wanted["cidr"] else 4
        options["dns_nameservers"] = ["8.8.4.4"] if version == 4 else ["2001:4860:4860::8844"]
        subnets[wanted["name"]] = network.create_subnet(
            network_id=ids[wanted["network"]], ip_version=version, **options
        )
    make_router(network, provider, subnets)
    group = network.create_security_group(name="ping", stateful=True)
    there = {(rule["protocol"], rule["ethertype"], rule["direction"]) for rule in group.security_group_rules}
    # A new group lets all out already.
    for protocol, ethertype, direction in set(RULES) - there:
        network.create_security_group_rule(
            security_group_id=group.id, protocol=protocol, ether_type=ethertype, direction=direction
        )


def make_router(network: Any, provider: Any, subnets: dict[str, Any]) -> None:
    """Interfaces before the gateway, as in the guide; the fixed addresses are those that outside1's routes point to."""
    router = network.create_router(name="router1")
    for name in ("selfservice1-v4", "selfservice1-v6"):
        network.add_interface_to_router(router, subnet_id=subnets[name].id)
    addresses = {"provider1-v4": "203.0.113.11", "provider1-v6": "fd00:203:0:113::11"}
    gateway = {
        "network_id": provider.id,
        "external_fixed_ips": [{"subnet_id": subnets[name].id, "ip_address": ip} for name, ip in addresses.items()],
    }
    network.update_router(router, external_gateway_info=gateway)


def make_instance(maker: Maker, network: Any, instance: dict[str, str]) -> dict[str, str]:
    """The part of an instance that Nova asks of Neutron: a port on the instance's host, and a floating IP address."""
    subnets = {subnet.name: subnet for subnet in network.subnets()}
    v4, v6 = (subnets[f"{instance['network']}-{family}"] for family in ("v4", "v6"))
    port = maker.one(
        network.find_port(instance["name"]),
        lambda: network.create_port(
            name=instance["name"],
            network_id=v4.network_id,
            device_owner="compute:nova",
            # A fixed one, so that the IPv6 address that follows from it is known beforehand.
            mac_address=instance["mac_address"],
            binding_host_id=instance["host"],
            security_group_ids=[network.find_security_group("ping").id],
            fixed_ips=[{"subnet_id": v4.id, "ip_address": instance["address"]}, {"subnet_id": v6.id}],
        ),
    )
    maker.one(
        network.find_ip(instance["floating_ip"]),
        lambda: network.create_ip(
            floating_network_id=subnets["provider1-v4"].network_id,
            floating_ip_address=instance["floating_ip"],
            port_id=port.id,
        ),
    )
    return {"id": port.id, "mac_address": port.mac_address, "network_id": port.network_id}


def wired(network: Any, network_id: str) -> bool:
    """Whether DHCP and routers have their ports on a network.

    With layer-2 population two agents that begin with a network at the same time may each miss the other's entry to
    flood to, for good: ARP requests then reach nobody. Seen on Neutron 21 in three of fifty labs.
    """
    ports = [port for port in network.ports(network_id=network_id) if port.device_owner.startswith("network:")]
    has_dhcp = any(port.device_owner == "network:dhcp" for port in ports)
    return has_dhcp and all(port.status == "ACTIVE" for port in ports)


def connect() -> Any:
    """Neutron, once it answers; a connection made before that keeps the answer that it got."""

    def look() -> Any:
        network = openstack.connect(cloud=CLOUD, api_timeout=60).network
        list(network.networks())
        return network

    return wait("Neutron", look)


def main(command: str, *arguments: str) -> None:
    if command == "cloud":
        make_services(arguments[0])
        make_networks(connect())
    elif command == "answers":
        connect()
    else:
        maker, network = Maker(), connect()
        wanted = int(arguments[1])
        # Not more often: a look takes from the agents what they need to start.
        wait(f"{wanted} agents alive", lambda: [a.is_alive for a in network.agents()].count(True) >= wanted, interval=3)
        port = make_instance(maker, network, json.loads(arguments[0]))
        wait("The network's ports", lambda: wired(network, port["network_id"]))
        print(json.dumps({"changed": maker.changed, "port": port}))


if __name__ == "__main__":
    main(*sys.argv[1:])
