"""With a real OBS: what is pressed, typed and switched there is on air here."""

from __future__ import annotations

import time
from typing import Any

import pytest
from patience import until
from plugin.obs.conftest import NAMES, Stage, has_tint, prompt_of


def test_a_hotkey_of_obs_changes_the_look_in_the_run_and_in_the_published_pictures(stage: Stage):
    stage.begin()
    assert stage.air.wait_for(prompt_of("look1"))
    stage.press("next_look")
    assert until(lambda: stage.look == "look2")
    assert stage.air.wait_for(prompt_of("look2"))
    stage.press("look_7")
    assert stage.air.wait_for(prompt_of("look7"))
    stage.press("previous_look")
    assert stage.air.wait_for(prompt_of("look6"))


def test_every_hotkey_of_the_script_does_what_it_says(stage: Stage):
    stage.begin()
    controls = lambda: stage.app.store.current.controls  # noqa: E731
    strength, resets = controls().strength, stage.app.store.current.bank_resets
    stage.press("strength_up")
    assert until(lambda: controls().strength > strength)
    stage.press("strength_down")
    assert until(lambda: abs(controls().strength - strength) < 1e-6)
    for key, mode in (("bypass", "bypass"), ("bypass", "effect"), ("freeze", "freeze"), ("freeze", "effect")):
        stage.press(key)
        assert until(lambda wanted=mode: controls().mode == wanted), key
    stage.press("privacy", "privacy")
    assert until(lambda: controls().mode == "privacy")
    stage.press("reset")
    assert until(lambda: stage.app.store.current.bank_resets == resets + 1)
    assert controls().mode == "privacy"
    stage.press("leave_privacy")
    assert until(lambda: controls().mode == "effect")
    stage.press("privacy", "effect")
    assert until(lambda: controls().mode == "effect")


def test_fifty_presses_in_two_seconds_arrive_exactly_once_each_and_in_order(stage: Stage):
    stage.begin()
    seen: list[str | None] = []
    unsubscribe = stage.app.store.subscribe(lambda snapshot: seen.append(snapshot.look))
    keys = [f"look_{number % 9 + 1}" for number in range(50)]
    session, began_s = stage.session(), time.monotonic()
    for number, key in enumerate(keys):
        time.sleep(max(0.0, began_s + number * 0.04 - time.monotonic()))
        session.request("TriggerHotkeyByName", hotkeyName=f"streamv2v.{key}")
    session.close()
    assert until(lambda: len(seen) >= 50)
    time.sleep(0.5)
    unsubscribe()
    assert seen == [key.replace("look_", "look") for key in keys]


def test_while_looks_change_every_published_picture_is_of_a_look_that_was_chosen(stage: Stage):
    stage.begin()
    assert stage.air.wait_for(prompt_of("look1"))
    # moved pictures fade from one to the next, over looks as well: here each is to be the engine's own
    stage.app.store.apply({"motion": "hold"})
    assert until(lambda: stage.air.shows(prompt_of("look1")))
    stage.air.kept = []
    for number in range(2, 10):
        stage.press(f"look_{number}")
        assert stage.air.wait_for(prompt_of(f"look{number}"))
    kept, stage.air.kept = stage.air.kept, None
    stage.app.store.apply({"motion": "reproject"})
    # no slate, no black, grey or half-drawn picture, and none of a look that is over
    order = [next((name for name in NAMES if has_tint(picture, prompt_of(name))), "none") for picture in kept]
    assert "none" not in order
    assert order == sorted(order) and set(order) == set(NAMES)


def test_a_key_bound_in_the_settings_of_the_script_works(stage: Stage):
    stage.begin()
    stage.ask("TriggerHotkeyByKeySequence", keyId="OBS_KEY_F9", keyModifiers={"control": True})
    assert stage.air.wait_for(prompt_of("look9"))
    # what the script was not given can only have come from its own saving
    assert until(lambda: '"streamv2v.next_look"' in stage.obs.saved_scenes)


def test_presses_from_before_the_start_are_past(stage: Stage):
    stage.press("look_5", "look_6")
    stage.begin()
    time.sleep(0.5)
    assert stage.look == "look1"
    stage.press("next_look")
    assert until(lambda: stage.look == "look2")


def test_switching_the_scene_and_showing_a_source_choose_looks(stage: Stage):
    _add(stage, "Game", "Marker", {"text": "marker"}, shown=False)
    stage.begin(scenes={"Game": "look3", "Talk": "4"}, sources={"Marker": "look8"})
    stage.ask("SetCurrentProgramScene", sceneName="Game")
    assert stage.air.wait_for(prompt_of("look3"))
    stage.ask("SetCurrentProgramScene", sceneName="Talk")
    assert stage.air.wait_for(prompt_of("look4"))
    marker = stage.ask("GetSceneItemId", sceneName="Game", sourceName="Marker")["sceneItemId"]
    stage.ask("SetSceneItemEnabled", sceneName="Game", sceneItemId=marker, sceneItemEnabled=True)
    stage.ask("SetSceneItemEnabled", sceneName="Game", sceneItemId=marker, sceneItemEnabled=False)
    time.sleep(0.5)
    assert stage.look == "look4", "a source of a scene that nobody sees chose the look"
    stage.ask("SetCurrentProgramScene", sceneName="Game")
    assert until(lambda: stage.look == "look3")
    stage.ask("SetSceneItemEnabled", sceneName="Game", sceneItemId=marker, sceneItemEnabled=True)
    assert stage.air.wait_for(prompt_of("look8"))


def test_an_edited_text_source_becomes_the_prompt_once_typing_pauses(stage: Stage):
    _add(stage, "Main", "Prompt", {"text": "what stood there"})
    stage.begin(prompt_source="Prompt")
    prompts: list[str] = []
    unsubscribe = stage.app.store.subscribe(lambda snapshot: prompts.append(snapshot.controls.prompt))
    words = "a paper fox in the snow"
    session = stage.session()
    for end in range(2, len(words) + 1, 7):
        session.request("SetInputSettings", inputName="Prompt", inputSettings={"text": words[:end]})
        time.sleep(0.1)
    session.request("SetInputSettings", inputName="Prompt", inputSettings={"text": words})
    session.close()
    assert stage.air.wait_for(words)
    unsubscribe()
    assert prompts == [words]


def test_the_caption_in_obs_says_what_is_on_air(stage: Stage):
    _add(stage, "Main", "Caption", {"text": ""})
    stage.begin(caption_source="Caption", caption="{look}: {prompt}")
    assert until(lambda: _text(stage, "Caption") == f"look1: {prompt_of('look1')}")
    stage.press("look_5")
    assert until(lambda: _text(stage, "Caption") == f"look5: {prompt_of('look5')}")


def test_sources_that_are_named_and_not_there_are_said_once_and_found_when_they_come(
    stage: Stage, caplog: pytest.LogCaptureFixture
):
    stage.begin(prompt_source="Later prompt", caption_source="Later caption", scenes={"Gone": "look2"})
    assert until(lambda: "obs.caption_source" in caplog.text and "obs.prompt_source" in caplog.text)
    _add(stage, "Main", "Later prompt", {"text": ""})
    _add(stage, "Main", "Later caption", {"text": ""})
    assert until(lambda: _text(stage, "Later caption") == prompt_of("look1"))
    stage.ask("SetInputSettings", inputName="Later prompt", inputSettings={"text": "a paper fox"})
    assert until(lambda: _text(stage, "Later caption") == "a paper fox")
    assert caplog.text.count("Later caption") == 1


def test_other_tools_hear_of_changes_and_can_ask_for_them_by_custom_events(stage: Stage):
    from streamv2v_cam.obs.session import ObsSession

    heard: list[Any] = []
    other = ObsSession(stage.address, lambda name, data: heard.append(data) if name == "CustomEvent" else None)
    stage.begin()
    other.request("BroadcastCustomEvent", eventData={"streamv2v_command": {"command": "look", "number": 6}})
    assert until(lambda: stage.look == "look6")
    assert until(lambda: any(data.get("streamv2v", {}).get("look") == "look6" for data in heard))
    other.close()


def _add(stage: Stage, scene: str, name: str, settings: dict[str, Any], *, shown: bool = True) -> None:
    stage.ask(
        "CreateInput",
        sceneName=scene,
        inputName=name,
        inputKind="text_ft2_source_v2",
        inputSettings=settings,
        sceneItemEnabled=shown,
    )


def _text(stage: Stage, name: str) -> str:
    return stage.ask("GetInputSettings", inputName=name)["inputSettings"].get("text", "")
