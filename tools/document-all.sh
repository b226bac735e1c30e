#!/usr/bin/env bash
# Loads the documentation of every plugin and role of the installed collection, and fails when one has none.
# usage: document-all.sh [ANSIBLE-DOC]; finds the collection on ANSIBLE_COLLECTIONS_PATH
set -euo pipefail
doc=${1:-ansible-doc}
python=$(dirname "$(type -P "$doc")")/python
count=0
for type in module filter inventory role; do
    mapfile -t names < <("$doc" -t $type -l linuxbridge.vrrp --json | "$python" -c '
import json, sys
print(*json.load(sys.stdin), sep="\n")' | grep .)
    ((${#names[@]})) || continue
    "$doc" -t $type --json "${names[@]}" | "$python" -c '
import json, sys
found = json.load(sys.stdin)
missing = [name for name in sys.argv[1:] if name not in found or "error" in found[name]]
sys.exit("no documentation: " + " ".join(missing) if missing else 0)' "${names[@]}"
    count=$((count + ${#names[@]}))
done
((count)) || { echo "error: the collection was not found" >&2; exit 1; }
echo "documentation of $count plugins and roles loads" | tee -a "${STAGE_NOTE:-/dev/null}"
