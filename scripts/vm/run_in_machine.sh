#!/usr/bin/env bash
# Run one of the programs in guest/ in the virtual machine, with the tree as it stands, and print its verdict.
#
#   scripts/vm/run_in_machine.sh JOB     (guest/JOB.py)
#
# The machine is built first where there is none. The last line is what the job wrote last; the exit status is the machine's.
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
cat >"$share/job.sh" <<JOB
cp -r /share/tree /tmp/tree
export PYTHONPATH=/opt/py:/tmp/tree:/tmp/tree/plugin
cd /tmp && python3 /tmp/tree/guest/$1.py >/share/verdict
JOB
status=0
setsid --wait "$here/boot.sh" "$machine" "$share" >&2 || status=$?
[ -s "$share/verdict" ] && tail -1 "$share/verdict"
exit "$status"
