"""Runs node_routers on a virtual node as Ansible would, each run a process of its own: requests in, results out.

A request is a line of JSON: the module's arguments, and after how many seconds the run is killed (null: not at all).
The answer is a line too: the module's result, or null when it was killed. With --once there is one request, which this
process carries out itself.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
from typing import Any

from ansible.module_utils.testing import patch_module_args

from ansible_collections.linuxbridge.vrrp.plugins.modules import node_routers


def serve() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(run(request["arguments"], request["kill_after"])), flush=True)


def run(arguments: dict[str, Any], kill_after: float | None) -> Any:
    with tempfile.TemporaryFile("w+") as output:
        pid = os.fork()
        if not pid:
            child(arguments, output.fileno())
        if kill_after is not None:
            kill_at(pid, time.monotonic() + kill_after)
        status = os.waitpid(pid, 0)[1]
        output.seek(0)
        text = output.read()
        return json.loads(text) if not os.WIFSIGNALED(status) else None


def kill_at(pid: int, moment: float) -> None:
    while time.monotonic() < moment:
        time.sleep(0.001)
        with open("/proc/%d/stat" % pid, encoding="utf-8") as file:
            if file.read().rpartition(")")[2].split()[0] == "Z":
                return
    os.kill(pid, signal.SIGKILL)


def child(arguments: dict[str, Any], output: int) -> None:
    os.dup2(output, 1)
    os.dup2(output, 2)
    code = 0
    try:
        with patch_module_args(arguments):
            node_routers.main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stdout.flush()
        os._exit(code)


if __name__ == "__main__":
    print("ready", flush=True)
    if sys.argv[1:] == ["--once"]:
        child(json.loads(sys.stdin.readline() or sys.exit(1))["arguments"], 1)
    else:
        serve()
