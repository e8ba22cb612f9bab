"""The command line of the installer, in processes of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def call(root: Path, *arguments: str, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, str(root / "installer"), *arguments], capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def whole_project(project: Path, wheels: Path) -> Path:
    """The small project with the real installer in it."""
    shutil.copytree(
        ROOT / "installer",
        project / "installer",
        ignore=shutil.ignore_patterns("constraints.txt", "__pycache__"),
        dirs_exist_ok=True,
    )
    return project


@pytest.mark.slow
def test_run_sets_up_and_becomes_the_program_and_remove_takes_it_away(whole_project: Path) -> None:
    first = call(whole_project, "run", "--", "--for", "20", "--json")
    assert (first.returncode, first.stdout) == (0, "program run --for 20 --json\n"), first.stderr
    second = call(whole_project, "run")
    assert (second.stdout, second.stderr) == ("program run\n", "")
    assert call(whole_project, "remove").returncode == 0
    assert not (whole_project / ".venv").exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("walk",), "error: 'walk' is no verb of the installer; there are: run, test, install, update, repair, remove"),
        (("run", "--for", "20"), "go after --, as in: installer run -- --for 20"),
    ],
)
def test_nonsense_gets_one_line_and_exit_code_2(arguments: tuple[str, ...], expected: str) -> None:
    answer = call(ROOT, *arguments)
    assert answer.returncode == 2
    assert answer.stderr.count("\n") == 1
    assert expected in answer.stderr


def test_a_dry_run_of_the_whole_installation_changes_nothing(whole_project: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    icon = whole_project / "plugin/streamv2v_cam/control/page/icon.svg"
    icon.parent.mkdir(parents=True, exist_ok=True)
    icon.write_text("<svg/>\n")
    before = sorted(path for path in tmp_path.rglob("*") if "__pycache__" not in path.parts)
    asked = [sys.executable, str(whole_project / "installer"), "install", "--dry-run"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    answer = subprocess.run(
        asked, capture_output=True, text=True, timeout=120, check=False, env={**environment, "HOME": str(home)}
    )
    assert answer.returncode == 0, answer.stderr
    assert "Python environment in .venv: to do" in answer.stdout and "the command streamv2v-cam" in answer.stdout
    assert sorted(path for path in tmp_path.rglob("*") if "__pycache__" not in path.parts) == before


def test_the_installer_under_sudo_is_refused() -> None:
    answer = subprocess.run(
        [sys.executable, str(ROOT / "installer"), "install", "--dry-run"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SUDO_USER": "mia"},
    )
    refused = hasattr(os, "geteuid") and os.geteuid() == 0
    assert (answer.returncode == 2 and "without sudo" in answer.stderr) == refused


def test_no_verb_shows_the_usage(whole_project: Path) -> None:
    answer = call(whole_project)
    assert (answer.returncode, answer.stdout[:6]) == (2, "usage:")
    assert call(whole_project, "--help").returncode == 0


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for an old Python is a shell script")
def test_a_python_without_venv_is_told_what_to_install(whole_project: Path, tmp_path: Path) -> None:
    # A Python as Debian ships it: its standard library has no ensurepip, so no environment can be made.
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    packages = next((bare / "lib").glob("python*/site-packages"))
    script = (
        "import sys\n"
        "class Missing:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'ensurepip':\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Missing())\n"
    )
    # not sitecustomize: Debian's own Python has one of its own, which comes first
    (packages / "no_ensurepip.py").write_text(script)
    (packages / "no_ensurepip.pth").write_text("import no_ensurepip\n")
    answer = subprocess.run(
        [str(bare / "bin" / "python"), str(whole_project / "installer"), "run"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PATH": str(packages)},
    )
    assert answer.returncode == 2
    assert "without ensurepip" in answer.stderr
    assert "install" in answer.stderr.lower()
