# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file in which a node keeps what it was told to be and what the module has made there.

What is to be made is written down before it is made, and what was removed is struck out after it is gone. So whatever
is there and not written down is not the module's, also when a run was killed; and a run that was killed is seen to be
unfinished.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import node_anatomy, node_names
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError, SpecError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_anatomy import network_devices
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_have import Owned, Record
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_parse import parse
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_spec import NodeSpec, from_text, to_text

#: It holds the VRRP passwords.
MODE = 0o600


# It is asked for by the check of a plan and by the plan, at both looks of a run.
@lru_cache(maxsize=2)
def owned(spec: NodeSpec) -> Owned:
    """What a specification makes on a node."""
    devices = {device.name for network in spec.networks for device in network_devices(network) if device.kind}
    wires = {network.name for network in spec.networks if network.kind != "vxlan"}
    for router in spec.routers:
        devices.update(node_anatomy.tap_names(router, wires))
    namespaces = frozenset(node_names.namespace(router.name) for router in spec.routers)
    uplinks = frozenset(network.uplink for network in spec.networks if network.kind == "flat")
    return Owned(frozenset(devices), namespaces, uplinks)


def write(record: Record) -> str:
    """The file's text."""
    owned = {key: sorted(names) for key, names in sorted(vars(record.owned).items())}
    parts = (json.dumps(owned), _SPECIFICATION, to_text(record.spec), _UNFINISHED, json.dumps(record.unfinished), _END)
    return _with_digest('"owned": ' + "".join(parts))


#: Keys around the specification, and the end, which tells how it is written.
_SPECIFICATION, _UNFINISHED, _END = ', "specification": ', ', "unfinished": ', ', "version": 2}\n'


def _with_digest(rest: str) -> str:
    """The text, whose opening brace is left out, with its digest as the first key."""
    return '{"digest": "%s", %s' % (hashlib.sha256(rest.encode()).hexdigest(), rest)


def read(text: str, path: str) -> Record:
    """Raises EdgeError, naming the file, when it is not what write() writes."""
    try:
        # What write() wrote need not be checked again; an edit, or an earlier version's file, is.
        own = text.endswith(_END) and text == _with_digest(text[len(_with_digest("")) :])
        content, spec = _own(text) if own else _other(text)
        have = content["owned"]
        # An earlier version did not write down the uplinks.
        uplinks = have.get("uplinks", [network.uplink for network in spec.networks if network.kind == "flat"])
        owned = Owned(frozenset(have["devices"]), frozenset(have["namespaces"]), frozenset(uplinks))
        return Record(spec, owned, content.get("unfinished") is True)
    except (ValueError, KeyError, TypeError, AttributeError, SpecError) as error:
        text = (
            "%s is damaged (%s). It says what node_routers made on this node: restore it, or remove it and what it made"
        )
        raise EdgeError(text % (path, error)) from None


def _own(text: str) -> tuple[dict[str, Any], NodeSpec]:
    before, _key, rest = text.partition(_SPECIFICATION)
    specification, key, after = rest.rpartition(_UNFINISHED)
    return json.loads(before + key + after), from_text(specification)


def _other(text: str) -> tuple[dict[str, Any], NodeSpec]:
    content = json.loads(text)
    return content, parse(content["specification"]).ordered()
