#!/usr/bin/env bash
# ansible-test sanity without ignores, on a copy outside the checkout (a link or an ignored folder it refuses or skips).
# Nothing is run when nothing has changed since it last passed; FORCE=1 runs it all the same.
set -euo pipefail

readonly root=$PWD home=$PWD/.cache/ansible-test
version=$(.venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
copy=$work/ansible_collections/linuxbridge/vrrp
tools/copy-tree.sh "$copy"

state=$(cd "$copy" && find . -type f -print0 | sort -z | xargs -0 sha256sum | cat - "$root/requirements.txt" | sha256sum)
passed=.cache/sanity-passed
if [[ ! ${FORCE:-} && -e $passed && $(<$passed) == "$state" ]]; then
    echo "nothing has changed since it last passed" | tee "${STAGE_NOTE:-/dev/null}"
    exit 0
fi
if compgen -G 'tests/sanity/ignore*' >/dev/null; then
    echo "error: ignore files are not wanted: mend what they hide" >&2
    exit 1
fi

# What our documentation fragments and requirements come from.
for collection in .cache/collections/ansible_collections/*/*; do
    [[ -L $collection ]] || (cd .cache/collections && cp -r --parents "${collection#.cache/collections/}" "$work")
done

# Its own HOME keeps its virtual environments out of the user's; pip's configuration and cache are still the user's.
mkdir -p "$home/.ansible/test/cache" "$home/.config" "$home/.cache"
for settings in .config/pip .pip .cache/pip; do
    [[ ! -e $HOME/$settings ]] || ln -sfn "$HOME/$settings" "$home/$settings"
done
grep -ohP "\bpip='\K[0-9.]+" .venv/lib/python*/site-packages/ansible_test/_internal/python_requirements.py |
    while read -r pip; do
        cp tools/get_pip.py "$home/.ansible/test/cache/get_pip_${pip//./_}.py"
    done

log=$work/log
status=0
# Shown without what pip has to say.
(cd "$copy" && HOME=$home PATH=$root/.venv/bin:$PATH ansible-test sanity --local --python "$version" --color no) |& tee "$log" |
    grep --line-buffered -vE '^( |$|Looking in |Collecting |Processing |Installing |Successfully |Using cached |WARNING: Location )' ||
    status=${PIPESTATUS[0]}
if grep -q 'All targets skipped' "$log"; then
    echo "error: ansible-test skipped everything" >&2
    exit 1
fi
[[ $status == 0 ]] || exit "$status"
echo "$(grep -c '^Running sanity test' "$log") sanity tests of ansible-test, none ignored" | tee "${STAGE_NOTE:-/dev/null}"
echo "$state" >$passed
