#!/usr/bin/env bash
# What the virtual machine gets of the project: copy_tree.sh FOLDER [whole] puts it into FOLDER.
#
# All of the code, compiled, since an emulated processor takes a minute to compile it; no weights, without `whole`: the
# machine has no engine to use them. `whole` also brings what the installer reads, and leaves the programs of scripts/vm away.
set -euo pipefail
repository=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
cd "$repository"
if [ "${2:-}" = whole ]; then
  tar --create --exclude=__pycache__ streamv2v plugin installer pyproject.toml README.md LICENSE CHANGELOG.md |
    tar --extract --directory "$folder"
else
  tar --create --exclude='*.safetensors' --exclude=__pycache__ streamv2v plugin installer | tar --extract --directory "$folder"
  cp -r --preserve=timestamps scripts/vm/guest "$folder/"
  python3 -m compileall -q "$folder" >/dev/null || true
fi
