#!/usr/bin/env bash
# Builds all that a release has into dist/, and publishes nothing: archives,
# their sums and bills of materials, Krew's manifest, the prober's image.
#
#   hack/dist.sh                  for all systems
#   hack/dist.sh linux/amd64      for one, which tells enough for most changes
set -euo pipefail
cd "$(dirname "$0")/.."
only=${1:-}
config=.goreleaser.yaml
partial=()
if [ -n "$only" ]; then
  config=$(mktemp --suffix=.yaml)
  trap 'rm -f "$config"' EXIT
  sed -e "/id: plugin/,/goarch:/{s|goos: .*|goos: [${only%/*}]|;s|goarch: .*|goarch: [${only#*/}]|}" \
    -e "/id: aksmesh-probe/,/goarch:/s|goarch: .*|goarch: [${only#*/}]|" .goreleaser.yaml >"$config"
  partial=(--partial)
fi
export AKSMESH_RELEASE=$PWD/bin/aksmesh-release
go build -trimpath -o "$AKSMESH_RELEASE" ./hack/release
# One compiler uses all processors by itself.
hack/goreleaser.sh release --config "$config" --snapshot --clean --parallelism 1
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) "$AKSMESH_RELEASE" image
"$AKSMESH_RELEASE" krew "${partial[@]}"
