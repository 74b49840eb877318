#!/usr/bin/env bash
# Runs a command under Debian's kernel, in an emulated machine (QEMU without
# hardware's help, so some twenty times slower), as root: for what this machine's
# own kernel cannot do. The command sees this machine's files; what it writes is
# gone when it ends. There is no network but its own.
# usage: hack/vm/run.sh COMMAND [ARGUMENT ...]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ "$(uname -m)" = x86_64 ] || { echo "hack/vm/run.sh has been made for x86_64 only" >&2; exit 1; }

missing=()
for pair in qemu-system-x86_64:qemu-system-x86 busybox:busybox-static modprobe:kmod cpio:cpio; do
  PATH=$PATH:/usr/sbin:/sbin command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
done
if [ ${#missing[@]} != 0 ]; then
  apt-get update -q
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
fi
export PATH=$PATH:/usr/sbin:/sbin

# The kernel is unpacked and not installed: an installed one would change how
# this machine starts.
kernels=${XDG_CACHE_HOME:-$HOME/.cache}/kubectl-aksmesh-lab/kernels
[ -n "$(apt-cache depends linux-image-amd64 2>/dev/null)" ] || apt-get update -q # a new machine has no lists
package=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p')
release=${package#linux-image-}
if [ ! -e "$kernels/$package/complete" ]; then
  mkdir -p "$kernels/$package"
  (cd "$kernels" && apt-get download "$package" && dpkg-deb -x "$package"_*.deb "$package" && rm "$package"_*.deb)
  depmod -b "$kernels/$package" "$release"
  touch "$kernels/$package/complete"
fi

# The first file system is small: busybox, and the modules that the real one
# needs to be mounted.
work=$(mktemp -d)
servers=()
trap 'kill "${servers[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT
modules=$(for m in virtio_pci virtiofs overlay; do
  modprobe -d "$kernels/$package" -S "$release" --show-depends "$m"
done | awk '/^insmod/ && !had[$2]++ { print $2 }')
mkdir -p "$work"/{first/{bin,proc,sys,dev,host,out,new},out}
cp "$(command -v busybox)" "$work/first/bin/busybox"
cp "$here/init.sh" "$work/first/init"
chmod 755 "$work/first/init"
for module in $modules; do
  cp "$module" "$work/first/"
  basename "$module" >>"$work/first/modules"
done
echo "$kernels/$package/lib/modules/$release" >"$work/first/modules-of"
{
  export -p | grep -E '^declare -x (HOME|PATH|AKSMESH_[A-Z_]*|GO[A-Z]*)='
  printf 'cd %q\nexec' "$PWD"
  printf ' %q' "$@"
} >"$work/out/command"
(cd "$work/first" && find . | cpio --quiet -o -H newc | gzip -1) >"$work/first.gz"

# share serves a folder to the emulated machine: NAME FOLDER CACHE.
devices=()
share() {
  /usr/lib/qemu/virtiofsd --socket-path="$work/$1.socket" -o source="$2" -o cache="$3" -o sandbox=chroot >"$work/$1.log" 2>&1 &
  servers+=($!)
  devices+=(-chardev "socket,id=$1,path=$work/$1.socket" -device "vhost-user-fs-pci,chardev=$1,tag=$1")
  until [ -S "$work/$1.socket" ]; do
    kill -0 $! 2>/dev/null || { echo "cannot serve $2 to the emulated machine:" >&2; cat "$work/$1.log" >&2; exit 1; }
    sleep 0.1
  done
}
share host / always
share out "$work/out" none

# A processor that has what Go's cryptography uses, and no wider vectors, which
# are slower than none when they are emulated. Its clock counts as reliable: on a
# busy machine the kernel would take to one that costs far more to read. Defences
# against flaws that no emulated processor has make every system call slow, and Go's
# many sleeps of microseconds an interrupt each: both cost half of the time.
memory=${VM_MEMORY:-10G}
qemu-system-x86_64 -machine q35,memory-backend=memory -object "memory-backend-memfd,id=memory,size=$memory,share=on" \
  -accel tcg,thread=multi,tb-size=1024 -cpu Westmere -smp "$(nproc)" -m "$memory" \
  -nodefaults -display none -serial stdio -no-reboot \
  -kernel "$kernels/$package/boot/vmlinuz-$release" -initrd "$work/first.gz" -append "console=ttyS0 quiet panic=-1 tsc=reliable mitigations=off highres=off" \
  "${devices[@]}" </dev/null
[ -e "$work/out/code" ] || { echo "the emulated machine ended before the command did" >&2; exit 1; }
exit "$(cat "$work/out/code")"
