#!/usr/bin/env bash
# Checks that what is generated is what the sources generate: go.mod and go.sum
# of all modules that are tidied in a moment, formatted code, and files that
# "go generate" or UPDATE_GOLDEN=1 write. It changes nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
. hack/flags.sh
failed=0
for module in . lab test/examples test/dist/kubectl/module; do
  (cd "$module" && go mod tidy -diff) || { echo "error: $module/go.mod or go.sum is not tidy: cd $module && go mod tidy" >&2; failed=1; }
done
unformatted=$(git ls-files '*.go' | xargs gofmt -l)
[ -z "$unformatted" ] || { printf 'error: not formatted: gofmt -w\n%s\n' "$unformatted" >&2; failed=1; }

# In a copy, so that a working tree with changes stays as it is.
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files -z | tar --null --files-from=- --create --file=- | tar -x -C "$copy"
cp internal/cilium/chart/cilium-*.tgz "$copy/internal/cilium/chart/"
git -C "$copy" init -q
git -C "$copy" add -A
git -C "$copy" -c user.name=x -c user.email=x@example.com commit -q -m x
(
  cd "$copy"
  grep -rlq --include='*.go' '^//go:generate ' cmd internal pkg hack && go generate ./cmd/... ./internal/... ./pkg/... ./hack/...
  # Tests that write golden files. Those that fail for another reason are "make
  # unit"'s, but what cannot be built writes none: hence once without any test.
  packages=$(grep -rl --include='*_test.go' /test/golden cmd internal pkg | xargs -n1 dirname | sort -u | sed 's|^|./|')
  go test -run '^$' $packages >/dev/null
  UPDATE_GOLDEN=1 go test -count=1 $packages >/dev/null || true
)
git -C "$copy" diff --exit-code --stat || { echo "error: the files above are not what the sources generate: UPDATE_GOLDEN=1 go test, or go generate" >&2; failed=1; }
new=$(git -C "$copy" status --porcelain | grep '^??' | grep -v '/chart/cilium-' || true)
[ -z "$new" ] || { printf 'error: generated, but not in the repository:\n%s\n' "$new" >&2; failed=1; }
[ $failed = 0 ] && echo "generated files are up to date"
exit $failed
