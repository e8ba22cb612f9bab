"""Private files as they are on machines: written by other programs, in other places, or not to be read at all."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from platformdirs import user_log_dir
from streamv2v_cam.doctor.bundle import bundle_members
from streamv2v_cam.doctor.case import Case
from streamv2v_cam.doctor.examination import case_of, examine
from streamv2v_cam.doctor.machine import Machine

from tests.plugin.doctor.recorded import linux, write

SETTINGS = """\
[capture]
source = "rtsp://cam77:gehäime9@Fröntdoor.example.net/StreamKeyInPath9"
[start]
prompt = "a nüde duke"
"""
LOOKS = '["Größter Lachs"]\nprompt = "a lizard"\n'
LOG = (
    "2026 INFO gehäime9 was sent to fröntdoor.example.net, StreamKeyInPath9, a nüde duke came, Größter Lachs, "
    "a lizard, Obs29Pässw0rd\n2026 INFO pictures come\n"
)
WORDS = ("häime9", "ntdoor", "StreamKey", "nüde", "Lachs", "lizard", "Obs29")
OBS = "/home/mia/.config/obs-studio"
FLATPAK = "/home/mia/.var/app/com.obsproject.Studio/config/obs-studio"


def members_of(root: Path, log: str, files: dict[str, str] | None = None) -> dict[str, str]:
    write(Path(user_log_dir("streamv2v-cam", appauthor=False)), {"streamv2v-cam.log": log})
    return bundle_members(examine(case_of(linux(root / "machine", files or {}), deep=False)))


def left(members: dict[str, str], *words: str) -> list[str]:
    return [word for word in words if any(word in text for text in members.values())]


@pytest.mark.parametrize("kind", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_private_words_are_found_however_a_file_was_written(tmp_path: Path, folders: Path, kind: str) -> None:
    folders.mkdir(parents=True, exist_ok=True)
    for name, text in (("settings.toml", SETTINGS), ("looks.toml", LOOKS), ("obs-password", "Obs29Pässw0rd\r\n")):
        (folders / name).write_bytes(text.encode(kind))
    members = members_of(tmp_path, LOG)
    assert not left(members, *WORDS) and "pictures come" in members["log.txt"]


@pytest.mark.skipif(os.name == "nt", reason="there are no such pipes")
def test_the_log_is_left_out_where_the_settings_cannot_be_read(tmp_path: Path, folders: Path) -> None:
    folders.mkdir(parents=True, exist_ok=True)
    (folders / "looks.toml").mkdir()
    members = members_of(tmp_path, LOG)
    assert "pictures come" not in members["log.txt"] and "looks.toml: it cannot be opened" in members["log.txt"]
    (folders / "looks.toml").rmdir()
    assert "pictures come" in members_of(tmp_path, LOG)["log.txt"]


@pytest.mark.skipif(os.name == "nt", reason="there are no such pipes")
def test_only_an_ordinary_file_is_read(tmp_path: Path) -> None:
    machine, pipe, file = Machine(), tmp_path / "pipe", tmp_path / "file"
    os.mkfifo(pipe)
    file.write_text(" text\n", encoding="utf-8")
    assert [machine.text(place) for place in (pipe, Path("/dev/zero"), tmp_path, file)] == [None, None, None, "text"]


@pytest.mark.skipif(os.name == "nt", reason="there are no such pipes")
def test_a_pipe_in_the_place_of_the_settings_ends_in_a_bundle_without_the_log(tmp_path: Path, folders: Path) -> None:
    pipe = tmp_path / "settings.toml"
    os.mkfifo(pipe)
    write(Path(user_log_dir("streamv2v-cam", appauthor=False)), {"streamv2v-cam.log": LOG})
    case = Case(linux(tmp_path / "machine", {}), None, config=pipe, deep=False)
    told = bundle_members(examine(case))["log.txt"]
    assert "no ordinary file" in told and "pictures come" not in told


@pytest.mark.parametrize("ascii_only", [True, False])
def test_the_password_of_obs_goes_as_it_is_written_and_as_it_is_meant(
    tmp_path: Path, folders: Path, ascii_only: bool
) -> None:
    password = 'wspw"Qu\\ote/ä9'
    config = json.dumps({"server_password": password}, ensure_ascii=ascii_only)
    log = f"2026 DEBUG {password} was sent, {json.dumps(password)} and {password!r} too\n"
    members = members_of(tmp_path, log, {f"{OBS}/plugin_config/obs-websocket/config.json": config})
    assert not left(members, "wspw", "ote/") and "was sent" in members["log.txt"]


def test_every_obs_of_the_machine_is_asked_for_its_secrets(tmp_path: Path, folders: Path) -> None:
    service = {
        "settings": {"key": "live-k3y-x", "bearer_token": "be4rer/x", "server": "rtmp://us3r:p4ssw@ing.example/a"}
    }
    files = {
        f"{OBS}/logs/keep": "",
        f"{FLATPAK}/plugin_config/obs-websocket/config.json": '{"server_password": "FlatPassw0rd"}',
        f"{FLATPAK}/basic/profiles/One/service.json": json.dumps(service),
        f"{OBS}/basic/profiles/Two/service.json": '{"settings": {"key": "0ther-key"}}',
    }
    log = "2026 DEBUG FlatPassw0rd, live-k3y-x, be4rer/x, us3r, p4ssw, 0ther-key were sent to ing.example\n"
    members = members_of(tmp_path, log, files)
    assert not left(members, "FlatPass", "k3y", "be4rer", "us3r", "p4ssw", "0ther", "ing.example")
    assert "were sent" in members["log.txt"]
