#!/usr/bin/env bash
# Runs lanes of make targets side by side: the lab's hosts wait a lot, and leave a core to the other checks.
# A target that fails ends nothing; summary.py tells. Lines of the second lane and those behind it begin with its name.
# usage: lanes.sh "TARGET..." ["TARGET..." ...]
set -u

lane() {
    local target
    for target in $1; do
        ${MAKE:-make} "$target" || true
    done
}

lane "$1" &
shift
for targets in "$@"; do
    lane "$targets" 2>&1 | sed -u "s/^/${targets%% *} | /" &
done
wait
