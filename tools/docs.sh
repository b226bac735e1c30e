#!/usr/bin/env bash
# The reference made from the documentation of plugins and roles, as HTML in docs/_build/html; nothing is fetched.
set -euo pipefail

site=docs/_build
rm -rf $site
mkdir -p $site
chmod 755 $site  # or sphinx-init refuses
antsibull-docs sphinx-init --use-current --fail-on-error --no-add-antsibull-docs-version --dest-dir $site linuxbridge.vrrp >/dev/null
