#!/usr/bin/env bash
# Run one of the programs in guest/ in the virtual machine, with the tree as it stands, and print its verdict.
#
#   scripts/vm/run_in_machine.sh JOB     (guest/JOB.py)
#
# The machine is built first where there is none, and again where what the program needs has changed. The last line is what
# the job wrote last; the exit status is the machine's. VM_LOGS names a folder that gets the program's own logs.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../.." && pwd)
machine=${VM_FOLDER:-$repository/.vm}
command -v qemu-system-x86_64 >/dev/null ||
  { echo "error: qemu is missing; install with: apt-get install --no-install-recommends qemu-system-x86" >&2; exit 2; }
[ "$(cat "$machine/stamp" 2>/dev/null)" = "$("$here/stamp.sh")" ] || "$here/build.sh" "$machine"

share=$(mktemp -d)
trap 'rm -rf "$share"' EXIT
"$here/copy_tree.sh" "$share/tree"
cat >"$share/job.sh" <<JOB
cd /opt/streamv2v-cam && rm -rf streamv2v plugin installer && cp -a /share/tree/. .
export PYTHONPATH=/opt/streamv2v-cam OPENCV_LOG_LEVEL=FATAL
cd /tmp && /opt/streamv2v-cam/.venv/bin/python /opt/streamv2v-cam/guest/$1.py >/share/verdict
JOB
status=0
setsid --wait "$here/boot.sh" "$machine" "$share" >&2 || status=$?
[ -z "${VM_LOGS:-}" ] || { mkdir -p "$VM_LOGS" && cp "$share"/*.log "$share/verdict" "$VM_LOGS/" 2>/dev/null || true; }
[ -s "$share/verdict" ] && tail -1 "$share/verdict"
exit "$status"
