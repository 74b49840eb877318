#!/usr/bin/env bash
# Installs the Debian packages that make, the race detector and git need, and
# those without which tests of root's are skipped. The lab installs its own
# (aksmesh-lab build --install).
set -euo pipefail
missing=()
for pair in make:make gcc:gcc git:git ip:iproute2 nft:nftables nsenter:util-linux; do command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}"); done
[ -e /usr/include/stdlib.h ] || missing+=(libc6-dev)
[ ${#missing[@]} = 0 ] && exit 0
apt-get update -q
DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
