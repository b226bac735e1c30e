"""The drill's wait for answers, as its task runs it, in a network namespace of its own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

TASKS = Path(__file__).parents[2] / "roles/failover_drill/tasks/drill.yml"
# The address belongs to nobody at first, so the kernel reports an error for it once its neighbor has not been found.
NETWORK = """
ip link set lo up; ip link add eth0 type veth peer name peer; ip link set eth0 up; ip link set peer up
ip address add {near} dev eth0 nodad
(sleep 5; exec ip address add {far} dev lo nodad) >/dev/null 2>&1 &
exec "$@"
"""


def wait_for(address: str) -> list[str]:
    block = yaml.safe_load(TASKS.read_text())[0]["block"]
    task = next(task for task in block if task["name"] == "Wait until the addresses answer again")
    words: list[str] = task["ansible.builtin.command"]["argv"]
    return [word.replace("{{ item }}", address) for word in words]


@pytest.mark.parametrize(
    ("near", "far"), [("192.0.2.1/24", "192.0.2.2/32"), ("2001:db8::1/64", "2001:db8::2/128")], ids=["IPv4", "IPv6"]
)
def test_an_address_whose_neighbor_is_not_found_at_first_is_waited_for(near: str, far: str) -> None:
    script = NETWORK.format(near=near, far=far)
    command = ["unshare", "--net", "sh", "-ec", script, "sh", *wait_for(far.partition("/")[0])]
    assert subprocess.run(command, capture_output=True, check=False, timeout=90).returncode == 0
