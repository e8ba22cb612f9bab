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
exec "$(dirname "$0")/run_in_machine.sh" job
