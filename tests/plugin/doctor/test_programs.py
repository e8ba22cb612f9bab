"""OBS, the page, the model and the settings, as the doctor sees them; Windows and macOS from recorded facts."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from streamv2v_cam.doctor import Severity
from streamv2v_cam.doctor.case import Case
from streamv2v_cam.doctor.examination import case_of, examine
from streamv2v_cam.doctor.finding import fine
from streamv2v_cam.doctor.page import state_of
from streamv2v_cam.settings import load_settings

from tests.plugin.doctor.recorded import RecordedMachine, found, linux, troubles, write

OBS = "/home/mia/.config/obs-studio"
SERVER = f"{OBS}/plugin_config/obs-websocket/config.json"
SCENES = f"{OBS}/basic/scenes/Untitled.json"

OBS_CASES = {
    "obs.server-off": ({SERVER: '{"server_enabled": false}'}, {}),
    "obs.open": ({SERVER: '{"server_enabled": true, "auth_required": false}'}, {}),
    "obs.port": ({SERVER: '{"server_enabled": true, "server_port": 4460}'}, {}),
    "obs.script": ({SCENES: "{}"}, {}),
    "obs.script-gone": ({SCENES: '{"path": "/opt/old/streamv2v.lua"}'}, {}),
    "obs.old": ({}, {"told": {"obs --version": "OBS Studio - 27.2.4"}}),
    "obs.wayland": ({}, {"environment": {"USER": "mia", "XDG_SESSION_TYPE": "wayland"}}),
}


@pytest.mark.parametrize("key", OBS_CASES)
def test_what_obs_lacks_is_told_from_its_files(key: str, tmp_path: Path) -> None:
    files, facts = OBS_CASES[key]
    assert list(troubles(linux(tmp_path, files, **facts), settings={})) == [key]


def test_a_collection_that_obs_is_just_saving_is_read_from_its_copy(tmp_path: Path) -> None:
    machine = linux(tmp_path)
    kept = tmp_path / SCENES.lstrip("/")
    kept.rename(kept.with_name("Untitled.json.bak"))
    assert not troubles(machine, settings={})
    kept.write_text("{}")
    assert list(troubles(machine, settings={})) == ["obs.script"], "an older copy counts only where there is no other"


def test_the_server_of_an_older_obs_is_read_from_its_ini(tmp_path: Path) -> None:
    machine = linux(tmp_path, {f"{OBS}/global.ini": "\ufeff[OBSWebSocket]\nServerEnabled=true\nAuthRequired=false\n"})
    (tmp_path / SERVER.lstrip("/")).unlink()
    assert list(troubles(machine, settings={})) == ["obs.open"]


@pytest.mark.parametrize(
    ("told", "key"),
    [
        ({"state": "password"}, "obs.password"),
        ({"state": "unreachable"}, "obs.stranger"),
        ({"state": "refused", "reason": "The password file can be read by others."}, "obs.password-file"),
        ({"state": "connected", "version": "31.0.3", "skipped": [200, 1000]}, "obs.skips"),
    ],
)
def test_what_obs_says_when_it_is_asked_is_told(told: dict, key: str, tmp_path: Path) -> None:
    picture = '{"pictures": 30, "fps": 30, "width": 1, "height": 1, "brightness": 90}'
    machine = linux(tmp_path, told={"obs": json.dumps(told), "camera": picture}, listening=[4455])
    machine.told = {"obs --version": "OBS Studio - 31.0.3", **machine.told}
    assert list(troubles(machine, settings={}, deep=True)) == [key]


class _Program(BaseHTTPRequestHandler):
    """Answers as the program does, to the key "k" * 43."""

    def do_GET(self) -> None:
        known = self.headers.get("Authorization") == f"Bearer {'k' * 43}"
        body = {"/healthz": {"ok": True}, "/api/state": {"telemetry": {"publish_fps": 30.0, "interval_p99_ms": 90.0}}}
        self.send_response(200 if self.path == "/healthz" or known else 401)
        self.end_headers()
        self.wfile.write(json.dumps(body.get(self.path, {})).encode())

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def program_port() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), _Program)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_nothing_is_tried_out_beside_a_program_on_air(tmp_path: Path, program_port: int, folders: Path) -> None:
    machine = linux(tmp_path, listening=[program_port], held={"/dev/video0": [(4, "streamv2v-cam")]})
    write(folders, {"token": "k" * 43})
    (folders / "token").chmod(0o600)
    case = Case(machine, load_settings({"control.port": program_port}))
    report = examine(case)
    keys = {finding.key: finding for finding in report.findings}
    assert not report.case.deep and not any("-c" in command for command in machine.heard)
    assert "camera.busy" not in keys and keys["page.late"].severity is Severity.WARNING
    assert (state_of(report.case) or {})["telemetry"]["publish_fps"] == 30.0


def test_a_program_that_rests_is_in_order_though_nothing_is_drawn(
    tmp_path: Path, program_port: int, folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folders, {"token": "k" * 43})
    (folders / "token").chmod(0o600)
    resting = {"air": {"state": "resting"}, "telemetry": {"publish_fps": 30.0, "engine_fps": 0.0}}
    monkeypatch.setattr("streamv2v_cam.doctor.page.state_of", lambda case: resting)
    keys = found(linux(tmp_path, listening=[program_port]), settings={"control.port": program_port})
    assert keys["page.resting"].severity is Severity.OK and "page.figures" not in keys


def test_a_program_with_another_key_is_told(tmp_path: Path, program_port: int) -> None:
    machine = linux(tmp_path, listening=[program_port])
    assert "page.other-key" in troubles(machine, settings={"control.port": program_port})


def test_a_taken_port_is_worse_where_it_was_asked_for(tmp_path: Path) -> None:
    machine = linux(tmp_path, listening=[8765, 8900])
    assert troubles(machine, settings={})["page.taken"].severity is Severity.WARNING
    assert troubles(machine, settings={"control.port": 8900})["page.taken"].severity is Severity.ERROR


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such rights")
def test_a_key_that_is_none_or_open_to_others_is_told(tmp_path: Path, folders: Path) -> None:
    write(folders, {"token": "k" * 43})
    (folders / "token").chmod(0o644)
    assert "page.open-key" in troubles(linux(tmp_path))
    write(folders, {"token": "k"})
    assert "page.no-key" in troubles(linux(tmp_path))


UNIT = "/home/mia/.config/systemd/user/streamv2v-cam.service"


def test_a_service_that_leads_nowhere_or_has_given_up_is_told(tmp_path: Path) -> None:
    unit = '[Service]\nExecStart="/opt/my cam 5%%/streamv2v-cam" run --no-open\n'
    machine = linux(tmp_path, {UNIT: unit})
    assert "/opt/my cam 5%/streamv2v-cam" in troubles(machine, settings={})["service.moved"].finding
    write(tmp_path, {"/opt/my cam 5%/streamv2v-cam": ""})
    assert "service.fine" in found(machine, settings={})
    machine.told = {**machine.told, "systemctl --user is-failed": "failed"}
    assert "journalctl" in troubles(machine, settings={})["service.failed"].command


@pytest.mark.parametrize(
    ("command", "program"),
    [('"/opt/$$a%%/cam"', "/opt/$$a%/cam"), ('/usr/bin/env "/opt/mia\'s \\"$$a\\"/cam"', '/opt/mia\'s "$a"/cam')],
)
def test_the_place_of_a_service_is_read_as_systemd_reads_it(command: str, program: str, tmp_path: Path) -> None:
    machine = linux(tmp_path, {UNIT: f"[Service]\nExecStart={command} run --no-open\n"})
    assert f"starts {program}, which" in troubles(machine, settings={})["service.moved"].finding


def test_a_model_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    missing = troubles(linux(tmp_path), settings={"engine.model": str(tmp_path / "none.safetensors")})
    assert (
        missing["model.unusable"].severity is Severity.ERROR and "none.safetensors" in missing["model.unusable"].finding
    )


def test_a_model_of_the_hub_that_is_not_fetched_stops_only_who_is_offline(tmp_path: Path) -> None:
    cache = {"engine.model": "somebody/some-model", "engine.cache_dir": str(tmp_path)}
    assert troubles(linux(tmp_path), settings=cache)["model.not-fetched"].severity is Severity.NOTE
    offline = troubles(linux(tmp_path), settings={**cache, "engine.offline": True})
    assert offline["model.not-fetched"].severity is Severity.ERROR


@pytest.mark.parametrize("text", ["[engine]\nslots = 99", "[engine\n", "\xff", "[capture]\nsauce = 'a'"])
def test_broken_settings_are_a_finding_and_stop_no_other(text: str, tmp_path: Path, folders: Path) -> None:
    write(folders, {"settings.toml": text.encode("latin-1")})
    keys = found(linux(tmp_path))
    assert keys["settings.refused"].severity is Severity.ERROR and "loopback.version" in keys and "camera.fine" in keys


def test_broken_looks_are_a_finding(tmp_path: Path, folders: Path) -> None:
    write(folders, {"looks.toml": "[x\n"})
    assert {"looks.refused", "settings.refused"} & set(troubles(linux(tmp_path)))


def test_a_check_that_fails_is_a_finding_and_stops_no_other(tmp_path: Path) -> None:
    class Odd(RecordedMachine):
        def memory_bytes(self):
            raise ZeroDivisionError("odd")

    machine = linux(tmp_path)
    odd = Odd(**{name: getattr(machine, name) for name in machine.__dataclass_fields__})
    keys = found(odd)
    assert "odd" in keys["doctor.resources"].finding and "loopback.version" in keys


WINDOWS_GOOD = {
    "reg query HKLM\\SOFTWARE\\Classes": "InprocServer32",
    "reg query HKLM\\SOFTWARE\\Microsoft": "DisplayVersion    REG_SZ    32.0.1",
    "reg query HKCU": "Value    REG_SZ    Allow",
    "cameras": '{"cameras": [{"index": 0, "name": "Integrated Camera"}]}',
    "virtualcam": '{"version": "0.15.0", "backends": ["obs", "unitycapture"]}',
    "-c": '{"version": "2.13.0", "cuda": "", "gpu": false}',
}


def windows(root: Path, **told) -> RecordedMachine:
    home = root / "Users/mia"
    write(home, {"AppData/Roaming/obs-studio/plugin_config/obs-websocket/config.json": '{"server_enabled": true}'})
    script = root / "streamv2v.lua"
    write(home, {"AppData/Roaming/obs-studio/basic/scenes/a.json": json.dumps({"path": str(script)})})
    write(root, {"streamv2v.lua": ""})
    return RecordedMachine("Windows", root, home, {"USERNAME": "mia"}, told={**WINDOWS_GOOD, **told})


def macos(root: Path, **told) -> RecordedMachine:
    home = root / "Users/mia"
    write(
        root,
        {"Applications/OBS.app/Contents/Info.plist": "<key>CFBundleShortVersionString</key> <string>31.0</string>"},
    )
    home.mkdir(parents=True)
    extension = "*  *  2MMRE5MTB8 com.obsproject.obs-studio.mac-camera-extension (30.0/1) OBS [activated enabled]"
    good = {**WINDOWS_GOOD, "systemextensionsctl": extension, "uname": "arm64", "-c": '{"version": "2.13.0"}'}
    return RecordedMachine("Darwin", root, home, {"USER": "mia"}, told={**good, **told})


def test_a_windows_in_good_order_has_no_trouble(tmp_path: Path) -> None:
    assert not troubles(windows(tmp_path), settings={}, deep=True)


@pytest.mark.parametrize(
    ("told", "key"),
    [
        ({"reg query HKLM\\SOFTWARE\\Classes": (1, "ERROR")}, "obscamera.missing"),
        ({"reg query HKCU": "Value REG_SZ Deny"}, "camera.consent"),
        ({"cameras": '{"cameras": []}'}, "camera.none"),
        ({"-c": (1, "OSError: [WinError 126] DLL load failed")}, "torch.broken"),
        ({"virtualcam": '{"version": "0.15.0", "backends": []}'}, "writer.broken"),
    ],
)
def test_what_a_windows_lacks_is_told_with_its_own_commands(told: dict, key: str, tmp_path: Path) -> None:
    trouble = troubles(windows(tmp_path, **told), settings={}, deep=True)
    assert list(trouble) == [key] and "sudo" not in trouble[key].command


def test_a_mac_wants_its_extension_allowed(tmp_path: Path) -> None:
    mac = macos(tmp_path)
    assert set(troubles(mac, settings={}, deep=True)) == {"obs.server-off"}
    waiting = "*  2MMRE5MTB8 com.obsproject.obs-studio.mac-camera-extension OBS [activated waiting for user]"
    mac.told = {**mac.told, "systemextensionsctl": waiting}
    assert "obscamera.waiting" in troubles(mac, settings={}, deep=True)
    mac.told = {**mac.told, "systemextensionsctl": "0 extension(s)"}
    assert "obscamera.missing" in troubles(mac, settings={}, deep=True)
    assert "obscamera.size" in troubles(mac, settings={"publish.width": 640, "publish.height": 360}, deep=True)


def test_every_trouble_says_what_it_means_what_to_do_and_a_command(tmp_path: Path, folders: Path) -> None:
    write(folders, {"settings.toml": "[engine\n"})
    bare = RecordedMachine(
        "Linux", tmp_path, tmp_path, {}, absent=["torch", "av", "pyvirtualcam"], free=1, memory=(1, 1), clock_s=0.0,
        programs=(), python_version=(3, 9, 0), listening=[8765], member_of=(),
    )  # fmt: skip
    told = [finding for finding in examine(case_of(bare)).findings if finding.severity]
    assert len(told) >= 10
    for finding in told:
        assert finding.meaning and finding.remedy and finding.command, finding.key
        assert all(words.endswith((".", "?")) for words in (finding.finding, finding.meaning, finding.remedy)), finding


def test_what_is_in_order_needs_no_remedy() -> None:
    assert fine("a", "All is well.").as_dict()["command"] == ""
