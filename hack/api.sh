#!/usr/bin/env bash
# Tests on real kube-apiservers, with the race detector. Those of test/api wait
# more than they reckon, so two halves of them run side by side.
# usage: AKSMESH_BINARY=PLUGIN hack/api.sh
set -euo pipefail
cd "$(dirname "$0")/.."
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
go test -race -c -o "$logs/api.test" ./test/api # once, and not once for each half
halves=()
for half in 1 2; do
  (cd test/api && AKSMESH_SHARD=$half/2 exec "$logs/api.test" -test.timeout 60m) >"$logs/$half" 2>&1 &
  halves+=($!)
done
code=0
# The other packages, meanwhile.
go test -race -timeout 60m $(go list ./test/... | grep -v '/test/api$') || code=$?
for half in 1 2; do
  wait "${halves[half - 1]}" || code=$?
  printf '\n== test/api, half %d of 2 ==\n' "$half"
  cat "$logs/$half"
done
exit "$code"
