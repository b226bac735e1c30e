# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at a Neutron router and everything that a Want names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import ha_router_state as state
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError, SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.ha_router_plan import (
    interfaces_to_add,
    interfaces_to_remove,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.ha_router_resolve import (
    Item,
    Resolver,
    is_id,
    network_names,
    port_names,
    subnet_names,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.ha_router_spec import Want
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io.neutron import ApiError, Neutron

#: Name of a port made for an interface with an address of its own; says whose it is until it is attached.
PORT_NAME = "linuxbridge.vrrp interface of router %s"


class Remembered:
    """Networks and subnets as they were when first asked for: a run makes none, but may look at its router a hundred
    times while it waits for agents, which need the server themselves."""

    def __init__(self, api: Neutron) -> None:
        self._api = api
        self._answers: dict[str, list[dict[str, Any]]] = {}

    def find(self, collection: str, **query: Any) -> list[dict[str, Any]]:
        question = "%s %r" % (collection, sorted(query.items()))
        if question not in self._answers:
            self._answers[question] = self._api.find(collection, **query)
        return self._answers[question]


def observe(api: Neutron, remembered: Remembered, want: Want, router_id: str | None = None) -> state.Have:
    """What is there of want. router_id: the router a former look found, so that it is found again by that alone."""
    project_id = project_id_of(api, want.project)
    item = _router(api, want, project_id, router_id)
    ports = api.find("ports", device_id=item["id"]) if item else []
    router = state.router(item, ports) if item else None
    if router is None and not want.present:
        return state.Have()
    resolver = Resolver(router.project_id if router else project_id or api.project_id)
    networks = _things(remembered, "networks", network_names(want), _known_networks(ports))
    network = resolver.gateway_network(want, networks)
    named_ports = _things(api, "ports", port_names(want), ())
    subnets = _subnets(remembered, want, [*named_ports, *ports], network)
    target = resolver.target(want, network, subnets, named_ports, router)
    agents = _agents(api, router)
    known = {item["id"]: state.subnet(item) for item in subnets}
    have = state.Have(
        router=router,
        target=target,
        agents=agents,
        ha_network=_ha_network(ports, networks),
        subnets=known,
        networks={item["id"]: item["name"] for item in networks},
        floating_ips=_floating_ips(api, want, router, target),
        spare_ports=_spare_ports(api, router, target, known),
    )
    _vrids_left(api, want, router, have)
    return have


def project_id_of(api: Neutron, reference: str | None) -> str | None:
    """ID of the project asked for. Who may not ask Keystone can still give an ID."""
    if reference is None:
        return None
    resolver = Resolver(None)
    try:
        pool = api.projects(name=reference)
        pool += [item for item in (api.projects() if is_id(reference) and not pool else ()) if item["id"] == reference]
    except ApiError as error:
        if error.status == 403 and is_id(reference):
            return reference
        raise
    found = resolver.pick("project", reference, pool, "project")
    if found is None:
        raise SpecError(resolver.problems)
    return found["id"]


def _router(api: Neutron, want: Want, project_id: str | None, router_id: str | None) -> Item | None:
    if router_id is not None:
        return next(iter(api.find("routers", id=router_id)), None)
    scope = {"project_id": project_id} if project_id else {}
    pool = api.find("routers", id=want.name, **scope) if is_id(want.name) else []
    pool = pool or api.find("routers", name=want.name, **scope)
    if not pool and not (is_id(want.name) and want.present):
        return None
    resolver = Resolver(None)
    found = resolver.pick("router", want.name, pool, "name")
    if found is None:
        raise SpecError(resolver.problems)
    return found


def _things(api: Neutron | Remembered, collection: str, references: Iterable[str], ids: Iterable[str]) -> list[Item]:
    """Everything that has one of the references as its ID, or else as its name, and what has one of the IDs."""
    names = set(references)
    wanted_ids = sorted(set(ids) | {name for name in names if is_id(name)})
    found = [*api.find(collection, id=wanted_ids)] if wanted_ids else []
    names -= {item["id"] for item in found}
    found += api.find(collection, name=sorted(names)) if names else []
    return list({item["id"]: item for item in found}.values())


def _known_networks(ports: Iterable[Item]) -> set[str]:
    return {port["network_id"] for port in ports}


def _subnets(api: Remembered, want: Want, ports: list[Item], network: Item | None) -> list[Item]:
    """Subnets that are named, that ports are on, and all of the gateway's network."""
    ids = {ip["subnet_id"] for port in ports for ip in port["fixed_ips"]}
    found = _things(api, "subnets", subnet_names(want), ids)
    gateway = {port["network_id"] for port in ports if port["device_owner"] == "network:router_gateway"}
    gateway |= {network["id"]} if network else set()
    found += api.find("subnets", network_id=sorted(gateway)) if gateway else []
    return list({item["id"]: item for item in found}.values())


def _agents(api: Neutron, router: state.Router | None) -> tuple[state.Agent, ...] | None:
    if router is None:
        return None
    try:
        items = api.find("routers/%s/l3-agents" % router.id)
    except ApiError as error:
        if error.status in (403, 404):
            return None
        raise
    return tuple(sorted((state.agent(item) for item in items), key=lambda agent: agent.host))


def _ha_network(ports: Iterable[Item], networks: Iterable[Item]) -> tuple[str, str] | None:
    ids = {port["network_id"] for port in ports if port["device_owner"] == state.HA_INTERFACE_OWNER}
    return next(((item["id"], item["name"]) for item in networks if item["id"] in ids), None)


def _floating_ips(
    api: Neutron, want: Want, router: state.Router | None, target: state.Target
) -> tuple[state.FloatingIp, ...]:
    """Asked for only where something goes that they could be in the way of."""
    if router is None:
        return ()
    gateway = router.gateway and target.gateway and target.gateway.network_id != router.gateway.network_id
    if want.present and not gateway and not interfaces_to_remove(router, target):
        return ()
    return tuple(state.floating_ip(item) for item in api.find("floatingips", router_id=router.id))


def _spare_ports(
    api: Neutron, router: state.Router | None, target: state.Target, subnets: dict[str, state.Subnet]
) -> dict[tuple[str, str], str]:
    """Ports that an interrupted run made and did not attach. Raises SpecError for addresses that others have."""
    wanted: dict[tuple[str, str], str] = {}
    for item in interfaces_to_add(router, target):
        for subnet_id, address in () if item.port_id else item.addresses:
            wanted[(subnet_id, address or subnets[subnet_id].gateway_ip or "")] = item.path
    leaving = {interface.port_id for interface in interfaces_to_remove(router, target)}
    if not wanted:
        return {}
    addresses = sorted({"ip_address=" + address for dummy, address in wanted})
    spare, resolver = {}, Resolver(None)
    for port in api.find("ports", fixed_ips=addresses):
        for ip in port["fixed_ips"]:
            key = (ip["subnet_id"], ip["ip_address"])
            if key not in wanted or port["id"] in leaving:
                continue
            if router and not port["device_id"] and port["name"] == PORT_NAME % router.id:
                spare[key] = port["id"]
            else:
                resolver.problem(wanted[key], _taken(port, subnets[key[0]], key[1]))
    if resolver.problems:
        raise SpecError(resolver.problems)
    return spare


def _taken(port: Item, subnet: state.Subnet, address: str) -> str:
    owner = "%s %s" % (port["device_owner"] or "a device", port["device_id"]) if port["device_id"] else "nothing yet"
    message = "address %s of subnet %s has port %s, which belongs to %s; give another address, or the port itself"
    return message % (address, subnet.name, port["id"], owner)


def _vrids_left(api: Neutron, want: Want, router: state.Router | None, have: state.Have) -> None:
    """Neutron lets a router be made HA when the VRIDs are used up, and leaves it in status ERROR."""
    if router is not None and router.status == "ERROR" and want.present:
        raise EdgeError(_error_status(api, router))
    if want.present and want.ha and (router is None or router.ha is False):
        project_id = router.project_id if router else have.target.project_id
        used = _vrids_used(api, project_id)
        if used >= state.VRIDS:
            message = "all %d VRIDs of the HA network of project %s are used; delete HA routers, or use another project"
            raise SpecError.one("ha", message % (state.VRIDS, project_id))


def _vrids_used(api: Neutron, project_id: str | None) -> int:
    return sum(1 for item in api.find("routers", project_id=project_id) if state.has_vrid(item))


def _error_status(api: Neutron, router: state.Router) -> str:
    used = _vrids_used(api, router.project_id) if router.ha else 0
    if used >= state.VRIDS:
        why = "all %d VRIDs of the HA network of project %s are used" % (state.VRIDS, router.project_id)
    else:
        why = "Neutron could not schedule it, and the log of neutron-server says why"
    return "router %s (%s) is in status ERROR: %s; mend that, delete the router and make it again" % (
        router.name,
        router.id,
        why,
    )
