#!/usr/bin/env bash
# Compiles the plugin for all systems that a release is for, and the prober for
# Linux: "make dist" finds what was compiled here. It links nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
. hack/flags.sh
for system in linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64; do
  started=$SECONDS
  export GOOS=${system%/*} GOARCH=${system#*/}
  programs=(./cmd/kubectl-aksmesh)
  [ "$GOOS" != linux ] || programs+=(./cmd/aksmesh-probe)
  # go list -export compiles a package and all that it imports, and links none.
  go list -export -f '{{with .Error}}{{.}}{{end}}' -buildvcs=false "${programs[@]}" >/dev/null
  echo "$system compiled in $((SECONDS - started)) s"
done
