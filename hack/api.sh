#!/usr/bin/env bash
# Tests on real kube-apiservers, with the race detector. The plugin that they run
# has it too, unless one is given: that takes five times as long. Tests of
# test/api wait more than they reckon: two halves of them run side by side, each
# with API servers of its own, while go test runs the other packages.
# usage: [AKSMESH_BINARY=PLUGIN] hack/api.sh
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ -z "${AKSMESH_BINARY:-}" ]; then
  go build -race -o "$work/kubectl-aksmesh" ./cmd/kubectl-aksmesh
  export AKSMESH_BINARY=$work/kubectl-aksmesh
fi
# Races are written to files: a test that kills the plugin reads none of its words.
export GORACE=log_path=$work/race
go test -race -c -o "$work/api.test" ./test/api # once, and not once for each half
# Every second test is of the first half, all that are left are of the other: so
# none can be left out.
first=$(sed -n 's/^func \(Test[A-Z][A-Za-z0-9]*\)(.*/\1/p' test/api/*_test.go | grep -vx TestMain | awk 'NR % 2' | paste -sd'|')
declare -A running
half() { # NAME FLAG
  (cd test/api && exec "$work/api.test" -test.timeout 60m "$2" "^($first)\$") >"$work/$1" 2>&1 &
  running[$1]=$!
}
half first -test.run
half second -test.skip

code=0
go list ./test/... | grep -v '/test/api$' | xargs go test -race -timeout 60m || code=$?
for name in first second; do
  wait "${running[$name]}" || code=$?
  printf '\n== test/api, the %s half ==\n' "$name"
  cat "$work/$name"
done
if compgen -G "$work/race.*" >/dev/null; then
  printf '\n== data races, of the plugin or of a test ==\n'
  cat "$work"/race.*
  code=1
fi
exit "$code"
