#!/usr/bin/env bash
# What the virtual machine gets of the project: copy_tree.sh FOLDER makes FOLDER/tree.
#
# All of the library's code, but no torch to run it with and no weights: the host must not ask for them.
set -euo pipefail
repository=$(cd "$(dirname "$0")/../.." && pwd)
tree=$1/tree
mkdir -p "$tree"
cd "$repository"
tar --create --exclude='*.safetensors' --exclude=__pycache__ streamv2v plugin installer | tar --extract --directory "$tree"
cp -r scripts/vm/guest "$tree/"
