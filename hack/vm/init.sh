#!/bin/busybox sh
# The first process of the machine that hack/vm/run.sh emulates: it makes a root file
# system out of the real machine's, on top of which it can write, and runs the
# command in it.
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
while read -r module; do insmod "/$module"; done </modules
mount -t virtiofs -o ro host /host
mount -t virtiofs out /out
mount -t tmpfs -o size=60% written /new
mkdir /new/top /new/work /new/root
mount -t overlay -o lowerdir=/host,upperdir=/new/top,workdir=/new/work root /new/root
cd /new/root || exit 1
modules=$(cat /modules-of)
mkdir -p "lib/modules/${modules##*/}" mnt/out
mount -o bind "/host$modules" "lib/modules/${modules##*/}"
mount -o bind /out mnt/out
for dir in proc:proc sys:sysfs dev:devtmpfs; do mount -t "${dir#*:}" "${dir#*:}" "${dir%:*}"; done
mkdir -p dev/pts dev/shm
mount -t devpts devpts dev/pts
for dir in dev/shm run; do mount -t tmpfs tmpfs "$dir"; done
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t bpf bpf sys/fs/bpf
hostname vm
ip link set lo up
# Not chroot: whoever enters a mount namespace gets its root, as Cilium does when it
# mounts control groups. And process 1 itself goes there: the kernel looks for
# modprobe where process 1 is.
exec switch_root /new/root /bin/bash -c '
  export PATH=/usr/sbin:/usr/bin:/sbin:/bin
  # A real machine has it from udev. Without, IPsec was seen here to leave all of a
  # packet but its beginning readable; both ends agreed on it, so nothing failed.
  modprobe aesni_intel
  bash /mnt/out/command
  echo $? >/mnt/out/code
  sync
  echo o >/proc/sysrq-trigger
  sleep infinity # until the power is off
'
