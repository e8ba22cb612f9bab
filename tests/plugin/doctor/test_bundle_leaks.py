"""Ways on which secrets and private words got into the bundle; each is closed."""

from __future__ import annotations

import json
import os
import stat
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from platformdirs import user_log_dir
from streamv2v_cam.doctor.bundle import LOG_LIMIT_BYTES, bundle_members, write_bundle
from streamv2v_cam.doctor.case import Case
from streamv2v_cam.doctor.examination import case_of, examine
from streamv2v_cam.doctor.redaction import Redactor
from streamv2v_cam.errors import CamError
from streamv2v_cam.settings import load_settings

from tests.plugin.doctor.recorded import WEBCAM, linux, write

LONG = "grandmother Hildegard Obermayer naked in the swimming pool of her neighbour Wolfgang Niedermeier"
OBS = "/home/mia/.config/obs-studio"


class Bench:
    """Bundles of a recorded machine with these settings and this log."""

    def __init__(self, tmp_path: Path, folders: Path) -> None:
        self.root, self.folders = tmp_path / "machine", folders
        self.log = Path(user_log_dir("streamv2v-cam", appauthor=False))

    def members(
        self,
        settings: str = "",
        log: str = "",
        *,
        files: dict[str, str] | None = None,
        flags: dict[str, str] | None = None,
        **machine: Any,
    ) -> dict[str, str]:
        write(self.folders, {"settings.toml": settings})
        write(self.log, {"streamv2v-cam.log": log})
        recorded = linux(self.root, files or {}, **machine)
        if flags is not None:
            case = Case(recorded, load_settings(flags), deep=False, program=True, page_port=8765)
        else:
            case = case_of(recorded, deep=False)
        return bundle_members(examine(case))


@pytest.fixture
def bench(tmp_path: Path, folders: Path) -> Bench:
    return Bench(tmp_path, folders)


def told(members: dict[str, str], *words: str) -> dict[str, list[str]]:
    """Word -> members in which it stands."""
    found = {word: [name for name, text in members.items() if word in text] for word in words}
    return {word: names for word, names in found.items() if names}


@pytest.mark.parametrize(
    "settings",
    [f'[start]\nlook = "{LONG}"\n', f'[control]\nlooks_file = "/mnt/{LONG}/looks.toml"\n'],
)
def test_private_words_are_taken_out_of_a_finding_before_it_is_broken_into_lines(bench: Bench, settings: str) -> None:
    members = bench.members(settings)
    assert not told(members, "Hildegard", "Wolfgang", "swimming")
    assert "(left out)\n" not in members.values() and "(removed)" in members["findings.txt"]


def test_the_second_look_sees_words_over_the_end_of_a_line() -> None:
    redactor = Redactor(private=["my naked uncle"])
    assert redactor.leaks("a finding of my\n          naked uncle.") and not redactor.leaks("my\nuncle")
    assert "naked" not in redactor.text("a finding of my\n   naked uncle.")


def test_what_is_on_air_is_told_without_names_of_files_and_servers(bench: Bench, monkeypatch) -> None:
    state = {
        "controls": {"prompt": "x", "strength": 0.5, "mode": "effect"},
        "air": {
            "state": "camera_lost",
            "reason": "Source '/mnt/usb/Affair with Doris.mp4' does not exist. Check the path.",
            "progress": "pictures to and from mias-basement.dyndns.example:8770: JPEG",
            "facts": {
                "server": "mias-basement.dyndns.example:8770",
                "loras": ["Doris x 1"],
                "device": "cpu",
                "slots": 1,
            },
        },
        "telemetry": {"publish_fps": 30.0},
    }
    monkeypatch.setattr("streamv2v_cam.doctor.page.state_of", lambda case: state)
    members = bench.members(flags={}, listening=[8765])
    assert not told(members, "Affair", "Doris", "basement")
    air = json.loads(members["state.json"])["air"]
    assert air["state"] == "camera_lost" and "does not exist" in air["reason"]
    assert air["facts"] == {"device": "cpu", "slots": 1}


def test_settings_of_the_command_line_are_known(bench: Bench) -> None:
    members = bench.members(
        log="2026 WARNING getaddrinfo frontdoor.example.net failed; c4mpass99 refused, in a lizard's dream\n",
        flags={
            "capture.source": "rtsp://camuser77:c4mpass99@frontdoor.example.net/StreamKeyInPath9",
            "start.prompt": "a lizard's dream",
        },
    )
    assert not told(members, "c4mpass99", "frontdoor", "StreamKey", "lizard")


def test_the_log_begins_with_a_whole_line(bench: Bench) -> None:
    line = "2026 WARNING rtsp://adminuser:Sup3rSecret77@cam/live broke, look 'first words' then 'private words' end\n"
    for cut in ("user:", "words' then"):
        kept = len(line) - line.index(cut)
        rest = "2026 INFO pictures come\n" * (LOG_LIMIT_BYTES // 24)
        rest = rest[len(rest) - (LOG_LIMIT_BYTES - kept) :]
        members = bench.members(log="2026 INFO earlier\n" * 100 + line + rest)
        assert not told(members, "Sup3rSecret77", "private words")
        assert "pictures come" in members["log.txt"]


@pytest.mark.parametrize("password", ["x)Sup3rOne", "it'sSup3rOne", "a<b>Sup3rOne", "pa/ss?Sup3rOne", "p@ss:Sup3rOne"])
def test_a_password_may_hold_any_character(bench: Bench, password: str) -> None:
    log = f"2026 WARNING stream rtsp://admin:{password}@cam/live broke, {password} was sent\n"
    assert not told(bench.members(f'[capture]\nsource = "rtsp://admin:{password}@cam/live"\n', log), "Sup3rOne")
    unknown = f"2026 WARNING stream rtsp://admin:{password}@cam/live broke\n"
    assert not told(bench.members("", unknown), "Sup3rOne")


def test_the_password_in_the_path_of_a_cheap_camera_goes(bench: Bench) -> None:
    settings = '[capture]\nsource = "rtsp://cam:554/user=admin_password=tlJwpbo6_channel=1_stream=0.sdp"\n'
    assert not told(bench.members(settings, "2026 WARNING 401 for tlJwpbo6\n"), "tlJwpbo6")


@pytest.mark.parametrize(
    "files",
    [
        {f"{OBS}/global.ini": "\ufeff[General]\nx=1\n[OBSWebSocket]\nServerPassword=Obs29Passw0rd\n"},
        {f"{OBS}/user.ini": "a line without a section\nServerPassword = Obs29Passw0rd\n"},
        {f"{OBS}/plugin_config/obs-websocket/config.json": '\ufeff{"server_password": "Obs29Passw0rd"}'},
        {f"{OBS}/plugin_config/obs-websocket/config.json": '{"server_password": "Obs29Passw0rd", broken'},
    ],
)
def test_the_password_of_obs_is_found_in_a_file_with_a_mark_or_a_fault(bench: Bench, files: dict[str, str]) -> None:
    assert not told(bench.members(log="2026 DEBUG Obs29Passw0rd was sent\n", files=files), "Obs29Passw0rd")


@pytest.mark.parametrize("value", ["hunter2secret", "4915501234567"])
def test_what_stands_in_a_variable_where_a_number_belongs_is_not_told(bench: Bench, monkeypatch, value: str) -> None:
    monkeypatch.setenv("STREAMV2V_CAPTURE__WIDTH", value)
    members = bench.members(log=f"capture.width (environment X): '{value}' was refused; allowed is more\n")
    assert not told(members, value)
    assert "(removed) was refused; allowed is a whole number" in " ".join(members["findings.txt"].split())


@pytest.mark.parametrize("piece", ["http://", "(file x): ", ": ", "' ", ":", "a:"])
def test_a_log_of_any_shape_is_cleaned_in_a_moment(piece: str) -> None:
    text = piece * (LOG_LIMIT_BYTES // 4 // len(piece)) + " was refused"
    began_s = time.process_time()
    Redactor().log(text, with_quotes=False)
    assert time.process_time() < began_s + 10


def test_a_prompt_without_its_quotation_marks_is_known_all_the_same(bench: Bench) -> None:
    members = bench.members("[start]\nprompt = my naked uncle\n", "2026 INFO look my naked uncle here\n")
    assert not told(members, "naked uncle")


def test_a_key_may_begin_with_a_slash_and_a_path_is_no_key(bench: Bench) -> None:
    members = bench.members(
        log="2026 DEBUG sent /wJalrXUtnFEMI+K7MDENG/bPx to /run/agent.sock\n",
        environment={
            "AWS_SECRET_ACCESS_KEY": "/wJalrXUtnFEMI+K7MDENG/bPx",
            "SSH_AUTH_SOCK": "/run/agent.sock",
            "HF_HUB_DISABLE_IMPLICIT_TOKEN": "true",
        },
    )
    assert not told(members, "wJalrXUtnFEMI") and "/run/agent.sock" in members["log.txt"]
    assert json.loads(members["findings.json"]) and "true" not in json.loads(members["environment.json"]).values()


def test_public_addresses_of_the_newer_kind_go_and_others_stay() -> None:
    redactor = Redactor()
    for line in (
        "peer 2003:e5:1f00:aa01::77 left",
        "[2003:e5:1f00:aa01::77]:8770",
        "2003:e5::77: gone",
        "2003:e5::/32",
    ):
        assert "2003" not in redactor.text(line)
    kept = ["::1 and fe80::1%eth0 and fd00::5", "12:34:56 std::string 0000:00:14.0", "at 10:00:00: engine: on"]
    assert [redactor.text(line) for line in kept] == kept


@pytest.mark.parametrize("typed", ["K7QX-93MN-PL4R", "k7qx-93mn-pl4r"])
def test_the_code_by_which_a_machine_is_paired_goes_wherever_it_was_typed(bench: Bench, typed: str) -> None:
    members = bench.members(log=f"2026 INFO unknown words {typed}, passed over\n2026 INFO again ({typed})\n")
    assert not told(members, typed) and "passed over" in members["log.txt"]


def test_the_host_of_a_server_without_a_kind_goes(bench: Bench) -> None:
    for remote in ("wss://mias-basement.dyndns.example:8770", "mias-basement:8770"):
        members = bench.members(f'[engine]\nremote = "{remote}"\n', "WARNING mias-basement:8770 does not answer\n")
        assert not told(members, "mias-basement")


@pytest.mark.parametrize("label", ["Miameier's iPhone", "Miameiers iPhone", "iPhone (miameier)"])
def test_a_camera_is_told_by_its_label_without_the_name_of_the_person(bench: Bench, label: str) -> None:
    members = bench.members(environment={"USER": "miameier"}, nodes=[replace(WEBCAM, label=label)])
    assert not told(members, "Miameier", "miameier") and "iPhone" in members["machine.json"]


def test_the_file_of_a_lora_and_the_lines_of_a_prompt_are_known_alone(bench: Bench, monkeypatch) -> None:
    monkeypatch.setenv("STREAMV2V_START__PROMPT", "a nude queen\non a horse")
    log = "2026 WARNING /mnt/Doris Miller/l.safetensors is damaged; a nude queen came\n"
    members = bench.members(
        '[engine]\nloras = ["/mnt/Doris Miller/l.safetensors:0.8"]\n',
        log,
        environment={"STREAMV2V_START__PROMPT": "a nude queen\non a horse"},
    )
    assert not told(members, "Miller", "nude queen", "on a horse")


def test_lines_of_older_logs_are_told_without_what_they_name(bench: Bench) -> None:
    members = bench.members(
        log="2026 INFO run.recorder: recording to /mnt/Scheidung Anwalt/1.mp4\n"
        "2026 INFO remote.admitting: Mias Laptop Bedroom is paired now\n"
        "2026 INFO run.models: Lizard Porn v3 is loading beside Embedded.\n"
        "2026 WARNING 'Mia's private scene' gone\n"
    )
    assert not told(members, "Scheidung", "Bedroom", "Lizard", "Embedded", "private scene")
    assert "is paired now" in members["log.txt"]


@pytest.mark.parametrize(
    ("settings", "name", "value"),
    [
        ('[capture]\nsource = "camera:Dr. Liebermanns Praxis"', "capture.source", "a camera by its name"),
        ('[capture]\nsource = "Dr. Liebermanns Praxis"', "capture.source", "a camera by its name"),
        ('[capture]\nsource = "/mnt/Dr. Liebermanns Praxis"', "capture.source", "a file or folder"),
        ('[capture]\nsource = "Dr. Liebermann.mp4"', "capture.source", "a file .mp4"),
        ('[publish]\nsinks = ["camera:Liebermann", "null"]', "publish.sinks", ["a camera by its name", "null"]),
        ('[publish]\nsinks = ["camera:/dev/video10"]', "publish.sinks", ["camera:/dev/video10"]),
        ('[engine]\nmodel = "/mnt/Liebermann/m.safetensors"', "engine.model", "a file .safetensors"),
    ],
)
def test_a_setting_is_told_without_names(bench: Bench, settings: str, name: str, value: object) -> None:
    members = bench.members(settings + "\n", "2026 INFO Dr. Liebermanns Praxis stands there\n")
    assert json.loads(members["settings.json"])[name]["value"] == value
    assert not told({name: text for name, text in members.items() if name != "log.txt"}, "Liebermann")


@pytest.mark.parametrize("source", ["HD Webcam", "webcam", "/dev/video0", "camera", "camera:HD Webcam", "presenter"])
def test_a_camera_by_its_usual_name_leaves_the_bundle_readable(bench: Bench, source: str) -> None:
    said = "2026 WARNING source lost: the camera stands at /dev/video0\n"
    members = bench.members(f'[capture]\nsource = "{source}"\n', said, nodes=[WEBCAM])
    assert members["log.txt"] == said
    assert json.loads(members["machine.json"])["video_nodes"][0]["label"] == "HD Webcam"
    assert "(removed)" not in members["findings.txt"]


def test_the_bundle_overwrites_nothing_and_is_for_this_person_alone(tmp_path: Path) -> None:
    report = examine(case_of(linux(tmp_path / "machine"), deep=False))
    place = tmp_path / "out"
    place.mkdir()
    taken = place / "mine.zip"
    taken.write_text("my own", encoding="utf-8")
    written = [write_bundle(taken, report), write_bundle(taken, report)]
    assert [path.name for path in written] == ["mine-2.zip", "mine-3.zip"]
    assert taken.read_text(encoding="utf-8") == "my own" and len(list(place.iterdir())) == 3
    for path in written:
        assert zipfile.is_zipfile(path)
        assert os.name == "nt" or stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(CamError, match="it is a folder"):
        write_bundle(place, report)


def test_a_bundle_that_breaks_off_leaves_nothing(tmp_path: Path, monkeypatch) -> None:
    def no_room(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    report = examine(case_of(linux(tmp_path / "machine"), deep=False))
    place = tmp_path / "out"
    place.mkdir()
    monkeypatch.setattr(Path, "replace", no_room)
    with pytest.raises(CamError, match="No space left"):
        write_bundle(place / "d.zip", report)
    assert not list(place.iterdir())
