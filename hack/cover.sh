#!/usr/bin/env bash
# Runs the tests of the plugin's packages with the race detector (all that
# "make unit" does) and reports which share of the statements they run, by
# package and in all. The profile stays in bin/cover.out: go tool cover -html.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p bin
own=github.com/aksmesh/kubectl-aksmesh
go test -race -timeout 20m -covermode=atomic -coverpkg="$own/cmd/...,$own/internal/...,$own/pkg/..." -coverprofile=bin/cover.out \
  ./cmd/... ./internal/... ./pkg/... ./hack/...
# A block is in the profile once for each test program; it counts if any ran it.
awk -F'[: ,]' -v own="$own/" '
  /^mode:/ { next }
  { n = NF; statements = $(n-1); hits = $n; key = $0; sub(/ [0-9]+ [0-9]+$/, "", key)
    file = $1; sub(/\/[^\/]*$/, "", file); sub(own, "", file)
    if (!(key in seen)) { seen[key] = 1; total[file] += statements; size[key] = statements; folder[key] = file }
    if (hits > 0) ran[key] = 1 }
  END {
    for (key in seen) { all += size[key]; if (key in ran) { covered[folder[key]] += size[key]; sum += size[key] } }
    for (file in total) printf "%5.1f%%  %6d statements  %s\n", 100 * covered[file] / total[file], total[file], file | "sort -k4"
    close("sort -k4")
    printf "%5.1f%%  %6d statements  in all (tests of packages alone; those on API servers and on the lab come on top)\n", 100 * sum / all, all
  }' bin/cover.out
