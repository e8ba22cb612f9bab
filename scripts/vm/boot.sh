#!/usr/bin/env bash
# Boot the machine made by build.sh and run one job in it.
#
#   scripts/vm/boot.sh BUILD_FOLDER SHARED_FOLDER
#
# SHARED_FOLDER holds job.sh; the machine sees the folder as /share. The exit status is the job's, 125 when the
# machine gave none. The disk is opened with snapshot=on: each run starts from the same state.
# Environment: VM_MEMORY_MB (1024)  VM_TIMEOUT_S (420)
set -euo pipefail
build=$1
share=$(cd "$2" && pwd)
rm -f "$share/status"
# An emulated machine has no time to give away: where the kernel groups processes by session, this one goes first.
[ -w /proc/self/autogroup ] && [ "$(id -u)" = 0 ] && echo -15 >/proc/self/autogroup 2>/dev/null
set +e
timeout "${VM_TIMEOUT_S:-420}" qemu-system-x86_64 \
  -accel tcg,thread=multi -cpu max -M q35 -m "${VM_MEMORY_MB:-1024}" -smp 2 \
  -nodefaults -no-reboot -display none -serial stdio \
  -kernel "$build/vmlinuz" -initrd "$build/initrd.gz" \
  -append "console=ttyS0 quiet panic=-1 mitigations=off" \
  -drive "file=$build/root.img,format=raw,if=virtio,snapshot=on,cache=unsafe" \
  -virtfs "local,path=$share,mount_tag=share,security_model=none,multidevs=remap" \
  -device virtio-rng-pci </dev/null
ended=$?
set -e
[ -s "$share/status" ] || { echo "error: the machine gave no result (qemu ended with $ended)" >&2; exit 125; }
exit "$(cat "$share/status")"
