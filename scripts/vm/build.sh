#!/usr/bin/env bash
# Build the test machine once: Debian's own kernel with its V4L2 test camera (vivid), v4l2loopback compiled for
# it, and a small Debian root in which `python3 installer run` has made the program's environment. Nothing is installed
# on the host by this script, and no boot loader, partition or module of the host is touched.
#
#   scripts/vm/build.sh [FOLDER]        default .vm, about 5 minutes, 4 GB; again after a change of what the program
#                                       needs, for which it takes a minute
#
# What only the engine process imports, PyTorch and OpenVINO, is installed as well and then left out of the disk: an
# emulated processor takes seconds for a frame, so that a stand-in runs there.
#
# Needs: root (debootstrap), Debian 12 or a relative, and the packages named in `tools` below.
# Environment: MIRROR            Debian mirror, http://deb.debian.org/debian unless set
#              LOOPBACK_RELEASE  release whose v4l2loopback is compiled: trixie (0.15) unless set.
#                                bookworm has 0.12.7, which lets a program open the camera only once.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../.." && pwd)
mirror=${MIRROR:-http://deb.debian.org/debian}
loopback_release=${LOOPBACK_RELEASE:-trixie}
program=opt/streamv2v-cam
mkdir -p "${1:-$repository/.vm}"
build=$(cd "${1:-$repository/.vm}" && pwd)
cd "$build"

say() { printf '[%4ds] %s\n' "$SECONDS" "$*" >&2; }

declare -A tools=([debootstrap]=debootstrap [mke2fs]=e2fsprogs [cpio]=cpio [busybox]=busybox-static [make]=make
                  [gcc-12]=gcc-12 [depmod]=kmod [apt-get]=apt [python3]=python3)
missing=()
for tool in "${!tools[@]}"; do
  command -v "$tool" >/dev/null || [ -x "/usr/sbin/$tool" ] || missing+=("${tools[$tool]}")
done
if [ ${#missing[@]} -gt 0 ]; then
  echo "error: missing on this machine: ${missing[*]}; install with: apt-get install --no-install-recommends ${missing[*]}" >&2
  exit 2
fi
[ "$(id -u)" = 0 ] || { echo "error: debootstrap needs root; run this script with sudo" >&2; exit 2; }

stamp=$("$here/stamp.sh")
make_kernel() {
  say "package lists of Debian 12 and $loopback_release (kept apart from the host's own)"
  mkdir -p apt/lists/partial apt/archives/partial
  keys=/usr/share/keyrings/debian-archive-keyring.gpg
  printf 'deb [signed-by=%s] %s %s main\n' "$keys" "$mirror" bookworm "$keys" "$mirror" "$loopback_release" | sort -u >apt/sources.list
  apt_own() {
    apt-get -qq -o Dir::Etc::sourcelist="$build/apt/sources.list" -o Dir::Etc::sourceparts=- -o Dir::Etc::preferencesparts=- \
      -o Dir::State::lists="$build/apt/lists" -o Dir::Cache="$build/apt" -o APT::Sandbox::User=root \
      -o APT::Architecture=amd64 -o Acquire::Languages=none "$@"
  }
  cache_own() {
    apt-cache -o Dir::Etc::sourcelist="$build/apt/sources.list" -o Dir::Etc::sourceparts=- \
      -o Dir::State::lists="$build/apt/lists" -o Dir::Cache="$build/apt" "$@"
  }
  apt_own update

  # The kernel is bookworm's (6.1): its Python is 3.11, the oldest that this program supports.
  abi=$(cache_own search --names-only '^linux-image-6\.1\.0-[0-9]+-amd64$' | awk '{print $1}' | sort -V | tail -1)
  version=${abi#linux-image-}
  headers=linux-headers-$version
  say "kernel $version, its headers, and the source of v4l2loopback: download and unpack only"
  rm -rf debs kernel && mkdir -p debs kernel
  # shellcheck disable=SC2046  # the dependencies are a list of words
  (cd debs && apt_own download "$abi" "$headers" v4l2loopback-dkms/"$loopback_release" \
    $(cache_own depends "$headers" | awk '/Depends:/ && !/[<|]/ {print $2}'))
  for deb in debs/*.deb; do dpkg-deb -x "$deb" kernel; done
  cp "kernel/boot/vmlinuz-$version" vmlinuz

  say "v4l2loopback.ko"
  sed -i "s#/usr/src/${headers%-amd64}-common#$build/kernel/usr/src/${headers%-amd64}-common#" "kernel/usr/src/$headers/Makefile"
  rm -rf loopback && cp -r kernel/usr/src/v4l2loopback-* loopback
  make -s -C "$build/kernel/usr/src/$headers" M="$build/loopback" CC=gcc-12 modules >build.log 2>&1 ||
    { tail -20 build.log >&2; echo "error: v4l2loopback did not compile; the log is $build/build.log" >&2; exit 1; }

  say "kernel modules"
  modules=root/lib/modules/$version
  rm -rf "$modules" && mkdir -p "$modules/extra"
  for part in drivers/media/{v4l2-core,common,mc,test-drivers,cec,rc} drivers/virtio drivers/block/virtio_blk.ko \
              drivers/char/hw_random fs/{ext4,jbd2,mbcache.ko,9p,netfs,fscache} net/9p lib crypto arch/x86/crypto; do
    [ -e "kernel/lib/modules/$version/kernel/$part" ] || continue
    mkdir -p "$modules/kernel/$(dirname "$part")"
    cp -a "kernel/lib/modules/$version/kernel/$part" "$modules/kernel/$(dirname "$part")/"
  done
  cp "kernel/lib/modules/$version/"modules.{order,builtin,builtin.modinfo} "$modules/"
  strip -g -o "$modules/extra/v4l2loopback.ko" loopback/v4l2loopback.ko
  chroot root depmod -a "$version"

  say "first root: busybox and the modules of the disk"
  rm -rf first && mkdir -p first/{bin,proc,sys,dev,disk,modules}
  cp "$(command -v busybox)" first/bin/busybox
  install -m755 "$here/first_init" first/init
  : >first/modules/order
  for module in virtio_pci virtio_blk crc32c_generic ext4; do
    chroot root modprobe -S "$version" --show-depends "$module" | awk '/^insmod/ {print $2}' | while read -r path; do
      name=$(basename "$path")
      grep -qx "$name" first/modules/order || { cp "root$path" first/modules/; echo "$name" >>first/modules/order; }
    done
  done
  (cd first && find . | cpio -o -H newc --quiet | gzip -1) >initrd.gz
}

say "Debian root"
packages=python3,python3-venv,ca-certificates,v4l-utils,kmod,procps,psmisc
if [ "$(cat root/.complete 2>/dev/null)" != "$packages" ]; then
  rm -rf root kernel-version
  debootstrap --variant=minbase --include="$packages" bookworm root "$mirror" >debootstrap.log 2>&1 ||
    { tail -5 debootstrap.log >&2; echo "error: debootstrap failed; the log is $build/debootstrap.log" >&2; exit 1; }
  rm -rf root/var/cache/apt/archives/*.deb root/var/lib/apt/lists/* root/usr/share/{doc,man,locale}
  echo "$packages" >root/.complete
fi
kernel_of="$loopback_release $(sha256sum <"$here/first_init" | cut -c1-20)"
if [ "$(cat kernel-version 2>/dev/null)" != "$kernel_of" ]; then
  make_kernel
  echo "$kernel_of" >kernel-version
fi
install -m755 "$here/guest_init" root/guest_init

say "the program, by its own installer"
mkdir -p "root/$program"
rm -rf "root/$program"/{streamv2v,plugin,installer}
"$here/copy_tree.sh" "root/$program" whole
unshare -m "$here/install_inside.sh" "$build/root" "/$program" >installer.log 2>&1 ||
  { tail -20 installer.log >&2; echo "error: the installer failed; the log is $build/installer.log" >&2; exit 1; }

say "disk image"
rm -f root.img root.img.part stamp
packages_folder=root/$program/.venv/lib/python3.11/site-packages
engine_alone=(torch torchgen functorch openvino transformers diffusers peft accelerate sympy networkx)
rm -rf left-out && mkdir left-out
put_back() { for name in left-out/*; do [ ! -e "$name" ] || mv "$name" "$packages_folder/"; done; }
trap put_back EXIT
for name in "${engine_alone[@]}"; do [ ! -e "$packages_folder/$name" ] || mv "$packages_folder/$name" left-out/; done
truncate -s "$(($(du -sm root | cut -f1) * 13 / 10 + 200))M" root.img.part
mke2fs -q -t ext4 -O ^has_journal -d root root.img.part
mv root.img.part root.img
echo "$stamp" >stamp
rm -rf debs kernel loopback first apt
say "done: $build (root.img $(du -m root.img | cut -f1) MB on disk)"
