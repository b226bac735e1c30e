#!/usr/bin/env bash
# Prints the first Python of the versions given that starts and can make a virtual environment.
# A version that pyenv only has a shim for does not start, and Debian's lacks ensurepip without python3-venv.
# usage: find-python.sh VERSION...
set -u
for version in "$@"; do
    for python in "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version".*/bin/python3 "$(type -P "python$version")" /usr/bin/python3; do
        if "$python" -c "import ensurepip, sys; sys.exit('%d.%d' % sys.version_info[:2] != '$version')" 2>/dev/null; then
            echo "$python"
            exit 0
        fi
    done
done
exit 1
