"""update and repair: the newest commit, and an environment that is whole again; the machine is left alone here."""

from __future__ import annotations

import io
import os
import subprocess
from pathlib import Path

import pytest

from installer import installation
from installer.console import Console
from installer.environment import Environment
from installer.errors import InstallError
from installer.machine import work
from installer.machine.actions import File, Run
from installer.machine.steps import left_out, step
from installer.steps import prepare


def quiet() -> Console:
    return Console(io.StringIO())


def git(folder: Path, *words: str) -> None:
    person = {
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
    }
    command = ["git", "-C", str(folder), "-c", "init.defaultBranch=main", *words]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, **person})


@pytest.fixture
def checkout(tmp_path: Path) -> tuple[Path, Path]:
    """A project and a clone of it."""
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    origin.mkdir()
    git(origin, "init", "--quiet")
    (origin / "a").write_text("1")
    git(origin, "add", "a")
    git(origin, "commit", "-qm", "one")
    git(tmp_path, "clone", "-q", str(origin), str(clone))
    return origin, clone


def test_update_takes_the_newest_commit(checkout: tuple[Path, Path]) -> None:
    origin, clone = checkout
    (origin / "a").write_text("2")
    git(origin, "commit", "-qam", "two")
    installation._pull(clone, quiet())
    assert (clone / "a").read_text() == "2"


def test_update_of_a_checkout_with_commits_of_its_own_changes_nothing_and_says_so(checkout: tuple[Path, Path]) -> None:
    origin, clone = checkout
    for folder, text in ((origin, "2"), (clone, "3")):
        (folder / "a").write_text(text)
        git(folder, "commit", "-qam", text)
    with pytest.raises(InstallError, match="Nothing was changed"):
        installation._pull(clone, quiet())
    assert (clone / "a").read_text() == "3"


def test_update_of_an_unpacked_folder_says_how_it_is_updated(tmp_path: Path) -> None:
    said = io.StringIO()
    installation._pull(tmp_path, Console(said))
    assert "unpack a newer version" in said.getvalue()


@pytest.mark.slow
def test_repair_makes_an_environment_whole_whose_record_says_that_it_is(
    project: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "STEPS", {})
    environment = prepare(project, tests=False, console=quiet())
    torch = next(environment.folder.rglob("torch.py"))
    torch.unlink()
    assert prepare(project, tests=False, console=quiet()) and not torch.exists()
    assert installation.do_verb("repair", project, quiet(), frozenset()) == 0
    asked = [str(Environment(project).python), "-c", "import torch; print(torch.__version__)"]
    assert subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip() == "2.13.0+cpu"


PROGRAM = """\
#!/bin/sh
echo "$@" >>"{calls}"
echo "{key}"
"""


@pytest.mark.skipif(os.name == "nt", reason="the program is a shell script")
def test_a_piece_that_failed_is_told_after_the_rest_and_after_the_doctor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment, said = Environment(tmp_path / "project"), io.StringIO()
    environment.python.parent.mkdir(parents=True)
    calls, after = tmp_path / "calls", tmp_path / "after"
    environment.python.write_text(PROGRAM.format(calls=calls, key=tmp_path / "key"))
    environment.python.chmod(0o755)
    steps = [
        step("one", "a piece that fails", [Run(["false"])]),
        step("two", "the piece after it", [File(str(after), "x\n")]),
        left_out("three", "a third", "it is raining."),
    ]
    monkeypatch.setattr(work, "STEPS", dict.fromkeys(work.STEPS, lambda host, wishes: iter(steps)))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with pytest.raises(InstallError, match="a piece that fails: false failed"):
        installation._install(environment, Console(said), frozenset())
    assert after.read_text() == "x\n" and "left out: a third: it is raining." in said.getvalue()
    assert "Not all of it is set up" in said.getvalue()
    assert calls.read_text().splitlines()[-1] == "-m streamv2v_cam doctor --quick"
