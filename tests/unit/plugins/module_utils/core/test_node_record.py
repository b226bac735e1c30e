# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file in which a node keeps what it was told to be: what is taken as it stands, and what is checked again."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core import node_record
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError
from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.node_parse import parse

sys.path.insert(0, str(Path(__file__).parents[4] / "fakes"))
import settled_node

NETWORKS = [{"name": "ha", "kind": "vxlan", "vni": 1, "group": "239.0.0.1", "uplink": "eth1"}]
ROUTERS = [
    {"name": "edge%d" % at, "virtual_router_id": at, "ha_network": "ha", "ha_address": "169.254.192.%d/18" % at}
    for at in (1, 2)
]
RECORD = settled_node.have(parse({"networks": NETWORKS, "routers": ROUTERS}).ordered()).record
TEXT = node_record.write(RECORD)


def changed(change: Callable[[dict[str, Any]], Any]) -> str:
    """The file after an edit; its digest is the one from before."""
    content = json.loads(TEXT)
    change(content)
    return json.dumps(content, sort_keys=True) + "\n"


def parses(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The specifications that are checked from here on."""
    found: list[Any] = []

    def checked(words: Any) -> Any:
        found.append(words)
        return parse(words)

    monkeypatch.setattr(node_record, "parse", checked)
    return found


def test_a_file_of_its_own_is_not_checked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    checked = parses(monkeypatch)
    assert node_record.read(TEXT, "node.json") == RECORD and checked == []


def test_an_edited_file_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    checked = parses(monkeypatch)
    text = changed(lambda content: content["specification"]["routers"][0].update(priority=77))
    assert node_record.read(text, "node.json").spec.routers[0].priority == 77
    assert len(checked) == 1


def test_a_file_of_an_earlier_version_is_checked_and_means_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    checked = parses(monkeypatch)
    assert node_record.read(changed(lambda content: content.pop("digest")), "node.json") == RECORD
    assert len(checked) == 1


def test_a_file_of_its_own_that_is_laid_out_otherwise_is_checked_and_means_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    checked = parses(monkeypatch)
    content = {**json.loads(TEXT), "version": 1}
    del content["digest"]
    text = node_record._with_digest(json.dumps(content, sort_keys=True)[1:] + "\n")
    assert node_record.read(text, "node.json") == RECORD
    assert len(checked) == 1


def test_each_router_is_a_line_which_is_written_as_it_was_read() -> None:
    lines = [json.loads(line.rstrip(",")) for line in TEXT.splitlines() if line.startswith('{"advert_interval"')]
    assert [line["name"] for line in lines] == ["edge1", "edge2"]
    assert node_record.write(node_record.read(TEXT, "node.json")) == TEXT


def test_a_record_of_nothing_is_read_back() -> None:
    nothing = settled_node.have(parse({"networks": [], "routers": []})).record
    assert node_record.read(node_record.write(nothing), "node.json") == nothing


@pytest.mark.parametrize(
    "change",
    (
        lambda content: content["specification"]["routers"][0].update(ha_address="169.254.192.1"),
        lambda content: content["specification"]["networks"][0].pop("kind"),
        lambda content: content.pop("owned"),
        lambda content: content.update(specification=[]),
    ),
    ids=("address", "network", "owned", "list"),
)
def test_an_edit_that_means_nothing_is_said_to_be_damage(change: Callable[[dict[str, Any]], Any]) -> None:
    with pytest.raises(EdgeError, match=r"node\.json is damaged \(.+\)\. .*restore it, or remove it"):
        node_record.read(changed(change), "node.json")


@pytest.mark.parametrize("text", ("", "[]", TEXT[:-20], "7"), ids=("empty", "list", "cut off", "number"))
def test_what_is_no_record_is_said_to_be_damage(text: str) -> None:
    with pytest.raises(EdgeError, match=r"node\.json is damaged"):
        node_record.read(text, "node.json")
