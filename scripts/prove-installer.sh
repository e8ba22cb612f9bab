#!/bin/bash
# The whole sequence install, doctor, remove in a Debian of its own, as a person with sudo; then the lists of all files
# before and after are compared. As root, with debootstrap:
#
#   sudo scripts/prove-installer.sh bookworm      (Debian 12; also: trixie, Debian 13)
#
# The Debian is made once below .vm/ and is not part of this system. What programs of Debian write for themselves is not
# compared: caches, logs, apt's lists, the backups that dpkg and usermod keep of their own files. A kernel in which the
# module could be built and loaded is not in it; docs/virtual-camera.md has the proof with one.
set -euo pipefail

suite=${1:-bookworm}
here=$(cd "$(dirname "$0")/.." && pwd)
base=${BUILD:-$here/.vm/installer-$suite}
mirror=${MIRROR:-http://deb.debian.org/debian}
inside=/home/mia/streamv2v

if [ "${2:-}" != within ]; then
  if [ ! -e "$base/ready" ]; then
    mkdir -p "$base"
    debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates,kmod,udev,sudo,systemd \
      "$suite" "$base/root" "$mirror"
    touch "$base/ready"
  fi
  exec unshare -m "$0" "$suite" within
fi

root=$base/root
mount --make-rprivate /
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
cp /etc/resolv.conf "$root/etc/resolv.conf"
grep -q "^mia:" "$root/etc/passwd" || chroot "$root" useradd -m -s /bin/bash mia
echo "mia ALL=(ALL) NOPASSWD: ALL" >"$root/etc/sudoers.d/mia"

# the tree as it is here, and an OBS that was started once
rm -rf "$root$inside" && mkdir -p "$root$inside"
tar -C "$here" --exclude=./.venv --exclude=./.vm --exclude=./.git --exclude=__pycache__ -cf - . | tar -C "$root$inside" -xf -
obs=$root/home/mia/.config/obs-studio
mkdir -p "$obs/basic/scenes"
printf '[General]\nFirstRun=true\n\n[BasicWindow]\ngeometry=AdnQ\n' >"$obs/user.ini"
printf '{"name": "Untitled", "modules": {"scripts-tool": []}}' >"$obs/basic/scenes/Untitled.json"
chroot "$root" chown -R mia:mia /home/mia

# settings of pip and certificates of this machine, where it has any
vars=(HOME=/home/mia USER=mia PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1)
mkdir -p "$root/mnt/pip" "$root/mnt/links"
[ -n "${PIP_CERT:-}" ] && cp "$PIP_CERT" "$root/mnt/cert.pem" && vars+=(PIP_CERT=/mnt/cert.pem SSL_CERT_FILE=/mnt/cert.pem)
[ -n "${PIP_CONFIG:-}" ] && cp "$PIP_CONFIG" "$root/mnt/pip.conf" && vars+=(PIP_CONFIG_FILE=/mnt/pip.conf)
vars+=(PIP_CACHE_DIR=/mnt/pip)
if [ -d "${PIP_FIND_LINKS:-}" ]; then
  mount --bind "$PIP_FIND_LINKS" "$root/mnt/links"
  vars+=(PIP_FIND_LINKS=/mnt/links)
fi
chmod -R a+rX "$root/mnt" && chroot "$root" chown mia /mnt/pip

as_mia() { chroot --userspec=mia:mia "$root" env -i "${vars[@]}" "$@"; }
list() {
  (cd "$root" && find . -xdev \( -path ./proc -o -path ./dev -o -path ./sys -o -path ./mnt -o -path ./tmp \
    -o -path ./run -o -path ./var/cache -o -path ./var/log -o -path ./var/lib/apt -o -path ".$inside" \) -prune -o \
    -printf '%y %m %p\n' | grep -v -E ' \./(etc/(passwd|group|shadow|gshadow|subuid|subgid)-|etc/\.pwd\.lock|var/lib/dpkg/.*-old|var/backups/.*)$' | sort)
}

chroot "$root" apt-get update -q >/dev/null
list >"$base/before"
dry=$(as_mia python3 "$inside/installer" install --dry-run)
echo "$dry"
list >"$base/dry"
diff "$base/before" "$base/dry" && echo "OK: a dry run changes no file"
as_mia python3 "$inside/installer" install --yes
list >"$base/installed"
echo "changed: $(diff "$base/before" "$base/installed" | grep -c '^[<>]') files and folders"
as_mia /home/mia/.local/bin/streamv2v-cam doctor --quick || echo "doctor: exit code $?"
as_mia "$inside/.venv/bin/streamv2v-cam" run --sink null --no-open --for 20 --source presenter 2>&1 | tail -n 1
as_mia python3 "$inside/installer" install --dry-run | grep -c ": done" | sed 's/$/ pieces are done/'
as_mia python3 "$inside/installer" remove --yes --purge
list >"$base/after"
if diff "$base/before" "$base/after"; then
  echo "OK: $suite is as it was, $(wc -l <"$base/after") files and folders"
else
  echo "NOT as it was" && exit 1
fi
