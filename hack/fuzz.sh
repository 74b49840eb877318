#!/usr/bin/env bash
# Runs all fuzz tests: with their seeds alone, or each for a time.
#
#   hack/fuzz.sh          seeds
#   hack/fuzz.sh 1m       each for a minute
set -euo pipefail
cd "$(dirname "$0")/.."
. hack/flags.sh
packages=$(git grep -l '^func Fuzz' -- 'cmd/*_test.go' 'internal/*_test.go' 'pkg/*_test.go' 'hack/*_test.go' | xargs -n1 dirname | sort -u)
if [ -z "${1:-}" ]; then
  sed 's|^|./|' <<<"$packages" | xargs go test -run '^Fuzz'
  exit
fi
for package in $packages; do
  for name in $(grep -ho '^func Fuzz[A-Za-z0-9_]*' "$package"/*_test.go | sed 's/func //'); do
    echo "== $package $name"
    go test "./$package" -run '^$' -fuzz "^$name\$" -fuzztime "$1"
  done
done
