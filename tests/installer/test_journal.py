"""The journal of an installation: one that a hand or a disk has damaged takes nothing back wrongly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from installer.errors import InstallError
from installer.machine.journal import Journal
from tests.installer.fake_host import BOOKWORM, FakeHost, install, remove, tree

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
