#!/usr/bin/env bash
# Prove in the virtual machine that who reads the virtual camera is seen, and that the webcam rests without a reader.
#
#   scripts/vm/prove-on-demand.sh
#
# In the machine of prove-virtual-camera.sh; a run takes about two minutes.
exec "$(dirname "$0")/run_in_machine.sh" readers_job
