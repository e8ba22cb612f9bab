"""Files and links that the person has changed are theirs; what is ours is known again, even after a stop."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from installer.errors import InstallError
from installer.machine import data, work
from installer.machine.steps import DONE, LEFT_OUT
from tests.installer.fake_host import BOOKWORM, WISHES, FakeHost, install, remove, tree

UNIT = "/home/mia/.config/systemd/user/streamv2v-cam.service"
OPTIONS = "/etc/modprobe.d/streamv2v.conf"
ENTRY = "/home/mia/.local/share/applications/streamv2v-cam.desktop"
ICON = "/home/mia/.local/share/icons/hicolor/scalable/apps/streamv2v-cam.svg"
LINK = "/home/mia/.local/bin/streamv2v-cam"
MOVED = replace(WISHES, program="/new place/.venv/bin/streamv2v-cam")


def edit(host: FakeHost, name: str, old: str, new: str) -> str:
    path = host.path(name)
    path.write_text(path.read_text().replace(old, new))
    return path.read_text()


def test_files_that_the_person_changed_stay_through_a_second_install_and_are_named(tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    install(host)
    unit = edit(host, UNIT, "[Service]", "[Service]\nEnvironment=STREAMV2V_CONFIG=/data/my.toml")
    options = edit(host, OPTIONS, "devices=2", "devices=3")
    assert any(f"{UNIT} was changed since it was written" in line for line in work.plan_lines(host, WISHES))
    said = install(host)
    assert (host.read(UNIT), host.read(OPTIONS)) == (unit, options)
    assert f"{UNIT} was changed since" in said and f"{OPTIONS} was changed since" in said
    remove(host)
    assert (host.read(UNIT), host.read(OPTIONS)) == (unit, options)


def test_one_changed_file_of_a_step_does_not_hold_up_the_other(tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    install(host)
    entry = edit(host, ENTRY, "Terminal=true", "Terminal=false")
    host.delete(ICON)
    said = install(host)
    assert host.read(ENTRY) == entry and host.exists(ICON) and f"{ENTRY} was changed since" in said


def test_files_that_nobody_changed_follow_a_project_that_moved(tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    before = tree(tmp_path)
    install(host)
    install(host, MOVED)
    assert MOVED.program in (host.read(UNIT) or "") and MOVED.program in (host.read(ENTRY) or "")
    remove(host)
    assert tree(tmp_path) == before


def test_an_older_text_of_ours_is_still_ours_after_a_stop_before_the_newer_was_written(tmp_path: Path) -> None:
    class Stopped(FakeHost):
        stop = False

        def write(self, name: str, text: str, *, mode: int = 0o644, root: bool = False) -> None:
            if self.stop and name == UNIT:
                raise InstallError("stopped")
            super().write(name, text, mode=mode, root=root)

    host = Stopped(tmp_path)
    before = tree(tmp_path)
    install(host)
    host.stop = True
    for _ in range(2):
        with pytest.raises(InstallError, match="stopped"):
            install(host, MOVED)
    host.stop = False
    assert "was changed" not in remove(host) and tree(tmp_path) == before


def test_what_a_stop_in_the_middle_of_writing_left_goes_with_the_removal(tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    before = tree(tmp_path)
    install(host)
    # whole files only ever stand under their own names
    host.path(OPTIONS).unlink()
    host.path(OPTIONS + ".streamv2v-part").write_text("# Written by the ins")
    assert "was changed" not in remove(host) and tree(tmp_path) == before


def test_the_command_follows_a_project_that_moved(tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    before = tree(tmp_path)
    install(host)
    install(host, MOVED)
    assert os.readlink(host.path(LINK)) == MOVED.program
    assert {step.name: step.state for step in work.steps_of(host, MOVED)}["command"] == DONE
    remove(host)
    assert tree(tmp_path) == before


def test_a_command_that_the_person_let_lead_elsewhere_stays(tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    install(host)
    host.path(LINK).unlink()
    host.path(LINK).symlink_to("/opt/mine")
    assert f"{LINK} is there already and leads elsewhere" in install(host, MOVED)
    assert {step.name: step.state for step in work.steps_of(host, WISHES)}["command"] == LEFT_OUT
    assert f"{LINK} was changed since; it stays" in remove(host)
    assert os.readlink(host.path(LINK)) == "/opt/mine"


def test_a_link_to_the_same_place_in_other_words_is_ours(tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    before = tree(tmp_path)
    install(host, replace(WISHES, autostart=True))
    wanted = host.path("/home/mia/.config/systemd/user/default.target.wants/streamv2v-cam.service")
    wanted.unlink()
    wanted.symlink_to(UNIT)  # as systemctl --user reenable makes it
    remove(host)
    assert tree(tmp_path) == before


def test_a_purge_deletes_a_folder_that_is_a_link_and_says_what_stays(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, {**BOOKWORM, "/home/mia/dotfiles/cam/settings.toml": "x"})
    link, real = host.path("/home/mia/.config/streamv2v-cam"), host.path("/home/mia/dotfiles/cam")
    link.parent.mkdir()
    link.symlink_to(real)
    host.write("/home/mia/.cache/streamv2v-cam/a", "x")
    notes = data.delete(host)
    assert len(notes) == 1 and str(real) in notes[0] and "stays" in notes[0]
    assert not link.is_symlink() and (real / "settings.toml").exists() and data.present(host) == []
