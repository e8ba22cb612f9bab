"""The bundle for a bug report: secrets are planted wherever one may be, and none is in it."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from pathlib import Path
from urllib.parse import quote

import pytest
from platformdirs import user_log_dir
from streamv2v_cam.doctor.bundle import bundle_members, write_bundle
from streamv2v_cam.doctor.examination import case_of, examine
from streamv2v_cam.doctor.redaction import Redactor
from streamv2v_cam.errors import CamError
from typer.testing import CliRunner

from tests.plugin.doctor.recorded import RecordedMachine, linux, write

TOKEN = "T0ken" + "x" * 38
SECRETS = {
    "token": TOKEN,
    "obs password": "obs-pass word/ä1",
    "obs own copy": "Obs0wnC0py",
    "older obs": "0lderObsPw",
    "camera user": "camuser77",
    "camera password": "c4mp@ss",
    "camera host": "frontdoor.example.net",
    "camera path": "StreamKeyInPath9",
    "camera query": "queryk3y",
    "hub token": "hf_PlantedHubToken01",
    "variable": "variable-S3cret",
    "proxy user": "proxyuser5",
    "proxy password": "proxypw5",
    "comment": "comment-S3cret",
    "prompt": "my own face as a lizard",
    "negative": "no ugly cousins",
    "look": "a nude lizard king",
    "look's title": "Lizard Title",
    "look's name": "king-of-lizards",
    "scene": "Bedroom Scene",
    "microphone": "Mia's Mic",
    "unknown word": "lizardesque",
    "bearer": "bearerAbc123xyz",
    "ticket": "tick3tAbc",
    "stream key": "live_12345_Abcdefgh",
    "hexadecimal": "0123456789abcdef0123456789abcdef",
    "mail": "mia.meier@example.org",
    "person": "miameier",
    "machine": "mias-laptop",
    "public address": "203.0.113.77",
}
IN_BASE64 = base64.b64encode(SECRETS["obs password"].encode()).decode()

SETTINGS = f"""
# {SECRETS["comment"]}
[capture]
source = "rtsp://{SECRETS["camera user"]}:{quote(SECRETS["camera password"])}@{SECRETS["camera host"]}:554/\
{SECRETS["camera path"]}?key={SECRETS["camera query"]}"
[start]
look = "pencil"
motion = "hold"
prompt = "{SECRETS["prompt"]}"
negative_prompt = "{SECRETS["negative"]}"
[obs]
microphone = "{SECRETS["microphone"]}"
[obs.scenes]
"{SECRETS["scene"]}" = "pencil"
"""
LOOKS = f"""
[{SECRETS["look's name"]}]
title = "{SECRETS["look's title"]}"
prompt = "{SECRETS["look"]}"
"""
LOG = f"""2026-01-01 WARNING streamv2v_cam.capture: rtsp://{SECRETS["camera user"]}:{SECRETS["camera password"]}@\
{SECRETS["camera host"]}/{SECRETS["camera path"]}?x={SECRETS["camera query"]} did not open.
2026-01-01 DEBUG uvicorn: GET /#token={TOKEN} ticket={SECRETS["ticket"]}
2026-01-01 DEBUG http: Authorization: Bearer {SECRETS["bearer"]}
2026-01-01 WARNING knownwords: “{SECRETS["prompt"]}” names no look (not known: {SECRETS["unknown word"]}); words near it
2026-01-01 DEBUG obs: password='{SECRETS["obs password"]}' b64 {IN_BASE64}
2026-01-01 INFO recording to /home/{SECRETS["person"]}/Videos/a.mp4, C:\\Users\\{SECRETS["person"]}\\a.mp4
2026-01-01 ERROR scenes: no scene '{SECRETS["scene"]}' for {SECRETS["mail"]} at {SECRETS["public address"]}
2026-01-01 INFO switched to {SECRETS["look's name"]}; pencil was on air, and the threshold holds
2026-01-01 DEBUG rtmp: {SECRETS["stream key"]} {SECRETS["hexadecimal"]} {SECRETS["hub token"]} {SECRETS["variable"]}
2026-01-01 DEBUG look {SECRETS["look"]} of {SECRETS["machine"]}, {json.dumps(SECRETS["microphone"])}
"""


@pytest.fixture
def full_of_secrets(tmp_path: Path, folders: Path) -> RecordedMachine:
    obs = "/home/mia/.config/obs-studio"
    machine = linux(
        tmp_path,
        {
            "/etc/hostname": SECRETS["machine"],
            f"{obs}/plugin_config/obs-websocket/config.json": json.dumps(
                {"server_enabled": True, "server_password": SECRETS["obs own copy"]}
            ),
            f"{obs}/global.ini": f"[OBSWebSocket]\nServerPassword={SECRETS['older obs']}\n",
        },
        told={"timedatectl": f"yes {TOKEN} {SECRETS['obs password']} {SECRETS['obs own copy']} {SECRETS['older obs']}"},
        environment={
            "USER": SECRETS["person"],
            "HF_TOKEN": SECRETS["hub token"],
            "MY_API_KEY": SECRETS["variable"],
            "HTTPS_PROXY": f"http://{SECRETS['proxy user']}:{SECRETS['proxy password']}@proxy.example:80",
            "STREAMV2V_START__PROMPT": SECRETS["prompt"],
            "LANG": "C.UTF-8",
        },
    )
    write(folders, {"token": TOKEN, "obs-password": SECRETS["obs password"] + "\n"})
    write(folders, {"settings.toml": SETTINGS, "looks.toml": LOOKS})
    log = Path(user_log_dir("streamv2v-cam", appauthor=False))
    write(log, {"streamv2v-cam.log": LOG, "obs/streamv2v-cam.log": LOG})
    return machine


def planted_in(members: dict[str, str]) -> dict[str, list[str]]:
    """Which secret stands where."""
    found = {name: [place for place, text in members.items() if secret in text] for name, secret in SECRETS.items()}
    found["in base64"] = [place for place, text in members.items() if IN_BASE64[:12] in text]
    return {name: places for name, places in found.items() if places}


def test_no_secret_that_was_planted_is_in_the_bundle(full_of_secrets: RecordedMachine) -> None:
    members = bundle_members(examine(case_of(full_of_secrets, deep=False)))
    assert not planted_in(members)
    assert {"log.txt", "log-obs.txt", "findings.txt", "settings.json", "answers.json"} <= set(members)


def test_settings_that_cannot_be_read_give_nothing_away_either(full_of_secrets: RecordedMachine, folders: Path) -> None:
    write(folders, {"settings.toml": SETTINGS + "\n[broken"})
    members = bundle_members(examine(case_of(full_of_secrets, deep=False)))
    assert not planted_in(members) and "not valid TOML" in members["settings.json"]


def test_a_refused_value_is_told_without_the_value(full_of_secrets: RecordedMachine, folders: Path) -> None:
    write(folders, {"settings.toml": f'[capture]\nfps = "{SECRETS["variable"]}"\n'})
    members = bundle_members(examine(case_of(full_of_secrets, deep=False)))
    assert not planted_in(members) and "capture.fps" in members["findings.txt"]


def test_the_bundle_still_says_what_a_bug_report_needs(full_of_secrets: RecordedMachine) -> None:
    members = bundle_members(examine(case_of(full_of_secrets, deep=False)))
    told = json.loads(members["settings.json"])
    assert told["capture.source"] == {"value": "an address rtsp://", "from": "file"}
    assert told["start.prompt"]["value"] == f"{len(SECRETS['prompt'])} letters"
    assert told["obs.scenes"]["value"] == "1 of them"
    assert json.loads(members["machine.json"])["packages"]["torch"] == "2.13.0+cpu"
    assert json.loads(members["environment.json"]) == {
        "LANG": "C.UTF-8", "HF_TOKEN": "(set)", "HTTPS_PROXY": "(set)", "STREAMV2V_START__PROMPT": "(set)",
    }  # fmt: skip
    assert "pencil was on air, and the threshold holds" in members["log.txt"]
    assert "names no look" in members["log.txt"] and "did not open" in members["log.txt"]


def test_prompts_stay_where_they_are_wanted_and_secrets_still_go(full_of_secrets: RecordedMachine) -> None:
    members = bundle_members(examine(case_of(full_of_secrets, deep=False)), with_prompts=True)
    wanted = {"prompt", "look", "scene", "unknown word"}
    assert (
        {"prompt", "look", "scene"}
        <= set(planted_in(members))
        <= wanted | {"look's title", "look's name", "microphone", "negative"}
    )


def test_what_a_running_program_says_is_told_by_a_list(full_of_secrets: RecordedMachine, monkeypatch) -> None:
    state = {
        "controls": {"prompt": SECRETS["look"], "strength": 0.5, "mode": "effect", "blend": [[SECRETS["negative"], 1]]},
        "look": SECRETS["look's title"],
        "air": {
            "state": "live",
            "reason": f"no picture from {SECRETS['camera host']}",
            "source": SECRETS["camera host"],
        },
        "obs": {"state": "connected", "scene": SECRETS["scene"], "version": "31.0.3"},
        "telemetry": {"publish_fps": 30.0},
        "notice": {"text": SECRETS["unknown word"]},
    }
    monkeypatch.setattr("streamv2v_cam.doctor.page.state_of", lambda case: state)
    monkeypatch.setattr("streamv2v_cam.system.answering.program_answers", lambda host, port: True)
    full_of_secrets.listening = [8765]
    members = bundle_members(examine(case_of(full_of_secrets)))
    assert not planted_in(members)
    assert json.loads(members["state.json"])["obs"] == {"state": "connected", "version": "31.0.3"}


def test_words_that_are_no_secret_stay() -> None:
    redactor = Redactor(secrets=["s3cret-one"], names=["mia", "root"], home="/home/mia")
    kept = [
        "INFO streamv2v_cam.obs.password: The keyring gives nothing.",
        "https://huggingface.co/stabilityai/sd-turbo was not found",
        "OBS at 192.168.1.20:4455 and http://127.0.0.1:8765/ do not answer",
        "opencv 4.10.0.84-1 and /usr/lib/x86_64-linux-gnu/libEGL.so.1",
        "Miami is a town; the root of all",
        "card NVIDIA GeForce RTX 4070, driver 550.54.14",
    ]
    assert [redactor.log(line, with_quotes=True) for line in kept] == kept
    assert redactor.text("/home/mia/Videos of mia") == "~/Videos of (name)"


def test_the_command_writes_a_zip_that_opens(tmp_path: Path, folders: Path) -> None:
    from streamv2v_cam.cli.commands import app

    # the settings are broken on purpose: the doctor works without them, and says so by its exit code
    write(folders, {"settings.toml": "[engine"})
    answer = CliRunner().invoke(app, ["doctor", "--quick", "--json", "--bundle", str(tmp_path / "d.zip")])
    assert answer.exit_code == 4, answer.output
    told = json.loads(answer.stdout)
    assert told["worst"] == "error" and told["findings"][0]["key"] == "settings.refused"
    with zipfile.ZipFile(tmp_path / "d.zip") as packed:
        assert packed.testzip() is None and "findings.json" in packed.namelist()


def test_a_bundle_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    report = examine(case_of(linux(tmp_path), deep=False))
    with pytest.raises(CamError, match="cannot be written to"):
        write_bundle(tmp_path / "no" / "such" / "d.zip", report)
    written = write_bundle(tmp_path / "d.zip", report)
    assert zipfile.ZipFile(io.BytesIO(written.read_bytes())).testzip() is None
