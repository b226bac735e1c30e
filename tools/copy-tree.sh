#!/usr/bin/env bash
# Copies what git would commit (and nothing that it ignores) to the directory named, which is made anew.
set -euo pipefail
rm -rf "$1"
mkdir -p "$1"
git ls-files -co --exclude-standard -z | while IFS= read -r -d '' file; do [[ ! -e $file ]] || printf '%s\0' "$file"; done |
    tar --null --files-from=- -c | tar -x -C "$1"
