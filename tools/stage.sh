#!/usr/bin/env bash
# Runs one stage of the checks, says how it ended and how long it took, and keeps that for summary.py.
# usage: stage.sh NAME COMMAND [ARGUMENT...]
# The command may write to $STAGE_NOTE, in one line, what it ran; test reports are .cache/reports/NAME*.xml.
set -u

name=$1
shift
reports=.cache/reports
mkdir -p $reports
rm -f "$reports/$name".* "$reports/$name"-*
export STAGE_NOTE=$PWD/$reports/$name.note

printf '\n=== %s\n' "$name"
"$@"
status=$?
echo "$status $SECONDS" >"$reports/$name.stage"
[[ $status == 0 ]] && outcome=passed || outcome=FAILED
printf '=== %s %s in %d s\n' "$name" "$outcome" "$SECONDS"
exit $status
