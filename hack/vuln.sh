#!/usr/bin/env bash
# Looks up all dependencies, and what of them is called, in Go's vulnerability
# database with a pinned govulncheck: for a plugin as it is released, so with the
# toolchain, and its standard library, that go.mod names. Where the database's
# server cannot be reached, the database is made from the Go module in which it is
# kept. Exit codes: 0 nothing known, 1 something is, 2 nothing was looked up,
# because there is no database or no such toolchain. Another database is taken
# with GOVULNDB=file:///path or an address.
set -euo pipefail
cd "$(dirname "$0")/.."
unchecked() { # WHY
  echo "NOT CHECKED: $1" >&2
  exit 2
}
check=$(hack/tool.sh govulncheck golang.org/x/vuln/cmd/govulncheck v1.9.0)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# made makes a database from the newest version of its module.
made() { # FOLDER
  local module=golang.org/x/vulndb version folder
  version=$(go list -m -f '{{.Version}}' "$module@latest") || return
  folder=$(go mod download -json "$module@$version" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
  [ -d "$folder/data/osv" ] || return
  echo "the database is that of $module $version"
  go run "$module/cmd/indexdb@$version" -vulns "$folder/data/osv" -out "$1"
}

# The database's smallest file tells at once whether it can be had.
reachable() { # ADDRESS
  case $1 in
    file://*) [ -e "${1#file://}/index/db.json" ] ;;
    *) go run ./hack/reach "$1/index/db.json" ;;
  esac
}

database=${GOVULNDB:-https://vuln.go.dev}
if ! reachable "$database"; then
  [ -z "${GOVULNDB:-}" ] && made "$work/db" || unchecked "the vulnerability database $database cannot be reached from here"
  database=file://$work/db
fi
. hack/flags.sh
GOTOOLCHAIN=$(sed -n 's/^toolchain //p' go.mod)
export GOTOOLCHAIN
go version || unchecked "the toolchain $GOTOOLCHAIN, which go.mod names, cannot be had here"
status=0
"$check" -db "$database" ./cmd/... || status=$?
[ $status = 0 ] || exit 1
