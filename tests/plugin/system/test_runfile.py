"""The file that each run leaves as long as it goes on."""

from __future__ import annotations

import json
import os
from pathlib import Path

import psutil
import pytest
from streamv2v_cam.system import runfile
from streamv2v_cam.system.runfile import Running, announce, running, withdraw


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(runfile, "user_cache_dir", lambda *_, **__: str(tmp_path))
    return tmp_path / "running"


def told(**changed: object) -> str:
    began_s = psutil.Process().create_time()
    return json.dumps({"process": os.getpid(), "began_s": began_s, "host": "127.0.0.1", "port": 8766} | changed)


def test_a_run_is_known_from_its_announcement_to_its_end() -> None:
    assert running() == []
    path = announce("127.0.0.1", 8766)
    assert running() == [Running(os.getpid(), "127.0.0.1", 8766)]
    withdraw(path)
    withdraw(path)
    assert running() == []


@pytest.mark.parametrize(
    "text",
    [told(process=2**22 + 7), told(began_s=1.0), "", "[]", "{}", told(port="x"), told(process=-1)],
    ids=["killed", "its number is another's", "empty", "list", "without a word", "no port", "no process"],
)
def test_what_a_run_that_was_killed_left_counts_for_nothing_and_is_taken_away(text: str, folder: Path) -> None:
    folder.mkdir()
    (folder / "5-8766.json").write_text(text)
    assert running() == [] and not any(folder.iterdir())


def test_a_folder_that_cannot_be_written_holds_up_no_start(folder: Path) -> None:
    folder.write_text("in the way")
    assert announce("127.0.0.1", 8766) is None
    withdraw(None)
    assert running() == []
