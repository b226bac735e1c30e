"""Hosts of the lab, by the names and groups of its inventory."""

from __future__ import annotations

import pytest
import testinfra
from testinfra.host import Host
from testinfra.utils.ansible_runner import AnsibleRunner


@pytest.fixture(scope="session")
def hosts():
    """hosts("group or host") gives the hosts by name."""
    runner = AnsibleRunner()

    def find(pattern: str) -> dict[str, Host]:
        return {name: testinfra.get_host("ansible://%s" % name) for name in runner.get_hosts(pattern)}

    return find
