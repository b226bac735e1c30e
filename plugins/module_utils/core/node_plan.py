# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what is on a node to what is wanted there, in an order that interrupts least and can be killed anywhere.

First what is to be made is written down. Routers that go free their VRIDs and addresses before others take them; then
networks, devices, keepalived; what nothing uses any more goes last, and is then struck out. Routers that a call does
not reach (node_reach) are left as they are.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import (
    companion_plan,
    node_addresses,
    node_boot,
    node_commands,
    node_differences,
    node_names,
    node_nat,
    node_record,
    node_removal,
    node_services,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.companion_plan import Steps
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.keepalived_service import (
    NOTHING,
    File,
    plan_services,
    restarts,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_anatomy import (
    RouterAnatomy,
    network_devices,
    router_anatomy,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_boot import PATHS, Paths
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_changes import Changes
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_commands import (
    Batch,
    Command,
    ConfigTest,
    PutFile,
    Sysctls,
    remove_links,
)
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_companions import KINDS, keys_of
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_have import Have, Namespace, Record
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_spec import NodeSpec, Router
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.plan import Plan, Step

#: Routers that are made in one step, at most: a command has a time limit.
TOGETHER = 50


def plan(have: Have, want: NodeSpec, paths: Paths = PATHS) -> Plan:
    """want is whole and ordered: what it does not name and the module has made is removed."""
    routers = [router_anatomy(router, want) for router in have.reached(want.routers)]
    services = [node_services.service(anatomy) for anatomy in routers]
    changes = Changes()
    owned = node_record.owned(want)
    final = Record(want, owned)
    for package in ("keepalived", "nftables"):
        if want.routers and not getattr(have, package):
            changes.steps.append(Step("need", "%s, which is not installed" % package))
    wants = [companion for anatomy in routers for companion in anatomy.companions]
    changes.steps += companion_plan.needed(wants, have.companions)
    record = have.files.get(paths.record)
    claims = final != have.record
    if claims or (record and record.mode != node_record.MODE):
        first = replace(final, owned=have.record.owned.with_(owned), unfinished=True) if claims else final
        _put(changes, have, PutFile(paths.record, node_record.write(first), node_record.MODE), secret=True)
    ports = [difference for network in want.networks for device in network_devices(network)
             for difference in node_differences.port(device, have.links, have.flooding)]  # fmt: skip
    boot = _boot_files(have, want, paths)
    # What comes before is computed while systemd is asked for the services.
    kept = plan_services(services, have.services, have.recorder, have.capabilities)
    companions = companion_plan.plan_companions(wants, have.companions, node_services.active(have, kept))
    gone = sorted(have.record.owned.namespaces - owned.namespaces)
    node_removal.remove_routers(changes, have, gone)
    node_removal.take_out(changes, have, want)
    for difference in ports:
        _difference(changes, difference)
    anew = [anatomy.namespace for anatomy in routers if _router(changes, have, anatomy)]
    kept += node_services.again(have, kept, anew)
    kept += node_services.put_back(have, kept, routers)
    missing = [anatomy for anatomy in routers if anatomy.namespace not in have.namespaces]
    tests, kept = node_services.tests(kept, missing)
    _make_routers(changes, have, missing, tests)
    for file in boot:
        _put(changes, have, file, secret=file.mode == node_boot.SCRIPT_MODE)
    # The script that runs them is without them now.
    unused = [path for path in map(paths.router, gone) if path in have.files]
    changes.steps += [Step("remove", path, path) for path in unused]
    written = companions.reload or (
        paths.unit in have.files and any(step.object == paths.unit for step in changes.steps)
    )
    changes.steps += companions.files
    enables = bool(want.networks or want.routers) and not have.enabled
    node_services.add_services(changes, have, services, kept, written, enables)
    _beside(changes, have, routers, companions, {kind for router in want.routers for kind, _name in keys_of(router)})
    for anatomy in routers:
        node_removal.remove_leftovers(changes, have, anatomy)
    node_removal.remove_devices(changes, have, have.record.owned.devices - owned.devices)
    if claims:
        put = PutFile(paths.record, node_record.write(final), node_record.MODE)
        changes.steps.append(Step("complete", paths.record, (put,)))
    return Plan(tuple(changes.steps), changes.before, changes.after, tuple(restarts(kept)))


def _boot_files(have: Have, want: NodeSpec, paths: Paths) -> tuple[PutFile, ...]:
    """None on a node that has nothing and is to have nothing."""
    if not want.networks and paths.script not in have.files:
        return ()
    reached = {*have.reached(want.routers)}

    def wanted(router: Router) -> bool:
        """One that is gone is made again for any router."""
        return router in reached or paths.router(node_names.namespace(router.name)) not in have.scripts

    return node_boot.files(want, filter(wanted, want.routers), paths)


def _put(changes: Changes, have: Have, file: PutFile, secret: bool) -> None:
    """Write a file that differs. A file with passwords, or that only repeats what other steps say, is not shown."""
    old = have.files.get(file.path)
    if old == File(file.text, file.mode):
        return
    was, wanted = old.text if old else None, file.text
    changes.add("write", file.path, None if secret else was, None if secret else wanted, (file,))


def _difference(changes: Changes, difference: node_differences.Difference) -> None:
    changes.add(difference.verb, difference.object, difference.was, difference.wanted, difference.commands)


def _router(changes: Changes, have: Have, anatomy: RouterAnatomy) -> bool:
    """Whether its HA interface is made anew."""
    namespace = have.namespaces.get(anatomy.namespace)
    if namespace is None:
        return False
    anew = set()
    for device, differences in _of_devices(have, anatomy, namespace):
        for difference in differences:
            _difference(changes, difference)
            if difference.verb in ("make", "remake"):
                anew.add(device)
    _inside(changes, anatomy, namespace, anew)
    loaded = have.services.get(anatomy.namespace, NOTHING).process
    node_addresses.remove_others(changes, anatomy, namespace, loaded.loaded if loaded else None, anew)
    return any(leg.role == "ha" and leg.device.name in anew for leg in anatomy.legs)


def _make_routers(
    changes: Changes, have: Have, missing: Sequence[RouterAnatomy], tests: Mapping[str, ConfigTest]
) -> None:
    """Some in one step, for ``ip`` does many at once; after others were mended, which may give up what these take."""
    for first in range(0, len(missing), TOGETHER):
        group = missing[first : first + TOGETHER]
        changes.steps.append(
            Step("make", "router " + " ".join(one.namespace for one in group), _make(have, group, tests))
        )
        for one in group:
            name = "router " + one.namespace
            made = [node_differences.make(device) + " " + device.name for device in one.devices]
            changes.before[name], changes.after[name] = None, made


def _make(have: Have, group: Sequence[RouterAnatomy], tests: Mapping[str, ConfigTest]) -> tuple[Command, ...]:
    stale = [tap.name for one in group for tap in one.taps if tap.name in have.links]
    gone = ["netns del " + one.namespace for one in group if one.namespace in have.existing]
    cleared = ((remove_links(stale),) if stale else ()) + ((Batch(tuple(gone)),) if gone else ())
    tested = [tests[one.namespace] for one in group if one.namespace in tests]
    return (*cleared, *node_commands.add_routers(group), *tested)


def _of_devices(
    have: Have, anatomy: RouterAnatomy, namespace: Namespace
) -> Iterator[tuple[str, list[node_differences.Difference]]]:
    inside, outside = namespace.links, have.links
    for leg in anatomy.legs:
        yield leg.device.name, node_differences.leg(leg, anatomy.namespace, inside, outside)
    for device in anatomy.carriers:
        yield device.name, node_differences.carrier(device, anatomy.namespace, inside, outside)


def _inside(changes: Changes, anatomy: RouterAnatomy, namespace: Namespace, anew: Container[str]) -> None:
    """What is there beside the devices. anew: names of those that are made anew."""
    name = anatomy.namespace
    loopback = namespace.links.get("lo")
    if loopback and not loopback.up:
        changes.add("set", "state of device lo of " + name, "down", "up", (Batch(("link set lo up",), name),))
    devices = [device.name for device in anatomy.devices if device.name not in anew]
    for key, have, value in node_differences.sysctls(namespace, devices):
        changes.add("set", "%s of %s" % (key, name), have, value, (Sysctls(((key, value),), name),))
    wanted = node_nat.ruleset(anatomy.router)
    if namespace.nat != wanted:
        changes.add("replace", "NAT of " + name, list(namespace.nat), list(wanted), (node_commands.nat(anatomy),))


def _beside(changes: Changes, have: Have, routers: list[RouterAnatomy], steps: Steps, needed: Container[str]) -> None:
    """The daemons beside keepalived, after it; then those that are no longer wanted, and files that none needs.

    needed: the kinds that any router of the node needs.
    """
    changes.merge(steps)
    wanted = {companion.key for anatomy in routers for companion in anatomy.companions}
    for kind in KINDS:
        off = [anatomy.namespace for anatomy in routers if (kind.name, anatomy.namespace) not in wanted]
        changes.merge(companion_plan.plan_removal([kind], off, have.companions))
    unused = [kind for kind in KINDS if kind.name not in needed]
    changes.steps += companion_plan.plan_unused(unused, have.companions)
