#!/usr/bin/env bash
# Every static check, to the end, so that one run tells all.
set -u
export MYPYPATH=.cache/collections
failed=()

check() {
    local name=$1 started=$SECONDS
    shift
    "$@" || failed+=("$name")
    printf '%3d s  %s\n' $((SECONDS - started)) "$name"
}
files() { git ls-files -co --exclude-standard -z -- "$@"; }
shell_scripts() { files . | xargs -0 awk 'FNR == 1 && /^#!.*sh$/ {printf "%s%c", FILENAME, 0} {nextfile}' 2>/dev/null; }

check ruff ruff check --quiet .
check 'ruff format' ruff format --quiet --diff .
check 'mypy, strict on core' mypy --strict -p ansible_collections.linuxbridge.vrrp.plugins.module_utils.core
check mypy mypy -p ansible_collections.linuxbridge.vrrp.plugins
check yamllint xargs -0 -a <(files '*.yml' '*.yaml') yamllint --strict
check ansible-lint ansible-lint --offline -q --nocolor
check shellcheck xargs -0 -a <(shell_scripts) shellcheck
check antsibull-docs antsibull-docs lint-collection-docs --plugin-docs --skip-rstcheck .
check antsibull-changelog antsibull-changelog lint

echo "ruff, mypy, yamllint, ansible-lint, shellcheck, antsibull-docs, antsibull-changelog" >"${STAGE_NOTE:-/dev/null}"
if ((${#failed[@]})); then
    echo "failed: ${failed[*]}" >&2
    exit 1
fi
