#!/usr/bin/env bash
# Runs the pinned goreleaser, which the Go toolchain builds the first time
# (minutes). Version 2.17 needs a module that the Go module proxy does not serve.
set -euo pipefail
version=v2.16.0
bin=$(go env GOPATH)/bin/goreleaser-$version
if [ ! -x "$bin" ]; then
  echo "building goreleaser $version" >&2
  dir=$(mktemp -d)
  trap 'rm -rf "$dir"' EXIT
  GOBIN=$dir CGO_ENABLED=0 go install -trimpath -ldflags "-s -w" "github.com/goreleaser/goreleaser/v2@$version"
  mkdir -p "$(dirname "$bin")"
  mv "$dir/goreleaser" "$bin"
fi
exec "$bin" "$@"
