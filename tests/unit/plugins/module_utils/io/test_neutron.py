# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.io import neutron


class Response:
    def __init__(self, status_code, body, reason=""):
        self.status_code = status_code
        self.content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.reason = reason

    def json(self):
        return json.loads(self.content)


class Connection:
    """Answers requests in order, and keeps them."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []
        self.network = self.identity = self

    def __getattr__(self, method):
        def send(path, raise_exc=True, **arguments):
            assert raise_exc is False
            self.asked.append((method, path, arguments.get("params"), arguments.get("json")))
            return self.answers.pop(0)

        return send


def test_a_list_is_read_page_by_page():
    link = {"rel": "next", "href": "https://api.example/v2.0/routers?limit=1&marker=a"}
    connection = Connection(
        Response(200, {"routers": [{"id": "a"}], "routers_links": [link]}), Response(200, {"routers": [{"id": "b"}]})
    )
    assert [item["id"] for item in neutron.Neutron(connection).find("routers", name="r")] == ["a", "b"]
    assert [asked[1:3] for asked in connection.asked] == [
        ("/routers", {"name": "r"}),
        ("/routers?limit=1&marker=a", {}),
    ]


def test_a_long_query_is_asked_in_parts():
    connection = Connection(Response(200, {"subnets": [{"id": "a"}]}), Response(200, {"subnets": [{"id": "b"}]}))
    ids = [str(number) for number in range(neutron.LONGEST_QUERY + 1)]
    assert len(neutron.Neutron(connection).find("subnets", id=ids)) == 2
    assert [len(asked[2]["id"]) for asked in connection.asked] == [neutron.LONGEST_QUERY, 1]


def test_agents_and_hosted_routers_are_found_under_their_keys():
    connection = Connection(Response(200, {"agents": [{"host": "h"}]}), Response(200, {"routers": [{"id": "r"}]}))
    api = neutron.Neutron(connection)
    assert api.find("routers/r/l3-agents") == [{"host": "h"}]
    assert api.find("agents/a/l3-routers") == [{"id": "r"}]


def test_a_refusal_has_the_kind_and_the_words_of_the_api():
    body = {"NeutronError": {"type": "OverQuota", "message": "Quota exceeded for resources: ['router'].", "detail": ""}}
    with pytest.raises(neutron.ApiError) as refusal:
        neutron.Neutron(Connection(Response(409, body))).post("/routers", {"router": {}})
    assert (refusal.value.status, refusal.value.kind) == (409, "OverQuota")
    assert "409: Quota exceeded for resources: ['router']." in str(refusal.value)


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (403, {"NeutronError": {"type": "PolicyNotAuthorized", "message": "no"}}, "an administrator"),
        (401, {"error": {"message": "no", "code": 401}}, "check the credentials"),
        (502, b"<html>", "the API answered 502: Bad Gateway"),
        (400, b'["odd"]', "the API answered 400: Bad Gateway"),
    ],
)
def test_a_refusal_says_what_to_do_and_survives_odd_bodies(status, body, told):
    with pytest.raises(neutron.ApiError) as refusal:
        neutron.Neutron(Connection(Response(status, body, "Bad Gateway"))).get("/routers/x")
    assert told in str(refusal.value)


def test_deleting_what_is_gone_is_no_error():
    neutron.Neutron(Connection(Response(404, {}))).delete("/routers/x")
    with pytest.raises(neutron.ApiError):
        neutron.Neutron(Connection(Response(409, {}))).delete("/routers/x")


def test_an_empty_answer_is_an_empty_dictionary():
    assert neutron.Neutron(Connection(Response(201, b""))).put("/routers/x/tags/t") == {}
