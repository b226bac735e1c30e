# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Neutron's API, and the little of Keystone's that goes with it, through openstacksdk's authenticated sessions.

Requests and answers are the API's own dictionaries, so that no attribute depends on what a release of the SDK knows.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.errors import EdgeError

try:
    import openstack
    from keystoneauth1.exceptions import ClientException
    from openstack.exceptions import SDKException

    OPENSTACK_ERROR: str | None = None
except ImportError:
    OPENSTACK_ERROR = traceback.format_exc()

Item = dict[str, Any]

#: Requests made at once where one is needed per router; enough to hide latency, few enough for one API worker.
PARALLEL = 8

#: Values of one filter in one request.
LONGEST_QUERY = 100


def argument_spec() -> dict[str, Any]:
    """The options that the documentation fragment openstack describes."""
    return {
        "cloud": {"type": "str"},
        "auth": {"type": "dict", "no_log": True},
        "auth_type": {"type": "str"},
        "region_name": {"type": "str"},
        "interface": {"type": "str", "choices": ["public", "internal", "admin"], "aliases": ["endpoint_type"]},
        "validate_certs": {"type": "bool", "aliases": ["verify"]},
        "ca_cert": {"type": "str", "aliases": ["cacert"]},
        "client_cert": {"type": "str", "aliases": ["cert"]},
        "client_key": {"type": "str", "no_log": True, "aliases": ["key"]},
        "api_timeout": {"type": "int", "default": 120},
    }


#: Our options and what openstacksdk calls them.
_SDK_NAMES = {
    "auth": "auth",
    "auth_type": "auth_type",
    "region_name": "region_name",
    "interface": "interface",
    "validate_certs": "verify",
    "ca_cert": "cacert",
    "client_cert": "cert",
    "client_key": "key",
    "api_timeout": "api_timeout",
}


#: What to do about a refusal, by HTTP status, where the API never says.
_REMEDIES = {
    401: " (check the credentials: cloud, auth, clouds.yaml)",
    403: " (an administrator of the cloud is needed, or a policy that allows this)",
}


class ApiError(EdgeError):
    """The API's refusal. status: HTTP status; kind: the API's name for the error, such as OverQuota."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message + _REMEDIES.get(status, ""))
        self.status = status
        self.kind = kind


class Neutron:
    """One authenticated connection. Every method raises ApiError with what the API said."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def get(self, path: str, **query: Any) -> Item:
        """The answer to GET path; a list as a query's value asks for any of its items."""
        return self._send("get", path, params=query)

    def find(self, collection: str, **query: Any) -> list[Item]:
        """All of a collection such as routers, page by page where the server limits pages.

        Long lists in the query are asked for in parts, for a request line has its limits.
        """
        key = collection.rsplit("/", 1)[-1].replace("l3-", "")
        items: list[Item] = []
        for part in _parts(query):
            answer = self.get("/" + collection, **part)
            items += answer[key]
            while True:
                following = [link["href"] for link in answer.get(key + "_links") or () if link["rel"] == "next"]
                if not following:
                    break
                answer = self.get("/%s?%s" % (collection, urlsplit(following[0]).query))
                items += answer[key]
        return items

    def post(self, path: str, body: Item) -> Item:
        return self._send("post", path, json=body)

    def put(self, path: str, body: Item | None = None) -> Item:
        return self._send("put", path, json=body)

    def delete(self, path: str) -> None:
        """Delete; what is gone already is no error."""
        try:
            self._send("delete", path)
        except ApiError as error:
            if error.status != 404:
                raise

    def agents_of(self, router_ids: Iterable[str]) -> dict[str, list[Item]]:
        """L3 agents with their ha_state by router, which the API tells for one router at a time only."""
        ids = list(router_ids)
        with ThreadPoolExecutor(PARALLEL) as pool:
            return dict(zip(ids, pool.map(lambda router_id: self.find("routers/%s/l3-agents" % router_id), ids)))

    def projects(self, **query: Any) -> list[Item]:
        """Keystone's projects."""
        answer = self._send("get", "/projects", service="identity", params=query)
        return answer["projects"]

    @property
    def project_id(self) -> str:
        """The project that the credentials are scoped to."""
        return self._guard(lambda: self._connection.current_project_id) or ""

    def _send(self, method: str, path: str, service: str = "network", **arguments: Any) -> Item:
        def send() -> Any:
            return getattr(getattr(self._connection, service), method)(path, raise_exc=False, **arguments)

        response = self._guard(send)
        if response.status_code >= 400:
            raise _refusal(response)
        return response.json() if response.content else {}

    @staticmethod
    def _guard(call: Any) -> Any:
        try:
            return call()
        except (SDKException, ClientException) as error:
            raise ApiError(0, type(error).__name__, "the cloud's API cannot be used: %s" % error) from error


def _parts(query: Item) -> Iterator[Item]:
    longest = max((name for name in query if isinstance(query[name], list)), key=lambda n: len(query[n]), default=None)
    if longest is None:
        yield query
        return
    for start in range(0, len(query[longest]), LONGEST_QUERY):
        yield {**query, longest: query[longest][start : start + LONGEST_QUERY]}


def _refusal(response: Any) -> ApiError:
    try:
        body = response.json()
    except ValueError:
        body = {}
    inner: Any = next(iter(body.values()), {}) if isinstance(body, dict) else {}
    inner = inner if isinstance(inner, dict) else {"message": str(inner)}
    message = str(inner.get("message") or response.reason or "no reason given").strip()
    text = "the API answered %d: %s" % (response.status_code, message)
    return ApiError(response.status_code, str(inner.get("type") or ""), text)


def connect(module: AnsibleModule) -> Neutron:
    """Log in with the module's options; ends the module when openstacksdk is missing."""
    if OPENSTACK_ERROR:
        module.fail_json(msg=missing_required_lib("openstacksdk"), exception=OPENSTACK_ERROR)
    given = {name: module.params[option] for option, name in _SDK_NAMES.items() if module.params[option] is not None}
    try:
        return Neutron(openstack.connect(cloud=module.params["cloud"], app_name="linuxbridge.vrrp", **given))
    except (SDKException, ClientException) as error:
        raise EdgeError("cannot log in to the cloud: %s" % error) from error
