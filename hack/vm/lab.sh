#!/usr/bin/env bash
# Runs a command, in the machine that hack/vm/run.sh emulates, with a lab that has
# been built outside. Its programs are the real machine's. Images are copied:
# nodes' files are hard links to theirs, and lie on an overlay file system
# themselves, which can't lie on another. The folder keeps its name, by which the
# lab knows that nothing has to be built.
# usage: hack/vm/lab.sh COMMAND [ARGUMENT ...]
set -euo pipefail
home=${AKSMESH_LAB_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/kubectl-aksmesh-lab}
mkdir -p /lab/built
mount --bind "$home" /lab/built
mount -t tmpfs -o size=60% lab "$home"
ln -s /lab/built/bin "$home/bin"
cp -a /lab/built/image-store* "$home"
exec "$@"
