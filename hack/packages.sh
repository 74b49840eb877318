#!/usr/bin/env bash
# Installs the Debian packages that make, the race detector and git need. The
# lab installs its own (aksmesh-lab build --install).
set -euo pipefail
missing=()
for pair in make:make gcc:gcc git:git; do command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}"); done
[ -e /usr/include/stdlib.h ] || missing+=(libc6-dev)
[ ${#missing[@]} = 0 ] && exit 0
apt-get update -q
DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
