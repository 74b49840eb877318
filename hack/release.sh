#!/usr/bin/env bash
# Publishes the release that HEAD's tag names: a draft with the archives, their
# sums and bills of materials on GitHub (GITHUB_TOKEN), and the prober's image
# (docker login ghcr.io). What to do before and after is in CONTRIBUTING.md.
set -euo pipefail
cd "$(dirname "$0")/.."
tag=$(git describe --exact-match --tags HEAD) || { echo "error: HEAD has no tag: git tag -s vX.Y.Z" >&2; exit 1; }
[ -z "$(git status --porcelain)" ] || { echo "error: there are changes that are not committed" >&2; exit 1; }
grep -q "^## ${tag#v}" CHANGELOG.md || { echo "error: CHANGELOG.md has no section \"## ${tag#v}\"" >&2; exit 1; }
export AKSMESH_RELEASE=$PWD/bin/aksmesh-release
go build -trimpath -o "$AKSMESH_RELEASE" ./hack/release
"$AKSMESH_RELEASE" chart # fails before anything is built if no chart is pinned
hack/goreleaser.sh release --clean --parallelism 1
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) "$AKSMESH_RELEASE" image
"$AKSMESH_RELEASE" image --push ghcr.io/aksmesh/aksmesh-probe
"$AKSMESH_RELEASE" krew
echo "publish the draft, then send dist/krew/aksmesh.yaml to Krew's index"
