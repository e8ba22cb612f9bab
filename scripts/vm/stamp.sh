#!/usr/bin/env bash
# What the virtual machine's disk was made of, as one line; build.sh keeps it, and a disk of another is made anew.
cd "$(dirname "$0")/../.." || exit 1
cat pyproject.toml installer/constraints.txt scripts/vm/{build.sh,guest_init,first_init,install_inside.sh} | sha256sum | cut -c1-20
