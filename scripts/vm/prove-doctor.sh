#!/usr/bin/env bash
# The doctor and the installer's machine steps against real V4L2 drivers, in the virtual machine of prove-virtual-camera.sh.
#
#   scripts/vm/prove-doctor.sh
#
# The installer loads v4l2loopback with its own options file; the doctor looks at real nodes, a webcam (vivid) that is fine,
# busy and gone, and a virtual camera that another program writes; then everything is taken back.
# The last line is the verdict as JSON; the exit status is 0 when it holds. About two minutes.
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
cd /tmp && python3 /tmp/tree/guest/doctor_job.py >/share/verdict
JOB
status=0
setsid --wait "$here/boot.sh" "$machine" "$share" >&2 || status=$?
[ -s "$share/verdict" ] && tail -1 "$share/verdict"
exit "$status"
