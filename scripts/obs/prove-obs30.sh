#!/usr/bin/env bash
# Run the tests of tests/plugin/obs against OBS 30 of Debian 13, in a chroot of its own. Unlike OBS 29 it tells of
# changed settings by events, and says "not ready" for a moment after its port is open.
#
#   sudo scripts/obs/prove-obs30.sh [PYTEST OPTIONS]
#
# Needs: root, debootstrap, Xvfb, and an environment with the tests (python3 installer test makes .venv).
# The chroot is built once in .obs30 (about 5 minutes, 1.2 GB); mounts are seen by this script's processes alone.
# Environment: MIRROR  Debian mirror, http://deb.debian.org/debian unless set
#              PYTHON  Python that runs the tests, .venv/bin/python unless set
#              FOLDER  where the chroot lies, .obs30 unless set
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../.." && pwd)
mirror=${MIRROR:-http://deb.debian.org/debian}
folder=${FOLDER:-$repository/.obs30}
root=$folder/root
python=${PYTHON:-$repository/.venv/bin/python}

[ "$(id -u)" = 0 ] || { echo "error: debootstrap and chroot need root; run this script with sudo" >&2; exit 2; }
for tool in debootstrap Xvfb unshare; do
  command -v "$tool" >/dev/null || [ -x "/usr/sbin/$tool" ] || { echo "error: $tool is missing; install its package" >&2; exit 2; }
done
[ -x "$python" ] || { echo "error: no $python; make it with: python3 installer test" >&2; exit 2; }

if [ ! -e "$root/.complete" ]; then
  rm -rf "$root" && mkdir -p "$root"
  debootstrap --variant=minbase \
    --include=obs-studio,obs-plugins,libgl1-mesa-dri,libegl1,fonts-dejavu-core trixie "$root" "$mirror" >"$folder/debootstrap.log" 2>&1 ||
    { tail -5 "$folder/debootstrap.log" >&2; echo "error: debootstrap failed; the log is $folder/debootstrap.log" >&2; exit 1; }
  rm -rf "$root"/var/cache/apt/archives/*.deb
  touch "$root/.complete"
fi

# The chroot sees the project and the folder of the tests where they are outside, so that paths mean the same.
export root repository python
export STREAMV2V_TEST_OBS="chroot $root obs"
exec unshare --mount bash -euc '
  for place in /proc /sys /dev /tmp "$repository"; do
    mkdir -p "$root$place"
    mount --rbind "$place" "$root$place"
  done
  cd "$repository"
  chroot "$root" obs --version
  exec "$python" -m pytest tests/plugin/obs "$@"' bash "$@"
