#!/usr/bin/env bash
# Runs the scenarios named, each to its end, and fails when one of them does, or has verified nothing.
# usage: molecule.sh SCENARIO...
set -u

# Molecule colours its output even when it goes to a file.
[[ -t 1 ]] || export NO_COLOR=1 ANSIBLE_NOCOLOR=1 PY_COLORS=0
export MOLECULE_COMMAND_BORDERS=0
failed=()
for scenario in "$@"; do
    molecule test --scenario-name "$scenario" || failed+=("$scenario")
    [[ -e .cache/reports/molecule-$scenario.xml ]] || failed+=("$scenario (no testinfra test ran)")
done
if ((${#failed[@]})); then
    echo "failed: ${failed[*]}" >&2
    exit 1
fi
