#!/usr/bin/env bash
# The oldest that is supported: ansible-core 2.19 on Python 3.11, and what runs on a managed host on Python 3.9.
set -euo pipefail

note() { echo "$*" | tee -a "${STAGE_NOTE:-/dev/null}"; }
sources() { git ls-files -co --exclude-standard -- "$@" | grep '\.py$' | sort; }

if python=$(tools/find-python.sh 3.9); then
    mapfile -t files < <(sources plugins/modules plugins/module_utils)
    PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=.cache/collections "$python" -c '
import importlib, sys
for path in sys.argv[1:]:
    compile(open(path).read(), path, "exec")
    if path.startswith("plugins/module_utils/core/"):
        importlib.import_module("ansible_collections.linuxbridge.vrrp." + path[:-3].replace("/", "."))' "${files[@]}"
    note "modules compile and core/ loads on Python 3.9"
else
    note "no Python 3.9 here, so no module was loaded on it"
fi

venv=.cache/venv-core219
if .venv/bin/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))'; then
    venv=.venv
    note "Python 3.11 is the only one here, so the newest ansible-core was not tried"
elif python=$(tools/find-python.sh 3.11); then
    stamp=$venv/$(sha256sum <requirements.txt | cut -c1-16).installed
    if [[ ! -e $stamp ]]; then
        .venv/bin/uv venv --quiet --clear --python "$python" $venv
        .venv/bin/uv pip sync --quiet --python $venv/bin/python requirements.txt
        touch "$stamp"
    fi
else
    note "no Python 3.11 here, so ansible-core 2.19 was not tried"
    exit 0
fi
note "$($venv/bin/ansible --version | sed -n '1s/[][]//gp') on $($venv/bin/python -V)"
tools/document-all.sh $venv/bin/ansible-doc
$venv/bin/python -m pytest tests/unit -q --junitxml=.cache/reports/compat.xml
