#!/usr/bin/env bash
# The collection as a user gets it: built, installed offline on a clean path, documented and started from there.
set -euo pipefail

checkout=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tools/copy-tree.sh "$work/source"
ansible-galaxy collection build --output-path "$work" "$work/source"

# What it depends on is there already, as at a site without the internet.
mkdir -p "$work/collections"
for collection in .cache/collections/ansible_collections/*/*; do
    [[ -L $collection ]] || (cd .cache/collections && cp -r --parents "${collection#.cache/collections/}" "$work/collections")
done
cd "$work"
touch ansible.cfg
export ANSIBLE_CONFIG=$work/ansible.cfg ANSIBLE_HOME=$work/home ANSIBLE_COLLECTIONS_PATH=$work/collections
ansible-galaxy collection install --offline -p collections linuxbridge-vrrp-*.tar.gz
ansible-galaxy collection verify --offline linuxbridge.vrrp

"$checkout/tools/document-all.sh"
playbooks=0
for playbook in collections/ansible_collections/linuxbridge/vrrp/playbooks/*.yml; do
    [[ -e $playbook ]] || continue
    ansible-playbook --syntax-check -i localhost, "linuxbridge.vrrp.$(basename "$playbook" .yml)" >/dev/null
    playbooks=$((playbooks + 1))
done
echo "$(cd collections/ansible_collections/linuxbridge/vrrp && find . -type f | wc -l) files installed, $playbooks playbooks start" |
    tee -a "$STAGE_NOTE"
