#!/usr/bin/env bash
# Compiles the plugin for all systems that a release is for, and the prober for
# Linux, with the release's flags: "make dist" finds what was compiled here. It
# does not link, which no change of ours can break.
set -euo pipefail
cd "$(dirname "$0")/.."
flags=(-trimpath -buildvcs=false)
for module in k8s.io sigs.k8s.io github.com helm.sh google.golang.org go.yaml.in golang.org oras.land go.opentelemetry.io gopkg.in go4.org dario.cat cyphar.com net text/template html/template database vendor encoding go mime regexp; do flags+=("-gcflags=$module/...=-l"); done
for system in linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64; do
  started=$SECONDS
  export CGO_ENABLED=0 GOOS=${system%/*} GOARCH=${system#*/}
  # go list -export compiles a package and all that it imports, and links none.
  go list -export -f '{{with .Error}}{{.}}{{end}}' "${flags[@]}" ./cmd/kubectl-aksmesh >/dev/null
  [ "$GOOS" != linux ] || go list -export -trimpath -buildvcs=false ./cmd/aksmesh-probe >/dev/null
  echo "$system compiled in $((SECONDS - started)) s"
done
