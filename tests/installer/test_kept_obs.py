"""What OBS and the person write after an installation is theirs: installing again and removing lose none of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from installer.machine import data, obs_files, work
from installer.machine.journal import Journal
from installer.machine.steps import DONE, LEFT_OUT, PENDING, MachineStep, Wishes
from tests.installer.fake_host import BOOKWORM, WISHES, FakeHost, install, remove

OBS = "/home/mia/.config/obs-studio"
INI, SCENES = f"{OBS}/global.ini", f"{OBS}/basic/scenes"
SCENE = f"{SCENES}/a.json"
MOVED = replace(WISHES, script="/elsewhere/streamv2v.lua", dock="http://127.0.0.1:8765/#token=new")


def with_obs(tmp_path: Path, files: dict[str, str] | None = None) -> FakeHost:
    theirs = {INI: "[General]\n", SCENE: json.dumps({"sources": [], "modules": {}})}
    return FakeHost(tmp_path, {**BOOKWORM, **theirs, **(files or {})})


def text(host: FakeHost, name: str) -> str:
    return host.read(name) or ""


def obs_writes(host: FakeHost, *, scripts: list | None = None) -> None:
    """New scenes and settings, as OBS writes them when it ends."""
    told = json.loads(text(host, SCENE))
    told["sources"].append("months of work")
    if scripts is not None:
        told["modules"]["scripts-tool"] = scripts
    host.write(SCENE, json.dumps(told))
    host.write(INI, text(host, INI) + "[OBSWebSocket]\nServerPassword=x\n")


def obs_steps(host: FakeHost) -> list[MachineStep]:
    return [step for step in work.steps_of(host, WISHES) if step.name.startswith("obs")]


@pytest.mark.parametrize(("scripts", "again"), [(None, MOVED), ([], WISHES)])
def test_what_obs_wrote_between_two_installations_stays_when_both_are_removed(
    scripts: list | None, again: Wishes, tmp_path: Path
) -> None:
    host = with_obs(tmp_path)
    install(host)
    obs_writes(host, scripts=scripts)
    install(host, again)
    assert again.script in text(host, SCENE) and again.dock in text(host, INI)
    remove(host)
    assert "months of work" in text(host, SCENE) and "streamv2v" not in text(host, SCENE)
    assert "ServerPassword=x" in text(host, INI) and "StreamV2V" not in text(host, INI)


def test_two_installations_with_no_obs_between_give_back_the_files_letter_by_letter(tmp_path: Path) -> None:
    host = with_obs(tmp_path)
    before = (text(host, SCENE), text(host, INI))
    install(host)
    install(host, MOVED)
    remove(host)
    assert (text(host, SCENE), text(host, INI)) == before


def test_a_copy_that_an_older_installer_kept_is_not_put_over_what_obs_wrote(tmp_path: Path) -> None:
    host = with_obs(tmp_path)
    install(host)
    journal = Journal(host)
    for entry in journal.entries:
        entry.pop("copy", None)
    journal._save()
    host.write(SCENE + obs_files.BACKUP, "{}")
    remove(host)
    assert json.loads(text(host, SCENE)) == {"sources": [], "modules": {"scripts-tool": []}}


def test_a_removal_leaves_what_an_open_obs_would_write_over_and_a_later_one_takes_it_out(tmp_path: Path) -> None:
    host = with_obs(tmp_path)
    install(host)
    changed = (text(host, SCENE), text(host, INI))
    host.told["running obs"] = ""
    assert sum("OBS is open" in line for line in work.undo_lines(host)) == 2
    said = remove(host)
    assert (text(host, SCENE), text(host, INI)) == changed
    assert said.count("Close OBS, then repeat the command") == 2
    assert [entry["kind"] for entry in Journal(host).entries] == ["obs", "obs"]
    assert not host.exists("/etc/modprobe.d/streamv2v.conf")
    del host.told["running obs"]
    remove(host)
    assert "streamv2v" not in text(host, SCENE) and "StreamV2V" not in text(host, INI)
    assert not host.exists(Journal(host).path)


def test_a_purge_while_obs_is_open_spares_the_journal_of_what_is_left(tmp_path: Path) -> None:
    host = with_obs(tmp_path)
    install(host)
    state = "/home/mia/.local/state/streamv2v-cam"
    host.write(f"{state}/log", "x")
    host.write(f"{state}/old/log", "x")
    host.told["running obs"] = ""
    remove(host)
    assert any("installation.json stays" in note for note in data.delete(host))
    assert host.names(state) == ["installation.json"]
    del host.told["running obs"]
    remove(host)
    assert data.delete(host) == [] and not host.exists(state)


def test_a_torn_collection_is_named_and_the_rest_is_taken_back(tmp_path: Path) -> None:
    host = with_obs(tmp_path)
    before = text(host, SCENE)
    install(host)
    host.write(SCENE, "torn")
    said = remove(host)
    assert f"{SCENE} is not as OBS writes it" in said and "Tools, Scripts" in said
    assert text(host, SCENE) == "torn" and text(host, SCENE + obs_files.BACKUP) == before
    assert "StreamV2V" not in text(host, INI) and not Journal(host).entries
    assert not host.exists("/etc/modprobe.d/streamv2v.conf")


@pytest.mark.parametrize("modules", [{"scripts-tool": None}, None, {}])
def test_a_collection_whose_scripts_are_null_gets_ours(modules: dict | None, tmp_path: Path) -> None:
    host = with_obs(tmp_path, {SCENE: json.dumps({"modules": modules})})
    install(host)
    assert json.loads(text(host, SCENE))["modules"]["scripts-tool"][0]["path"] == WISHES.script
    remove(host)
    assert json.loads(text(host, SCENE)) == {"modules": modules}


@pytest.mark.parametrize("scripts", ["{}", '"x"', "1", '""'])
def test_one_odd_collection_is_named_and_the_others_get_the_script(scripts: str, tmp_path: Path) -> None:
    odd = f'{{"modules": {{"scripts-tool": {scripts}}}}}'
    host = with_obs(tmp_path, {f"{SCENES}/b.json": odd})
    said = install(host)
    assert f"{SCENES}/b.json: A scene collection of OBS is not as OBS writes it" in said
    assert WISHES.script in text(host, SCENE) and text(host, f"{SCENES}/b.json") == odd
    assert [step.state for step in obs_steps(host)] == [DONE, LEFT_OUT, DONE]


def test_half_a_letter_in_a_collection_stays_half_a_letter(tmp_path: Path) -> None:
    host = with_obs(tmp_path, {SCENE: '{"name": "\\ud83d é", "modules": {}}'})
    install(host)
    assert '"\\ud83d é"' in text(host, SCENE) and WISHES.script in text(host, SCENE)
    host.write(SCENE, text(host, SCENE) + "\n")
    remove(host)
    assert json.loads(text(host, SCENE))["name"] == "\ud83d é"


def test_an_ini_that_is_no_utf_8_is_named_and_not_to_do_for_ever(tmp_path: Path) -> None:
    host = with_obs(tmp_path)
    host.path(INI).write_bytes(b"[General]\nName=Caf\xe9\n")
    assert f"{INI}: It cannot be read as UTF-8" in install(host)
    assert not [step for step in obs_steps(host) if step.state == PENDING]
    assert host.path(INI).read_bytes() == b"[General]\nName=Caf\xe9\n"


def test_an_ini_whose_section_comes_first_after_the_mark_of_utf_8_gets_no_second_one(tmp_path: Path) -> None:
    host = with_obs(tmp_path, {INI: "\ufeff[BasicWindow]\ngeometry=A\n"})
    install(host)
    assert text(host, INI).count("[BasicWindow]") == 1


def test_an_ini_that_is_a_link_stays_one_and_what_it_leads_to_is_changed(tmp_path: Path) -> None:
    host = with_obs(tmp_path)
    real, link = host.path("/home/mia/dotfiles/obs.ini"), host.path(INI)
    real.parent.mkdir()
    link.rename(real)
    link.symlink_to(real)
    install(host)
    assert link.is_symlink() and "StreamV2V" in real.read_text()
    remove(host)
    assert link.is_symlink() and real.read_text() == "[General]\n"


@pytest.mark.parametrize("kept", [True, False])
def test_a_collection_that_was_copied_or_renamed_in_obs_loses_our_script_too(kept: bool, tmp_path: Path) -> None:
    host = with_obs(tmp_path)
    install(host)
    host.write(f"{SCENES}/z.json", text(host, SCENE))
    host.write(f"{OBS}/user.ini", text(host, INI))
    if not kept:
        host.delete(SCENE)
    said = remove(host)
    assert f"{SCENES}/z.json has the hotkey script as well" in said
    assert "streamv2v" not in text(host, f"{SCENES}/z.json") and "StreamV2V" not in text(host, f"{OBS}/user.ini")
