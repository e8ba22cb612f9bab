"""What the virtual machine gets of the project is enough for the programs that run in it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import runpy, sys
before = set(sys.modules)
for name in ("host", "stand_in_engine", "doctor_job"):
    runpy.run_path(f"{sys.argv[1]}/guest/{name}.py", run_name="looked_at")
assert not {"torch", "diffusers", "transformers"} & sys.modules.keys()
from importlib.metadata import packages_distributions
made_by = packages_distributions()
print(*sorted({made_by[name][0].lower().replace("_", "-") for name in sys.modules.keys() - before if name in made_by}))
"""


def test_the_programs_in_the_machine_find_all_they_import_in_the_copied_tree_and_its_packages(tmp_path: Path) -> None:
    subprocess.run([str(ROOT / "scripts" / "vm" / "copy_tree.sh"), str(tmp_path)], check=True)
    tree = tmp_path / "tree"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tree), str(tree / "plugin")])}
    command = [sys.executable, "-c", PROGRAM, str(tree)]
    answer = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    listed = (ROOT / "scripts" / "vm" / "packages.txt").read_text("utf-8").splitlines()
    assert set(answer.stdout.split()) <= {line for line in listed if not line.startswith("#")}
    assert not list(tree.rglob("*.safetensors"))
