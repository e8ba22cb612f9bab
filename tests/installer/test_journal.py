"""The journal of an installation: one that a hand or a disk has damaged takes nothing back wrongly."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from installer.errors import InstallError
from installer.machine import work
from installer.machine.journal import Journal
from tests.installer.fake_host import BOOKWORM, WISHES, FakeHost, install, remove, tree

ROOT = Path(__file__).resolve().parents[2]
MOVED = replace(WISHES, program="/new place/.venv/bin/streamv2v-cam")


def first(told: dict, kind: str) -> dict:
    return next(entry for entry in told["entries"] if entry["kind"] == kind)


DAMAGES = {
    "an entry without its kind": lambda told: told["entries"][0].pop("kind"),
    "a kind that no installer writes": lambda told: told["entries"][0].update(kind="folder"),
    "an entry without what takes it back": lambda told: told["entries"][-1].pop(sorted(told["entries"][-1])[-1]),
    "a number where a path belongs": lambda told: told["entries"][0].update(kind="key", name="/k", folders=[7]),
    "an entry that is a text": lambda told: told["entries"].append("file"),
    "a change of OBS that nobody knows": lambda told: told["entries"].append(
        {"kind": "obs", "name": "/home/mia/user.ini", "change": "theme", "value": "", "sum": ""}
    ),
    "folders that are a number": lambda told: told.update(folders=7),
    "a folder that is no whole path": lambda told: told.update(folders=["state"]),
    "a command without a word": lambda told: first(told, "run").update(undo=[]),
    "a command whose word is empty": lambda told: first(told, "run").update(undo=["", "x"]),
    "a command with a zero byte": lambda told: first(told, "run").update(undo=["rm", "a\0b"]),
    "a path with a zero byte": lambda told: first(told, "file").update(name="/etc/a\0b"),
    "a path with half a letter": lambda told: first(told, "link").update(name="/home/mia/\ud83d"),
    "a path that is not whole": lambda told: first(told, "file").update(name="etc/a"),
    "an empty path": lambda told: first(told, "link").update(name=""),
    "a former sum that is a list": lambda told: first(told, "file").update(former=["q"]),
    "a former goal that is a number": lambda told: first(told, "link").update(former=3),
    "a text from before with half a letter": lambda told: first(told, "file").update(before="\ud83d"),
    "a package without a name": lambda told: first(told, "packages").update(asked=[""]),
    "a list in a list": lambda told: first(told, "file").update(more=[[1]]),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_journal_that_a_hand_has_damaged_is_told_as_that_and_nothing_is_touched(tmp_path: Path, damage: str) -> None:
    host = FakeHost(tmp_path, BOOKWORM)
    install(host)
    journal = Journal(host)
    assert {entry["kind"] for entry in journal.entries} >= {"file", "link", "run", "packages"}
    told = json.loads(host.read(journal.path) or "")
    DAMAGES[damage](told)
    host.write(journal.path, json.dumps(told))
    before, ran = tree(tmp_path), list(host.ran)
    for act in (
        lambda: remove(host),
        lambda: install(host),
    ):
        with pytest.raises(InstallError, match=r"installation\.json is not what this installer wrote\. Move it away"):
            act()
    assert (tree(tmp_path), host.ran) == (before, ran)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "", "null", "7", '"\\ud83d"', "\0"])
def test_a_journal_of_any_other_text_is_told_as_that(tmp_path: Path, text: str) -> None:
    host = FakeHost(tmp_path)
    host.write(Journal(host).path, text)
    before = tree(tmp_path)
    for act in (lambda: list(work.undo_lines(host)), lambda: remove(host), lambda: install(host)):
        with pytest.raises(InstallError, match=r"is not what this installer wrote\. Move it away"):
            act()
    assert (tree(tmp_path), host.ran) == (before, [])


def with_no_text(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9] + b"\xff")


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def a_link_to_itself(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def a_link_to_a_disk_that_is_away(path: Path) -> None:
    path.unlink()
    path.symlink_to("/mnt/away/installation.json")


@pytest.mark.parametrize("spoil", [with_no_text, a_folder, a_link_to_itself, a_link_to_a_disk_that_is_away])
def test_a_journal_that_cannot_be_read_is_no_missing_one(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    host = FakeHost(tmp_path, {**BOOKWORM, "/home/mia/.local/share/applications/streamv2v-cam.desktop": "mine"})
    install(host)
    path, ran = host.path(Journal(host).path), list(host.ran)
    spoil(path)
    stat = path.lstat()
    for act in (lambda: list(work.undo_lines(host)), lambda: remove(host), lambda: install(host, MOVED)):
        with pytest.raises(InstallError, match=r"installation\.json is there and cannot be read .*Nothing was done"):
            act()
    # nothing is written over it, not even the same again
    assert (path.lstat(), host.ran) == (stat, ran)


def test_a_home_folder_with_bytes_that_are_no_letters_is_one_like_any_other(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, home="/home/m\udce9")
    before = tree(tmp_path)
    install(host)
    assert any("m\udce9/.local/bin" in line for line in work.undo_lines(host))
    remove(host)
    assert tree(tmp_path) == before


@pytest.mark.skipif(os.name == "nt", reason="paths of Windows are letters")
def test_a_dry_removal_prints_paths_that_are_no_letters(tmp_path: Path) -> None:
    state = tmp_path / "streamv2v-cam"
    state.mkdir()
    entry = {"kind": "key", "name": "/k\udce9y", "folders": []}
    (state / "installation.json").write_text(json.dumps({"format": 1, "folders": [], "entries": [entry]}))
    answer = subprocess.run(
        [sys.executable, str(ROOT / "installer"), "remove", "--dry-run"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path), "PYTHONIOENCODING": "utf-8"},
    )
    assert (answer.returncode, answer.stdout.splitlines()[0]) == (0, "delete /k\\udce9y"), answer.stderr
