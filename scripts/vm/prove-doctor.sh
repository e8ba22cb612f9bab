#!/usr/bin/env bash
# The doctor and the installer's machine steps against real V4L2 drivers, in the virtual machine of prove-virtual-camera.sh.
#
#   scripts/vm/prove-doctor.sh
#
# The installer loads v4l2loopback with its own options file; the doctor looks at real nodes, a webcam (vivid) that is fine,
# busy and gone, and a virtual camera that another program writes; then everything is taken back.
# The last line is the verdict as JSON; the exit status is 0 when it holds. About two minutes.
exec "$(dirname "$0")/run_in_machine.sh" doctor_job
