#!/usr/bin/env bash
# Checks the plugin's module, the lab's and that of the examples' tests with one
# pinned linter, which the Go toolchain builds. The module of lab/controlplane is
# left out: the linter would analyse all of Kubernetes.
set -euo pipefail
cd "$(dirname "$0")/.."
version=v2.15.0
bin=$(go env GOPATH)/bin/golangci-lint-$version
if [ ! -x "$bin" ]; then
  echo "building golangci-lint $version"
  dir=$(mktemp -d)
  trap 'rm -rf "$dir"' EXIT
  GOBIN=$dir go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$version"
  mkdir -p "$(dirname "$bin")"
  mv "$dir/golangci-lint" "$bin"
fi
. hack/flags.sh # after the linter has been built, which is to be fast
go run ./hack/chart
"$bin" run ./...
(cd lab && "$bin" run -c ../.golangci.yml ./...)
(cd test/examples && "$bin" run -c ../../.golangci.yml ./...)
