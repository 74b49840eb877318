#!/usr/bin/env bash
# Runs the tests of real joins (root). They say much while they go on, so that
# what failed, and what a test said just before, is repeated at the end.
# usage: hack/e2e.sh [flags of go test]
set -euo pipefail
cd "$(dirname "$0")/.."
. hack/flags.sh
log=$(mktemp)
trap 'rm -f "$log"' EXIT
code=0
go test -tags e2e -count=1 -timeout 60m -v "$@" ./test/e2e 2>&1 | tee "$log" || code=$?
if [ "$code" != 0 ]; then
  printf '\n== what failed, and what the tests said themselves ==\n'
  # What the plugin printed is in lines that name its command, and below them.
  grep -E '^ *--- FAIL|_test\.go:[0-9]+: |^panic: ' "$log" | grep -v 'kubectl aksmesh [a-z]' | cut -c -600 | tail -n 40
fi
exit "$code"
