#!/usr/bin/env bash
# Prints the path of a program at a pinned version, which the Go toolchain builds
# the first time (minutes).
# usage: hack/tool.sh NAME PACKAGE VERSION
set -euo pipefail
name=$1 package=$2 version=$3
bin=$(go env GOPATH)/bin/$name-$version
if [ ! -x "$bin" ]; then
  echo "building $name $version" >&2
  dir=$(mktemp -d)
  trap 'rm -rf "$dir"' EXIT
  GOBIN=$dir CGO_ENABLED=0 go install -trimpath -ldflags "-s -w" "$package@$version"
  mkdir -p "$(dirname "$bin")"
  mv "$dir/$name" "$bin"
fi
echo "$bin"
