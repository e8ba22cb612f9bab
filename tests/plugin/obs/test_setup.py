"""With a real OBS: setting it up twice changes nothing the second time, our picture is seen in it, voices wait."""

from __future__ import annotations

import base64
from typing import Any

import cv2
import numpy as np
import pytest
from patience import until
from plugin.obs.conftest import SCRIPT, Stage, has_tint, prompt_of
from streamv2v_cam.obs import lipsync
from streamv2v_cam.obs.errors import ObsError
from streamv2v_cam.obs.host import HostLink
from streamv2v_cam.obs.hotkeys import INPUT_NAME, KEYS_SETTING
from streamv2v_cam.obs.picture import STREAM_NAME
from streamv2v_cam.obs.process import token_of
from streamv2v_cam.obs.setup import CAMERA_NAME, Setup, _device_of_linux


def sources(stage: Stage, scene: str) -> list[tuple[str, bool]]:
    """Name and visibility of everything in a scene."""
    items = stage.ask("GetSceneItemList", sceneName=scene)["sceneItems"]
    return sorted((item["sourceName"], item["sceneItemEnabled"]) for item in items)


def set_up(stage: Stage, scene: str, address: str) -> Setup:
    session = stage.session()
    work = Setup(session, scene)
    work.hotkey_input(str(SCRIPT))
    work.camera("/dev/video99")
    work.stream(address)
    work.caption("A caption")
    work.prompt_box("A prompt box")
    session.close()
    return work


def test_setting_up_twice_adds_everything_once(stage: Stage):
    stage.ask("CreateScene", sceneName="Setup")
    first = set_up(stage, "Setup", "http://127.0.0.1:9/none.mjpg")
    once = sources(stage, "Setup")
    assert {name for name, _ in once} == {CAMERA_NAME, STREAM_NAME, "A caption", "A prompt box"}
    assert ("A prompt box", False) in once and ("A caption", True) in once
    assert [line.partition(": ")[2] for line in first.done] == [
        "there already, in another scene",
        *["added"] * 3,
        "added, hidden",
    ]
    second = set_up(stage, "Setup", "http://127.0.0.1:9/none.mjpg")
    assert sources(stage, "Setup") == once
    assert all("there already" in line for line in second.done)
    third = set_up(stage, "Talk", "http://127.0.0.1:9/none.mjpg")
    assert ("A caption", True) in sources(stage, "Talk")
    assert f"{CAMERA_NAME}: taken over from another scene" in third.done


def test_a_person_is_told_what_is_left_to_click(stage: Stage):
    session = stage.session()
    # as it stands where no hotkey has a key yet
    session.request("SetInputSettings", inputName=INPUT_NAME, inputSettings={KEYS_SETTING: 0})
    work = Setup(session, "Main")
    work.hotkey_input(str(SCRIPT))
    session.close()
    said = " ".join(work.to_do)
    assert "Settings > Hotkeys" in said
    # the script is loaded in this OBS, so nobody is sent to add it
    assert "Tools > Scripts" not in said


@pytest.mark.skipif(_device_of_linux() is not None, reason="this machine has a v4l2loopback node")
def test_without_a_virtual_camera_no_empty_source_is_added_and_the_way_on_is_said(stage: Stage):
    session = stage.session()
    work = Setup(session, "Game")
    work.camera()
    session.close()
    assert not work.done and CAMERA_NAME not in dict(sources(stage, "Game"))
    assert "--picture stream" in work.to_do[0]


def test_a_scene_that_is_not_there_is_refused_with_those_that_are(stage: Stage):
    session = stage.session()
    with pytest.raises(ObsError, match=r"no scene 'Gone'; there are Main, .*Game, Talk"):
        Setup(session, "Gone")
    session.close()


def test_a_picture_taken_through_obs_shows_our_styled_picture_and_follows_the_look(stage: Stage):
    stage.begin()
    stage.ask("CreateScene", sceneName="Picture")
    session = stage.session()
    address = HostLink(stage.app.panel.server.address, token_of(stage.settings)).get("/api/stream")["air"]
    Setup(session, "Picture").stream(address)
    stage.ask("SetCurrentProgramScene", sceneName="Picture")

    def seen(prompt: str) -> bool:
        picture = screenshot(session, "Picture")
        return picture is not None and has_tint(picture, prompt)

    assert until(lambda: seen(prompt_of("look1")), within_s=40)
    stage.press("look_4")
    assert until(lambda: seen(prompt_of("look4")))
    session.close()


def screenshot(session: Any, name: str) -> np.ndarray | None:
    """What OBS shows of a source where our picture is: RGB [H, W, 3]; None while there is nothing."""
    data = session.request("GetSourceScreenshot", sourceName=name, imageFormat="png")["imageData"]
    flat = np.frombuffer(base64.b64decode(data.partition(",")[2]), np.uint8)
    picture = cv2.imdecode(flat, cv2.IMREAD_UNCHANGED)
    if picture is None or picture.shape[2] != 4 or not picture[..., 3].any():
        return None
    inside = picture[:180, :320]
    return cv2.cvtColor(inside, cv2.COLOR_BGRA2RGB)


def test_the_microphone_is_held_back_by_the_measured_latency(stage: Stage):
    stage.ask(
        "CreateInput",
        sceneName="Main",
        inputName="Microphone",
        inputKind="alsa_input_capture",
        inputSettings={},
        sceneItemEnabled=True,
    )
    session = stage.session()
    assert lipsync.microphone(session, None) == "Microphone"
    assert lipsync.set_offset(session, "Microphone", 120) == 0
    assert lipsync.set_offset(session, "Microphone", 0) == 120
    stage.begin(audio_sync=True)

    def offset_ms() -> float:
        return session.request("GetInputAudioSyncOffset", inputName="Microphone")["inputAudioSyncOffset"]

    assert until(lambda: offset_ms() > 0)
    assert abs(offset_ms() - stage.app.telemetry.snapshot().latency_p50_ms) < 500
    with pytest.raises(ObsError, match="cannot be held back"):
        lipsync.set_offset(session, "No such input", 10)
    session.close()
