"""The control panel in a real run: sources by identity, the camera's own picture, thumbnails, addresses."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import httpx
import numpy as np
import pytest
from patience import until
from plugin.run.test_app import ENTRY, settings
from streamv2v_cam.capture import CameraInfo
from streamv2v_cam.control.names import lan_addresses
from streamv2v_cam.errors import SourceError
from streamv2v_cam.frame import Frame
from streamv2v_cam.mailbox import Mailbox
from streamv2v_cam.run.app import App
from streamv2v_cam.run.panel import CameraSources, _title, camera_on_air, identity
from streamv2v_cam.settings.model import CaptureSettings
from streamv2v_cam.system.accesstoken import AccessToken

DESK_CAMERA = CameraInfo(0, "HD Webcam", "/dev/video0", 200, 0x46D, 0x825, "usb-1.2")


@pytest.fixture(autouse=True)
def _own_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("STREAMV2V_CONFIG", str(tmp_path / "settings.toml"))


class Switched:
    """Stands for the capture thread: remembers what it was told to open."""

    def __init__(self) -> None:
        self.opened = []

    def switch(self, open) -> None:
        self.opened.append(open)


@pytest.fixture
def sources(monkeypatch):
    monkeypatch.setattr("streamv2v_cam.run.panel.list_cameras", lambda: [DESK_CAMERA])
    capture = Switched()
    sources = CameraSources(CaptureSettings(source="/home/me/talk.mp4"), capture, lambda: "first")  # type: ignore
    return sources, capture


def test_cameras_are_chosen_by_an_id_that_tells_no_path(sources):
    sources, capture = sources
    choices = sources.choices()
    assert [choice.title for choice in choices] == ["As at the start: talk.mp4", "HD Webcam", "Drawn presenter"]
    assert [choice.current for choice in choices] == [True, False, False]
    chosen = sources.switch(identity(DESK_CAMERA))
    assert (chosen.title, chosen.current) == ("HD Webcam", True)
    assert sources.switch("start").current
    assert capture.opened[1]() == "first"


@pytest.mark.parametrize("wanted", ["/dev/video0", "0", "HD Webcam", "camera", "talk.mp4", ""])
def test_nothing_but_an_id_of_the_list_is_opened(sources, wanted):
    sources, capture = sources
    with pytest.raises(SourceError):
        sources.switch(wanted)
    assert capture.opened == []


def test_the_id_follows_a_camera_to_another_number_and_not_to_another_plug():
    assert identity(DESK_CAMERA) == identity(CameraInfo(3, "HD Webcam", "/dev/video3", 200, 0x46D, 0x825, "usb-1.2"))
    assert identity(DESK_CAMERA) != identity(CameraInfo(0, "HD Webcam", "/dev/video0", 200, 0x46D, 0x825, "usb-1.3"))


def test_the_picture_on_air_is_told_as_that_of_the_camera_that_is_read_and_not_of_its_twin(monkeypatch):
    twin = replace(DESK_CAMERA, index=2, path="/dev/video2", bus="usb-1.3")
    monkeypatch.setattr("streamv2v_cam.run.panel.list_cameras", lambda: [DESK_CAMERA, twin])
    raw = Mailbox[Frame]()
    capture = SimpleNamespace(camera=twin, source_name="camera 'HD Webcam' (640x480 at 30)")
    assert camera_on_air(capture, raw) is None  # type: ignore[arg-type]
    raw.put(Frame(np.zeros((2, 2, 3), np.uint8), 0, 0.0))
    told = camera_on_air(capture, raw)  # type: ignore[arg-type]
    assert told is not None and told[0] == identity(twin)
    assert camera_on_air(SimpleNamespace(camera=None), raw) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("spec", "title"),
    [
        ("rtsp://me:secret@camera.example/live", "camera.example"),
        ("http://user:secret@127.0.0.1:9123/clip.mp4?sig=secret", "clip.mp4"),
        ("rtsp://cam:554/user=admin_password=secret_channel=1.sdp", "cam:554"),
        ("https://media.example/live/secretkey", "media.example"),
        ("http:/me:secret@camera.example/live", "http:…"),
        ("/home/me/talk@home.mp4", "talk@home.mp4"),
        ("rtsp://me:secret@camera.example", "camera.example"),
        ("C:\\Films\\talk.mp4", "talk.mp4"),
    ],
)
def test_a_source_is_named_without_passwords_and_folders(spec, title):
    assert _title(spec) == title


@pytest.mark.skipif(not lan_addresses(), reason="this machine is in no network")
@pytest.mark.parametrize("lan", [True, False])
def test_letting_the_network_in_is_warned_about(lan):
    said: list[str] = []
    app = App(settings(control_lan=lan), entry=ENTRY)
    try:
        app.panel.start(said.append)
        assert any("WARNING" in line for line in said) is lan
        assert any(f"http://{lan_addresses()[0]}:" in line for line in said) is lan
    finally:
        app.stop()


def test_a_run_shows_and_takes_what_the_panel_offers(tmp_path, capfd):
    app = App(settings(), entry=ENTRY)
    app.start()
    try:
        server = app.panel.server
        token = AccessToken(tmp_path / "token").current()
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=server.address, headers=headers, timeout=20, trust_env=False) as client:
            assert until(lambda: client.get("/api/state").json()["air"]["state"] == "live")
            assert client.post("/api/commands", json={"command": "privacy"}).is_success
            assert until(lambda: client.get("/api/state").json()["air"]["state"] == "privacy")
            with client.stream("GET", client.get("/api/stream").json()["source"]) as stream:
                assert any(b"\xff\xd8" in chunk for chunk in stream.iter_bytes())
            saved = client.post("/api/looks", json={"title": "Mine"}).json()
            assert saved["look"] == "mine"
            assert "[mine]" in (tmp_path / "looks.toml").read_text()
            # other cameras may be plugged into this machine; the presenter is drawn on every one
            assert client.post("/api/source", json={"id": "presenter"}).json()["title"] == "Drawn presenter"
        said = capfd.readouterr().err.replace("\n", "")
        assert f"#token={token}" in said
        assert token not in str(app.summary())
    finally:
        app.stop()
