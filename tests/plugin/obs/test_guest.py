"""With a real OBS: what is added stands where a guest would stand, and nothing a person placed is moved."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from patience import until
from plugin.obs.conftest import SCRIPT, Stage, prompt_of
from streamv2v_cam.obs.host import HostLink
from streamv2v_cam.obs.hotkeys import INPUT_NAME, KEYS_SETTING
from streamv2v_cam.obs.picture import STREAM_NAME, is_dead
from streamv2v_cam.obs.process import ObsProcess, token_of
from streamv2v_cam.obs.seen import items_of
from streamv2v_cam.obs.session import ObsAddress, ObsSession
from streamv2v_cam.obs.setup import Setup

WORDS = "a very long look of many words that no line of a caption holds " * 6


def scene_of(stage: Stage, name: str) -> str:
    """A scene of this name, made anew."""
    stage.ask("CreateScene", sceneName=name)
    return name


def placed(stage: Stage, scene: str, name: str) -> dict[str, Any]:
    items = stage.ask("GetSceneItemList", sceneName=scene)["sceneItems"]
    return next(item for item in items if item["sourceName"] == name)


def test_a_caption_stays_small_and_inside_the_frame_and_where_a_person_puts_it(stage: Stage):
    scene = scene_of(stage, "Caption")
    session = stage.session()
    Setup(session, scene).caption("Said")
    session.request("SetCurrentProgramScene", sceneName=scene)
    session.request("SetInputSettings", inputName="Said", inputSettings={"text": "ink"})
    assert until(lambda: placed(stage, scene, "Said")["sceneItemTransform"]["height"] > 0)
    assert placed(stage, scene, "Said")["sceneItemTransform"]["height"] < 0.15 * 360
    session.request("SetInputSettings", inputName="Said", inputSettings={"text": WORDS})
    assert until(lambda: placed(stage, scene, "Said")["sceneItemTransform"]["height"] > 0.15 * 360)
    now = placed(stage, scene, "Said")["sceneItemTransform"]
    assert now["width"] < 640
    # what grows beyond its bounds is drawn smaller
    assert now["boundsType"] == "OBS_BOUNDS_MAX_ONLY"
    assert (now["boundsWidth"], now["boundsHeight"]) == (576.0, 108.0)
    # its lower edge stands near the foot, its middle in the middle
    assert (now["positionX"], now["alignment"]) == (320.0, 8) and 300 < now["positionY"] <= 360
    item = placed(stage, scene, "Said")["sceneItemId"]
    session.request("SetSceneItemTransform", sceneName=scene, sceneItemId=item, sceneItemTransform={"positionX": 7.0})
    again = Setup(session, scene)
    again.caption("Said")
    session.close()
    assert again.done == ["Said: there already"]
    assert placed(stage, scene, "Said")["sceneItemTransform"]["positionX"] == 7.0


def test_what_a_person_put_into_a_nested_scene_is_not_added_a_second_time(stage: Stage):
    inner, outer = scene_of(stage, "Inner"), scene_of(stage, "Outer")
    stage.ask("CreateSceneItem", sceneName=outer, sourceName=inner)
    session = stage.session()
    Setup(session, inner).prompt_box("Typed here")
    work = Setup(session, outer)
    work.caption("Typed here")
    assert work.done == ["Typed here: there already"]
    assert [item.name for item in items_of(session, outer)] == [inner, "Typed here"]
    session.close()


def test_nobody_is_asked_for_keys_that_are_given(stage: Stage):
    # the fixture's script holds a key for look 9; OBS saves, and the script says so
    stage.ask("CreateScene", sceneName="Saved by this")

    def keys() -> int:
        return stage.ask("GetInputSettings", inputName=INPUT_NAME)["inputSettings"].get(KEYS_SETTING, 0)

    assert until(lambda: keys() == 1)
    session = stage.session()
    work = Setup(session, "Main")
    work.hotkey_input(str(SCRIPT))
    session.close()
    assert work.to_do == []


def test_a_second_process_does_nothing_until_the_first_has_ended(stage: Stage, caplog: pytest.LogCaptureFixture):
    first = stage.begin()
    second = ObsProcess(stage.process_settings(host="localhost"), password=lambda: stage.obs.password)
    second.start()
    try:
        assert until(lambda: second.host.refused)
        assert "An OBS process runs already" in caplog.text and not first.host.refused
        seen: list[str | None] = []
        unsubscribe = stage.app.store.subscribe(lambda snapshot: seen.append(snapshot.look))
        stage.press("look_4")
        assert until(lambda: seen)
        stage.press("look_5")
        assert until(lambda: len(set(seen)) == 2)
        unsubscribe()
        assert len(seen) == 2, "a press counted twice"
        stage.end()
        assert until(lambda: not second.host.refused, within_s=40)
        before = stage.look
        # a press before its first turn counts as past: people press again
        assert until(lambda: stage.press("next_look") or stage.look != before)
    finally:
        second.stop()


def test_a_picture_that_is_dead_in_obs_is_opened_again_and_a_proxy_of_obs_is_not_asked(stage: Stage):
    scene = scene_of(stage, "Dead picture")
    address = HostLink(stage.app.panel.server.address, token_of(stage.settings)).get("/api/stream")["air"]
    # what OBS is left with when the program went while another scene was on air: settings that it does not retry
    session = stage.session()
    Setup(session, scene).stream(address)
    stage.ask("SetInputSettings", inputName=STREAM_NAME, inputSettings={"input": address + "-void"})
    session.request("SetCurrentProgramScene", sceneName=scene)
    assert until(lambda: is_dead(session, scene))
    stage.begin()
    assert until(lambda: not is_dead(session, scene), within_s=30)
    held = session.request("GetInputSettings", inputName=STREAM_NAME)["inputSettings"]
    session.close()
    assert held["input"] == address and held["ffmpeg_options"] == "http_proxy=none"
    assert stage.air.wait_for(prompt_of("look1"))


@pytest.mark.parametrize("host", [pytest.param("::1", marks=pytest.mark.slow), "[::1]"])
def test_obs_answers_on_the_loopback_of_ipv6(stage: Stage, host: str):
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    address = ObsAddress(host, stage.obs.port, stage.obs.password)
    assert str(address) == f"[::1]:{stage.obs.port}"
    session = ObsSession(address, lambda name, data: None)
    assert session.version
    session.close()
