#!/usr/bin/env bash
# Inside a mount namespace of its own: run the program's installer in a Debian root, as a person would call it.
#
#   unshare -m scripts/vm/install_inside.sh ROOT FOLDER_OF_THE_PROGRAM
#
# This machine's name servers, certificates and settings of pip are lent to it.
set -euo pipefail
root=$1 inside=$2
mount --make-rprivate /
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
cp /etc/resolv.conf "$root/etc/resolv.conf"
lent=$root/run/lent
mkdir -p "$lent/links"
vars=(HOME=/root PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin LANG=C.UTF-8 PIP_CACHE_DIR=/run/lent/cache)
[ -n "${PIP_CERT:-}" ] && cp "$PIP_CERT" "$lent/cert.pem" && vars+=(PIP_CERT=/run/lent/cert.pem SSL_CERT_FILE=/run/lent/cert.pem)
[ -n "${PIP_CONFIG_FILE:-}" ] && cp "$PIP_CONFIG_FILE" "$lent/pip.conf" && vars+=(PIP_CONFIG_FILE=/run/lent/pip.conf)
if [ -d "${PIP_FIND_LINKS:-}" ]; then
  mount --bind "$PIP_FIND_LINKS" "$lent/links"
  vars+=(PIP_FIND_LINKS=/run/lent/links)
fi
status=0
chroot "$root" env -i "${vars[@]}" python3 "$inside/installer" run --verbose -- --help || status=$?
umount "$lent/links" 2>/dev/null || true
rm -rf "$lent/cert.pem" "$lent/pip.conf" "$lent/cache"
exit "$status"
