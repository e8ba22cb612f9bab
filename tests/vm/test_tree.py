"""What the virtual machine gets of the project is enough for the programs that run in it."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import runpy, sys
for name in ("host", "stand_in_engine", "doctor_job", "readers_job"):
    runpy.run_path(f"{sys.argv[1]}/guest/{name}.py", run_name="looked_at")
assert not {"torch", "diffusers", "transformers"} & sys.modules.keys()
files = {str(getattr(module, "__file__", None) or "") for module in list(sys.modules.values())}
print(*sorted(file for file in files if file.startswith(sys.argv[1])), sep="\\n")
"""
NOT_REACHED = {"PIL", "av", "cv2_enumerate_cameras", "huggingface_hub", "tqdm"}
"""Imported inside functions: for animated pictures, clips and addresses, cameras elsewhere than on Linux, the hub."""


def strangers(path: Path) -> set[str]:
    """Packages of others that a file imports, at its top or later."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.partition(".")[0])
    return found - sys.stdlib_module_names - {"streamv2v", "streamv2v_cam", "installer"}


def test_the_programs_in_the_machine_find_all_they_import_in_the_copied_tree_and_its_packages(tmp_path: Path) -> None:
    subprocess.run([str(ROOT / "scripts" / "vm" / "copy_tree.sh"), str(tmp_path)], check=True)
    tree = tmp_path / "tree"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tree), str(tree / "plugin")])}
    command = [sys.executable, "-c", PROGRAM, str(tree)]
    answer = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    guests = {path.stem for path in (tree / "guest").glob("*.py")}
    wanted = set().union(*(strangers(Path(file)) for file in answer.stdout.splitlines())) - guests
    made_by = {name: {one.lower() for one in made} for name, made in packages_distributions().items()}
    listed = set((ROOT / "scripts" / "vm" / "packages.txt").read_text("utf-8").split())
    assert not {name for name in wanted - NOT_REACHED if not made_by.get(name, {name}) & listed}
    assert not list(tree.rglob("*.safetensors"))
