#!/usr/bin/env bash
# Prove the program's cameras against real V4L2 drivers, in a virtual machine, with one command.
#
#   scripts/vm/prove-virtual-camera.sh
#
# In the machine, vivid is webcam and capture card, v4l2loopback the virtual camera. `streamv2v-cam run`, as `installer`
# installed it there, comes on air with a numpy stand-in for the engine; OpenCV and v4l2-ctl, in processes of their own,
# read the virtual camera and look for the engine's sign in each picture; then cameras are broken in every way the drivers
# have, change their format in mid-run, and give 60 pictures a second at a second start, which some versions of v4l2loopback
# refuse. docs/virtual-camera.md has the tables. The last line is the verdict as JSON; the exit status is 0 when it holds.
#
# The machine is built once, into .vm/ (see build.sh: needs root, 5 minutes); a run takes eight minutes. The machine is
# emulated, so two cores with little else to do are needed: a rate below 28.5 pictures a second is read again, up to
# three times, all of which is told; below it in each of them the verdict is no.
# Needs qemu: apt-get install --no-install-recommends qemu-system-x86
export VM_TIMEOUT_S=${VM_TIMEOUT_S:-660}
exec "$(dirname "$0")/run_in_machine.sh" job
