"""The module killed at random moments: a service can load the file at any time, and the next run finishes."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from ansible_collections.linuxbridge.vrrp.tests.oracles import oslo

KILLS = 12
MODULE = """
import json, sys
from ansible.module_utils.testing import patch_module_args
from ansible_collections.linuxbridge.vrrp.plugins.modules import oslo_config
print("ready", flush=True)
with patch_module_args(json.loads(sys.argv[1])):
    oslo_config.main()
"""
BEFORE = "[DEFAULT]\ncore_plugin = ml2\n#l3_ha = false\n" + "# a comment\n" * 5000


def start(path: Path) -> subprocess.Popen[str]:
    options = [{"option": "l3_ha", "value": True}, {"section": "database", "option": "password", "value": "hunter22"}]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", MODULE, json.dumps({"path": str(path), "options": options})]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout and process.stdout.readline() == "ready\n"
    return process


def finish(path: Path) -> tuple[dict[str, Any], float]:
    with start(path) as process:
        began = time.monotonic()
        # Not communicate(): it does not see what came in one piece with the first line.
        assert process.stdout and process.stderr
        out, err = process.stdout.read(), process.stderr.read()
        assert process.wait() == 0, err
    result: dict[str, Any] = json.loads(out)
    return result, time.monotonic() - began


def test_a_run_killed_at_any_moment_is_finished_by_the_next(tmp_path: Path) -> None:
    path = tmp_path / "neutron.conf"
    path.write_text(BEFORE)
    changed, duration = finish(path)
    assert changed["changed"] is True
    after = path.read_text()
    chance = random.Random(1647432)
    old, new = oslo.read(BEFORE), oslo.read(after)
    for _unused in range(KILLS):
        path.write_text(BEFORE)
        with start(path) as process:
            time.sleep(chance.uniform(0.3, 1.1) * duration)
            process.kill()
            process.communicate()
        assert oslo.read(path.read_text()) in (old, new)
        finish(path)
        assert path.read_text() == after
        assert not list(tmp_path.glob(".*"))
        assert {kept.read_text() for kept in tmp_path.glob("*~")} == {BEFORE}
    assert finish(path)[0]["changed"] is False
