#!/usr/bin/env bash
# Publishes the release that HEAD's tag names: the prober's image (docker login
# ghcr.io), then a draft on GitHub (GITHUB_TOKEN) with the archives, their sums
# and bills of materials. In this order there is no draft of plugins whose image
# is missing, and the same command can be run again: the image is the same, and
# the draft is replaced. What to do before and after is in CONTRIBUTING.md.
set -euo pipefail
cd "$(dirname "$0")/.."
tag=$(git describe --exact-match --tags HEAD) || { echo "error: HEAD has no tag: git tag -s vX.Y.Z" >&2; exit 1; }
[ -z "$(git status --porcelain)" ] || { echo "error: there are changes that are not committed" >&2; exit 1; }
# The standard library is part of what is released: go.mod's, whatever Go is here.
GOTOOLCHAIN=$(sed -n 's/^toolchain //p' go.mod)
export GOTOOLCHAIN
export AKSMESH_RELEASE=$PWD/bin/aksmesh-release
go build -trimpath -o "$AKSMESH_RELEASE" ./hack/release
"$AKSMESH_RELEASE" check "$tag"
"$AKSMESH_RELEASE" chart # fails before anything is built if no chart is pinned
hack/vuln.sh
hack/goreleaser.sh build --id aksmesh-probe --clean --parallelism 1
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) "$AKSMESH_RELEASE" image
"$AKSMESH_RELEASE" image --push ghcr.io/aksmesh/aksmesh-probe
hack/goreleaser.sh release --clean --parallelism 1
"$AKSMESH_RELEASE" krew
echo "publish the draft, then send dist/krew/aksmesh.yaml to Krew's index"
