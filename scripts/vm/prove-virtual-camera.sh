#!/usr/bin/env bash
# Prove the virtual camera against real V4L2 drivers, in a virtual machine, with one command.
#
#   scripts/vm/prove-virtual-camera.sh
#
# In the machine, vivid is the webcam and v4l2loopback the virtual camera. Our host process runs with a numpy
# stand-in for the engine; OpenCV and v4l2-ctl, in processes of their own, read the virtual camera; then all of
# it once more, because a second start is what some versions of v4l2loopback refuse.
# The last line is the verdict as JSON; the exit status is 0 when it holds.
#
# The machine is built once, into .vm/ (see build.sh: needs root, 3 minutes); a run takes about a minute. The machine
# is emulated, so two cores with little else to do are needed: below 28.5 pictures a second the verdict is no.
# Needs qemu: apt-get install --no-install-recommends qemu-system-x86
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../.." && pwd)
machine=${VM_FOLDER:-$repository/.vm}
command -v qemu-system-x86_64 >/dev/null ||
  { echo "error: qemu is missing; install with: apt-get install --no-install-recommends qemu-system-x86" >&2; exit 2; }
[ -e "$machine/root.img" ] || "$here/build.sh" "$machine"

share=$(mktemp -d)
trap 'rm -rf "$share"' EXIT
"$here/copy_tree.sh" "$share"
cat >"$share/job.sh" <<'JOB'
cp -r /share/tree /tmp/tree
export PYTHONPATH=/opt/py:/tmp/tree:/tmp/tree/plugin
cd /tmp && python3 /tmp/tree/guest/job.py >/share/verdict
JOB
status=0
setsid --wait "$here/boot.sh" "$machine" "$share" >&2 || status=$?
[ -s "$share/verdict" ] && tail -1 "$share/verdict"
exit "$status"
