#!/usr/bin/env bash
# Looks up all dependencies, and what of them is called, in Go's vulnerability
# database with a pinned govulncheck. Exit codes: 0 nothing known, 1 something
# is, 2 nothing was looked up, because the database could not be reached. A copy
# of the database is taken with GOVULNDB=file:///path or another address.
set -euo pipefail
cd "$(dirname "$0")/.."
. hack/flags.sh
version=v1.9.0
bin=$(go env GOPATH)/bin/govulncheck-$version
if [ ! -x "$bin" ]; then
  echo "building govulncheck $version"
  dir=$(mktemp -d)
  trap 'rm -rf "$dir"' EXIT
  GOBIN=$dir go install "golang.org/x/vuln/cmd/govulncheck@$version"
  mkdir -p "$(dirname "$bin")"
  mv "$dir/govulncheck" "$bin"
fi
# The database's smallest file tells at once whether it can be had.
database=${GOVULNDB:-https://vuln.go.dev}
case $database in
  file://*) reachable() { [ -e "${database#file://}/index/db.json" ]; } ;;
  *) reachable() { go run ./hack/reach "$database/index/db.json"; } ;;
esac
if ! reachable; then
  echo "NOT CHECKED: the vulnerability database $database cannot be reached from here" >&2
  exit 2
fi
status=0
"$bin" -db "$database" ./cmd/... || status=$?
[ $status = 0 ] || exit 1
