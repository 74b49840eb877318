#!/usr/bin/env bash
# Checks the plugin's module, the lab's and that of the examples' tests with one
# pinned linter. The module of lab/controlplane is left out: the linter would
# analyse all of Kubernetes.
set -euo pipefail
cd "$(dirname "$0")/.."
# Before the flags: the linter is to be fast.
lint=$(hack/tool.sh golangci-lint github.com/golangci/golangci-lint/v2/cmd/golangci-lint v2.15.0)
. hack/flags.sh
go run ./hack/chart
"$lint" run ./...
(cd lab && "$lint" run -c ../.golangci.yml ./...)
(cd test/examples && "$lint" run -c ../../.golangci.yml ./...)
