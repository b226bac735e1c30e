"""What a second run of site.yml costs, on the standing lab, as ratios within this run.

Prints and writes to .cache/bench/site.json: the time of a run that changes nothing as a ratio to that of
``ansible all -m ansible.builtin.setup`` on the same hosts with the same forks, and the tasks run for each network node.
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROUNDS = 3
FORKS = "10"


def run(command: list[str]) -> tuple[float, str]:
    start = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit("%s failed:\n%s" % (" ".join(command), (done.stdout + done.stderr)[-3000:]))
    return time.monotonic() - start, done.stdout


def recap(output: str) -> dict[str, dict[str, int]]:
    """The last lines of ansible-playbook: counts by host."""
    lines = output[output.rindex("PLAY RECAP") :].splitlines()[1:]
    hosts = [line.split(":", 1) for line in lines if ":" in line]
    return {name.strip(): {key: int(count) for key, count in re.findall(r"(\w+)=(\d+)", rest)} for name, rest in hosts}


def main() -> None:
    inventory = sys.argv[1:]
    site = ["ansible-playbook", *inventory, "--forks", FORKS, "playbooks/site.yml"]
    hosts = "controllers:network_nodes:compute_nodes"
    setup = ["ansible", *inventory, "--forks", FORKS, hosts, "-m", "ansible.builtin.setup"]
    rounds = []
    counts: dict[str, dict[str, int]] = {}
    for _unused in range(ROUNDS):
        facts, _output = run(setup)
        again, output = run(site)
        counts = recap(output)
        rounds.append(
            {"setup_seconds": round(facts, 2), "site_seconds": round(again, 2), "ratio": round(again / facts, 2)}
        )
    changed = {name: count["changed"] for name, count in counts.items() if count["changed"]}
    if changed:
        sys.exit("the run was to change nothing, but changed %s" % changed)
    ratio = statistics.median(entry["ratio"] for entry in rounds)
    tasks = {name: count["ok"] for name, count in counts.items() if name.startswith("network")}
    target = Path(".cache/bench/site.json")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps({"rounds": rounds, "ratio": ratio, "tasks": tasks}, indent=2) + "\n")
    print("second site.yml / ansible -m setup: %.2f (aim: 3 or less)" % ratio)
    for name, count in tasks.items():
        print("tasks run for %s: %d (aim: 30 or less)" % (name, count))


if __name__ == "__main__":
    main()
