#!/usr/bin/env bash
# Runs the pinned goreleaser. Version 2.17 needs a module that the Go module proxy
# does not serve.
set -euo pipefail
goreleaser=$("$(dirname "$0")/tool.sh" goreleaser github.com/goreleaser/goreleaser/v2 v2.16.0)
exec "$goreleaser" "$@"
