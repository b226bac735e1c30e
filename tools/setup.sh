#!/usr/bin/env bash
# Makes the checkout ready to work: Debian packages, .venv from requirements.txt, collections in .cache/collections.
# Costs next to nothing when there is nothing to do. Run by make; needs no registry but Debian's and PyPI.
set -euo pipefail

# The bundle whose parts are used: other collections come from PyPI too.
readonly bundle=ansible==14.5.0
readonly packages=(
    ca-certificates git make openssh-client shellcheck                       # the tools
    mmdebstrap systemd-container                                            # the lab
    conntrack conntrackd ipset iptables iproute2 iputils-ping keepalived nftables procps radvd  # tests in namespaces
)

say() { printf 'setup: %s\n' "$*"; }

# The newest core needs 3.12; Debian 12's own 3.11 gets the oldest that is supported.
find_python() { tools/find-python.sh 3.12 3.13 3.14 3.11; }

# Services stay off: what is installed here is for namespaces, not for this machine.
install_packages() {
    local policy=/usr/sbin/policy-rc.d made_policy='' missing=()
    mapfile -t missing < <(comm -23 <(printf '%s\n' "$@" | sort) \
        <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p' | sort))
    ((${#missing[@]})) || return 0
    if [[ $EUID != 0 ]]; then
        say "warning: not root, so these packages stay missing: ${missing[*]}" >&2
        return 0
    fi
    say "installing ${missing[*]}"
    if [[ ! -e $policy ]]; then
        made_policy=$policy
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod 755 $policy
    fi
    export DEBIAN_FRONTEND=noninteractive
    local apt=(apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
    "${apt[@]}" update
    "${apt[@]}" install --no-install-recommends "${missing[@]}" >.cache/apt.log 2>&1 || {
        cat .cache/apt.log >&2
        return 1
    }
    local service
    for service in conntrackd keepalived radvd; do
        [[ " ${missing[*]} " == *" $service "* ]] && type -P systemctl >/dev/null && systemctl --quiet disable $service
    done
    if [[ $made_policy ]]; then
        rm -f "$made_policy"
        trap - EXIT
    fi
}

# With Python's own pip as it is in its wheel: venv compiles all of it, which takes as long as all the rest.
make_venv() {
    local python
    python=$(find_python)
    say "making .venv with $("$python" -V)"
    rm -f .cache/install_requirements-*
    "$python" -m venv --without-pip --clear .venv
    .venv/bin/python - <<'PYTHON'
import ensurepip, pathlib, sysconfig, zipfile

places = [sysconfig.get_config_var("WHEEL_PKG_DIR"), pathlib.Path(ensurepip.__file__).with_name("_bundled")]
wheel = next(wheel for place in filter(None, places) for wheel in pathlib.Path(place).glob("pip-*.whl"))
zipfile.ZipFile(wheel).extractall(sysconfig.get_path("purelib"))
PYTHON
}

pip() { .venv/bin/python -m pip --quiet --quiet --disable-pip-version-check "$@"; }

install_requirements() {
    [[ -x .venv/bin/uv ]] || pip install "$(grep -o '^uv==[^ ]*' requirements.txt)"
    say "installing $(grep -c == requirements.txt) Python packages"
    .venv/bin/uv pip sync --quiet --python .venv/bin/python requirements.txt
}

# This collection by name, as a link; what galaxy.yml depends on, out of the bundle.
make_collections() {
    local root=.cache/collections/ansible_collections wanted
    mkdir -p $root/linuxbridge
    ln -sfn ../../../.. $root/linuxbridge/vrrp
    mapfile -t wanted < <(sed -n '/^dependencies:/,/^[^ ]/s/^  *\([a-z_.]*\):.*/\1/p' galaxy.yml)
    ((${#wanted[@]})) || return 0
    say "fetching ${wanted[*]}"
    pip download --no-deps --ignore-requires-python --dest .cache/bundle $bundle
    .venv/bin/python - .cache/bundle/*.whl "${wanted[@]}" <<'PYTHON'
import sys, zipfile

wheel, *wanted = sys.argv[1:]
with zipfile.ZipFile(wheel) as bundle:
    for name in wanted:
        prefix = "ansible_collections/%s/" % name.replace(".", "/")
        members = [member for member in bundle.namelist() if member.startswith(prefix)]
        if not members:
            sys.exit("setup: error: %s is not in %s" % (name, wheel))
        bundle.extractall(".cache/collections", members)
PYTHON
    rm -r .cache/bundle
}

# Calls the function unless it has been through with the same input.
once() {
    local function=$1 stamp
    stamp=.cache/$1-$(sha256sum <<<"$2" | cut -c1-16)
    [[ ! -e $stamp ]] || return 0
    $function
    rm -f ".cache/$1"-*
    touch "$stamp"
}

mkdir -p .cache
if type -P apt-get >/dev/null; then
    needed=("${packages[@]}")
    [[ -x .venv/bin/python ]] || find_python >/dev/null || needed+=(python3 python3-venv)
    install_packages "${needed[@]}"
fi
[[ -x .venv/bin/python ]] || find_python >/dev/null || {
    echo "setup: error: no Python 3.11 or newer with venv here, and no way to install it" >&2
    exit 1
}

.venv/bin/python -c '' 2>/dev/null || rm -f .cache/make_venv-*
once make_venv ''
once install_requirements "$(<requirements.txt)" &
installing=$!
once make_collections "$bundle $(sed -n '/^dependencies:/,/^[^ ]/p' galaxy.yml)"
wait $installing
