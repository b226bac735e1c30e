#!/usr/bin/env bash
# The reference made from the documentation of plugins and roles, as HTML in docs/_build/html; nothing is fetched.
set -euo pipefail

site=docs/_build
rm -rf $site
mkdir -p $site
chmod 755 $site # or sphinx-init refuses
antsibull-docs sphinx-init --use-current --sphinx-theme alabaster --title linuxbridge.vrrp --dest-dir $site linuxbridge.vrrp >/dev/null
printf '%s\n' 'intersphinx_mapping = {}' "suppress_warnings = ['ref.ref']  # labels of sites that are not fetched" >>$site/conf.py
antsibull-docs --config-file $site/antsibull-docs.cfg collection --use-current --fail-on-error --dest-dir $site/rst linuxbridge.vrrp
sphinx-build -q -W --keep-going -b html $site/rst $site/html -c $site
echo "$(find $site/html -name '*.html' | wc -l) pages in $site/html" | tee -a "${STAGE_NOTE:-/dev/null}"
