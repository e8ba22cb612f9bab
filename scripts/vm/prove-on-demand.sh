#!/usr/bin/env bash
# Prove in the virtual machine that v4l2loopback tells who reads the virtual camera: what the mode on demand rests on.
#
#   scripts/vm/prove-on-demand.sh
#
# In the machine of prove-virtual-camera.sh; a run takes about a minute.
exec "$(dirname "$0")/run_in_machine.sh" readers_job
