"""The set-up, on a small real project with real environments and a real pip that may only look into a folder."""

from __future__ import annotations

import io
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from installer.console import Console
from installer.environment import Environment, Turn
from installer.errors import FolderError, InstallError
from installer.steps import _steps as installer_steps
from installer.steps import prepare

ROOT = Path(__file__).resolve().parents[2]
ODD_NAME = "mein Gerät 写真 100% 'neu' $HOME" + ("" if os.name == "nt" else ' "b"')


def set_up(root: Path, *, tests: bool = False) -> tuple[Environment, str]:
    """The environment, and what was said while it was made."""
    said = io.StringIO()
    return prepare(root, tests=tests, console=Console(said)), said.getvalue()


def ask(environment: Environment, question: str) -> str:
    command = [str(environment.python), "-c", question]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.slow
def test_a_set_up_is_made_whole_once_repaired_when_its_ingredients_change_and_kept_otherwise(
    project: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What pip is told on this machine for other purposes leads nowhere.
    elsewhere = wheels.parent / "elsewhere"
    (wheels.parent / "pip.conf").write_text(f"[install]\ntarget = {elsewhere}\n")
    for name, value in (("CONFIG_FILE", str(wheels.parent / "pip.conf")), ("PREFIX", str(elsewhere)), ("DRY_RUN", "1")):
        monkeypatch.setenv(f"PIP_{name}", value)
    # Nor does another environment that is switched on; and a folder may be called what people call folders.
    for name in ("CONDA_PREFIX", "VIRTUAL_ENV", "MAMBA_ROOT_PREFIX"):
        monkeypatch.setenv(name, str(elsewhere))
    monkeypatch.setenv("CONDA_DEFAULT_ENV", "base")
    project = project.rename(project.with_name(ODD_NAME))
    # What a set-up leaves that was stopped while Python made the environment: a Python without pip.
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(project / ".venv")], check=True)
    assert not Environment(project).works()
    environment, said = set_up(project)
    assert environment.works() and not elsewhere.exists()
    assert [line[:5] for line in said.splitlines() if line[0] == "["] == ["[1/4]", "[2/4]", "[3/4]", "[4/4]"]
    assert ask(environment, "import streamv2v_cam, torch; print(torch.__version__)") == "2.13.0+cpu"

    assert set_up(project)[1] == ""

    with (project / "pyproject.toml").open("a") as file:
        file.write('description = "changed"\n')
    _, said = set_up(project)
    assert [line.split("] ")[1] for line in said.splitlines() if line[0] == "["] == [
        "the program and its libraries",
        "does it start?",
    ]

    _, said = set_up(project, tests=True)
    assert [line[:5] for line in said.splitlines() if line[0] == "["] == ["[5/6]", "[6/6]"]
    assert ask(environment, "import testtool; print('there')") == "there"
    assert set_up(project)[1] == ""


@pytest.mark.slow
def test_a_set_up_that_failed_says_why_goes_on_where_it_was_and_asks_one_place_after_the_other(
    project: Path, wheels: Path
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.delenv("PIP_NO_INDEX")
        patched.delenv("PIP_FIND_LINKS")
        patched.setenv("PIP_RETRIES", "1")
        # Nothing listens on port 9 of this machine; whoever is asked for torch is refused there.
        patched.setenv("PIP_INDEX_URL", "http://secret:word@127.0.0.1:9/simple")
        patched.setenv("PIP_PROXY", "http://127.0.0.1:9")
        with pytest.raises(InstallError) as raised:
            set_up(project)
    assert "127.0.0.1" in str(raised.value)
    assert "proxy" in str(raised.value)
    assert "secret" not in str(raised.value)

    (wheels / "torch-2.13.0+cpu-py3-none-any.whl").unlink()
    plain = wheels / "torch-2.13.0-py3-none-any.whl"
    away = plain.rename(wheels.parent / plain.name)
    with pytest.raises(InstallError, match=r"torch 2\.13\.0"):
        set_up(project)
    away.rename(plain)
    environment, said = set_up(project)
    assert [line[:5] for line in said.splitlines() if line[0] == "["] == ["[2/4]", "[3/4]", "[4/4]"]
    assert ask(environment, "import torch; print(torch.__version__)") == "2.13.0"
    if sys.platform == "linux" and platform.machine() == "x86_64":
        assert "not there: CPU build from PyTorch" in said


def test_a_folder_that_is_no_environment_is_left_alone(project: Path, wheels: Path) -> None:
    keep = project / ".venv" / "diary.txt"
    keep.parent.mkdir()
    keep.write_text("mine")
    with pytest.raises(FolderError, match="something else"):
        set_up(project)
    with pytest.raises(FolderError, match="something else"):
        Environment(project).remove()
    assert keep.read_text() == "mine"


def test_two_set_ups_of_one_folder_do_not_work_at_once(project: Path, wheels: Path) -> None:
    with Turn(project), pytest.raises(InstallError, match="Another set-up"):
        set_up(project)


@pytest.mark.skipif(os.name == "nt", reason="the name of a folder cannot hold the separator there")
def test_a_folder_with_the_separator_of_path_in_its_name_is_one_line(project: Path, wheels: Path) -> None:
    with pytest.raises(FolderError, match=r"a ':' in its name.*Rename or move"):
        set_up(project.rename(project.with_name("my: project")))


WITHOUT_RIGHTS = ("dac_override", "dac_read_search", "fowner", "chown")
"""What makes root pass over the permissions of a file."""


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv takes root's rights away, and is not here")
def test_files_that_cannot_be_written_to_are_named_with_what_to_do(project: Path, wheels: Path) -> None:
    environment = Environment(project)
    environment.folder.mkdir()
    environment.log.touch(mode=0o444)
    shutil.copytree(ROOT / "installer", project / "installer", dirs_exist_ok=True)
    few = ",".join(f"-{right}" for right in WITHOUT_RIGHTS)
    command = ["setpriv", f"--inh-caps={few}", *([f"--bounding-set={few}"] if os.geteuid() == 0 else [])]
    answer = subprocess.run(
        [*command, sys.executable, str(project / "installer"), "run"], capture_output=True, text=True, timeout=120
    )
    assert answer.returncode == 2 and answer.stderr.count("\n") == 1, answer.stderr
    assert f"{environment.log} cannot be written to. Give yourself the right" in answer.stderr


def test_ray_serve_is_installed_for_who_asks_for_the_tests_of_the_fleet_alone() -> None:
    def names(**wanted: bool) -> list[str]:
        return [step.name for step in installer_steps(Environment(ROOT), Console(io.StringIO()), tests=True, **wanted)]

    assert "fleet" not in names()
    assert names(fleet=True)[:-1] == names() and names(fleet=True)[-1] == "fleet"
