# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what one call says to what the whole node is to be: what it says, and what earlier calls said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import node_fit, node_gather, node_rules
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import Problem, SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_have import Have
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_parse import parse, parse_names
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_rules import Places
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_spec import NodeSpec, Router


@dataclass(frozen=True)
class Want:
    """One call. spec keeps the user's order; networks and routers: the names to remove, for state absent."""

    state: str
    spec: NodeSpec = field(default_factory=NodeSpec)
    networks: tuple[str, ...] = ()
    routers: tuple[str, ...] = ()

    @property
    def places(self) -> Places:
        return node_rules.places(self.spec)


def parse_call(params: dict[str, Any]) -> Want:
    """Options of node_routers to a Want. Raises SpecError with every problem that can be seen without the node."""
    state = params["state"]
    if state == "gathered":
        return Want(state)
    if state == "absent":
        return Want(state, NodeSpec(), *parse_names(params))
    want = Want(state, parse(params))
    _raise(node_rules.named_twice(want.spec))
    if state in ("exact", "rendered"):
        _raise(node_rules.problems(want.spec, want.places, reached=list))
    return want


def target(have: Have, want: Want) -> NodeSpec:
    """The whole specification that the node is to have. Raises SpecError with everything that is in the way."""
    before = have.record.spec
    if want.state == "absent":
        spec = before.without(want.networks, want.routers)
        _raise([*_still_used(spec, want)])
        return spec
    if want.state == "exact":
        before = NodeSpec()
    given = _with_passwords(have, want.spec)
    spec = before.with_(given)
    _raise([*_no_password(spec, want.places)])
    _raise(node_rules.problems(spec, want.places, have.reached))
    _raise(node_fit.problems(have, spec, want.places))
    # The record's are in order already.
    return before.with_(given.ordered()).sorted()


def _still_used(spec: NodeSpec, want: Want) -> Iterator[Problem]:
    for at, name in enumerate(want.networks):
        users = [router.name for router in spec.routers if name in router.networks]
        if users:
            text = "%s is used by %s: remove them in the same call, or change them first"
            yield Problem("networks[%d].name" % at, text % (name, ", ".join("router " + user for user in users)))


def _with_passwords(have: Have, spec: NodeSpec) -> NodeSpec:
    """The specification, with those that the node has in place of empty ones."""
    if all(router.authentication is None or router.authentication.password for router in spec.routers):
        return spec
    known = [*have.record.spec.routers, *node_gather.gather(have).routers]
    passwords = {router.name: router.authentication.password for router in known if router.authentication}
    return replace(spec, routers=tuple(_with_password(router, passwords) for router in spec.routers))


def _with_password(router: Router, known: Mapping[str, str]) -> Router:
    given = router.authentication
    if given is None or given.password:
        return router
    return replace(router, authentication=replace(given, password=known.get(router.name, "")))


def _no_password(spec: NodeSpec, where: Places) -> Iterator[Problem]:
    for path, router in node_rules.placed("routers", spec.routers, where):
        if router.authentication and not router.authentication.password:
            text = "is missing, and the node has none for this router: give one of 1 to 8 characters"
            yield Problem(path + ".authentication.password", text)


def _raise(problems: list[Problem]) -> None:
    if problems:
        raise SpecError(problems)
