"""What the virtual machine gets of the project is enough for the programs that run in it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VM = ROOT / "scripts" / "vm"
PROGRAM = """
import pathlib, runpy, sys
guest = pathlib.Path(sys.argv[1]) / "guest"
sys.path.insert(0, str(guest))
for file in guest.glob("[a-z]*.py"):
    runpy.run_path(str(file), run_name="looked_at")
assert not {"torch", "diffusers", "transformers", "openvino"} & sys.modules.keys()
"""


def test_the_programs_in_the_machine_find_all_they_import_in_the_copied_tree(tmp_path: Path) -> None:
    subprocess.run([str(VM / "copy_tree.sh"), str(tmp_path / "tree")], check=True)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path / "tree"), str(tmp_path / "tree/plugin")])}
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "tree")]
    answer = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert not list(tmp_path.rglob("*.safetensors"))


def test_a_machine_of_other_needs_is_told_by_its_stamp(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "installer/constraints.txt", "scripts/vm"):
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-r", str(ROOT / name), str(target)], check=True)

    def stamp() -> str:
        return subprocess.run(
            [str(tmp_path / "scripts/vm/stamp.sh")], capture_output=True, text=True, check=True
        ).stdout

    before = stamp()
    assert len(before.strip()) == 20 and stamp() == before
    with (tmp_path / "installer/constraints.txt").open("a") as file:
        file.write("another==1.0\n")
    assert stamp() != before
