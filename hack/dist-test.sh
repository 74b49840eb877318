#!/usr/bin/env bash
# Builds what HEAD would release twice, in two folders, checks that both are the
# same byte for byte, and tests one of them: installs it as Krew does, runs it
# under a real kubectl.
#
#   hack/dist-test.sh linux/amd64     one system
#   hack/dist-test.sh                 all of them
#
# The two builds share the build cache, whose entries do not depend on folders;
# DIST_COLD=1 gives the second one its own (it takes a quarter of an hour).
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
first=$work/a second=$work/in/a/longer/path/b
sums() { (cd "$1/dist" && sha256sum checksums.txt krew/aksmesh.yaml aksmesh-probe.tar && cat checksums.txt); }

git clone -q . "$first"
git clone -q . "$second"
(cd "$first" && hack/dist.sh "$@")
[ -z "${DIST_COLD:-}" ] || export GOCACHE=$work/cache
(cd "$second" && hack/dist.sh "$@" >"$work/log" 2>&1) || { cat "$work/log"; exit 1; }
diff <(sums "$first") <(sums "$second") || { echo "error: two builds of the same commit differ" >&2; exit 1; }
echo "two builds are the same:"
sums "$first"
. hack/flags.sh
AKSMESH_DIST=$first/dist go test -count=1 -tags dist -v ./test/dist
