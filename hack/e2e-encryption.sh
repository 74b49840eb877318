#!/usr/bin/env bash
# Runs the tests of encryption (root) in an emulated machine with Debian's kernel:
# many machines' own kernels can't encrypt. It takes half an hour or more.
# usage: AKSMESH_BINARY=PLUGIN AKSMESH_LAB=LAB hack/e2e-encryption.sh [PATTERN]
set -euo pipefail
cd "$(dirname "$0")/.."
. hack/flags.sh
go test -tags e2e -c -o bin/e2e.test ./test/e2e
cd test/e2e
export AKSMESH_LAB_PATIENCE=10 AKSMESH_LIVE=1
VM_MEMORY=12G exec ../../hack/vm/run.sh ../../hack/vm/lab.sh \
  ../../bin/e2e.test -test.v -test.timeout 3h -test.run "${1:-TestEncryption}"
