#!/usr/bin/env bash
# Says in one line why this machine cannot run the lab, and exits 1; changes nothing.
# What a package can mend (ip, systemd-nspawn, ...) is left to setup.sh.
set -u

missing=()
scratch=$(mktemp -d) || exit 1
trap 'rmdir "$scratch"' EXIT

# All tries happen in namespaces of their own, which end with the try.
in_namespaces() { unshare --mount --net --pid --ipc --uts --fork "$@" >/dev/null 2>&1; }

overlayfs_works() {
    in_namespaces sh -ec "
        mount -t tmpfs tmpfs '$scratch'
        cd '$scratch'
        mkdir lower upper work root
        mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work root"
}

# A device is asked for over netlink, in perl (in every Debian) because ip may not be installed yet:
# RTM_NEWLINK with IFLA_IFNAME and IFLA_LINKINFO {kind, data}; VXLAN wants its VNI.
device_works() {
    # shellcheck disable=SC2016
    in_namespaces perl -e '
        sub attribute { my ($type, $data) = @_; pack("SSa*", 4 + length $data, $type, $data) . "\0" x (-length($data) % 4) }
        my $kind = attribute(1, "$ARGV[0]\0");
        $kind .= attribute(2, attribute(1, pack("L", 42))) if $ARGV[0] eq "vxlan";
        my $link = pack("x16") . attribute(3, "check0\0") . attribute(18, $kind);
        my ($netlink, $answer);
        socket($netlink, 16, 3, 0) or exit 1;
        send($netlink, pack("LSSLL", 16 + length $link, 16, 0x605, 1, 0) . $link, 0) or exit 1;
        defined recv($netlink, $answer, 4096, 0) or exit 1;
        exit(unpack("x16l", $answer) ? 1 : 0)' "$1"
}

nspawn_is_there() { command -v systemd-nspawn || command -v apt-get; } >/dev/null

if [[ $EUID != 0 ]]; then
    missing+=("root (run it as root)")
elif ! in_namespaces true; then
    missing+=("namespaces (unshare is refused: a container without privileges?)")
else
    overlayfs_works || missing+=("overlayfs in the kernel")
    for kind in bridge veth vxlan; do
        device_works $kind || missing+=("$kind devices in the kernel")
    done
    grep -q ' /sys/fs/cgroup' /proc/mounts || missing+=("cgroups mounted at /sys/fs/cgroup, for systemd-nspawn")
fi
nspawn_is_there || missing+=("systemd-nspawn (and no apt-get to install it)")
[[ -c /dev/net/tun ]] || missing+=("/dev/net/tun")

if ((${#missing[@]})); then
    printf -v list '%s; ' "${missing[@]}"
    echo "error: this machine cannot run the lab; missing: ${list%; }" >&2
    exit 1
fi
