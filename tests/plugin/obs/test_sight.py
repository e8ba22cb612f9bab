"""With a real OBS: sources choose looks wherever they come into sight, and prompt boxes in every shape."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from patience import until
from plugin.obs.conftest import Stage

TEXT = "text_ft2_source_v2"


def add(stage: Stage, scene: str, name: str, *, shown: bool = True, **settings: object) -> int:
    answer = stage.ask(
        "CreateInput",
        sceneName=scene,
        inputName=name,
        inputKind=TEXT,
        inputSettings={"text": "-", **settings},
        sceneItemEnabled=shown,
    )
    return answer["sceneItemId"]


def show(stage: Stage, scene: str, item: int, *, shown: bool = True) -> None:
    stage.ask("SetSceneItemEnabled", sceneName=scene, sceneItemId=item, sceneItemEnabled=shown)


def test_a_source_in_a_nested_scene_and_one_visible_when_its_scene_comes_choose_looks(stage: Stage):
    for name in ("Weather", "Evening"):
        stage.ask("CreateScene", sceneName=name)
    snow = add(stage, "Weather", "Snow", shown=False)
    stage.ask("CreateSceneItem", sceneName="Main", sourceName="Weather")
    add(stage, "Evening", "Lamp")
    stage.begin(sources={"Snow": "look3", "Lamp": "look5"}, scenes={"Evening": "look2"})
    show(stage, "Weather", snow)
    assert until(lambda: stage.look == "look3")
    stage.ask("SetCurrentProgramScene", sceneName="Evening")
    assert until(lambda: stage.look == "look5")
    stage.press("next_look")
    assert until(lambda: stage.look != "look5")
    # hidden and shown at once, faster than anybody asks
    show(stage, "Weather", snow, shown=False)
    stage.ask("SetCurrentProgramScene", sceneName="Main")
    show(stage, "Weather", snow)
    assert until(lambda: stage.look == "look3")


def test_in_studio_mode_what_is_only_prepared_chooses_nothing(stage: Stage):
    stage.ask("CreateScene", sceneName="Prepared")
    moon = add(stage, "Prepared", "Moon", shown=False)
    stage.begin(sources={"Moon": "look8"}, scenes={"Prepared": "look6"})
    stage.ask("SetStudioModeEnabled", studioModeEnabled=True)
    try:
        stage.ask("SetCurrentPreviewScene", sceneName="Prepared")
        show(stage, "Prepared", moon)
        time.sleep(0.4)
        assert stage.look == "look1"
        stage.ask("TriggerStudioModeTransition")
        assert until(lambda: stage.look == "look8")
    finally:
        stage.ask("SetStudioModeEnabled", studioModeEnabled=False)


def test_a_prompt_box_that_reads_from_a_file_gives_what_stands_in_the_file(stage: Stage, tmp_path: Path):
    words = tmp_path / "words.txt"
    words.write_bytes(b"\xef\xbb\xbfwhat stood there")
    add(stage, "Main", "From file", from_file=True, text_file=str(words))
    stage.begin(prompt_source="From file")
    words.write_text("a paper fox\nin the snow\n")
    assert until(lambda: stage.app.store.current.controls.prompt == "a paper fox in the snow")


def test_a_prompt_box_that_is_renamed_or_removed_is_said_once_with_its_old_name(
    stage: Stage, caplog: pytest.LogCaptureFixture
):
    add(stage, "Main", "Old name")
    stage.begin(prompt_source="Old name")
    stage.ask("SetInputName", inputName="Old name", newInputName="New name")
    assert until(lambda: "'Old name' of OBS is called 'New name' now" in caplog.text)
    stage.ask("SetInputName", inputName="New name", newInputName="Old name")
    stage.ask("SetInputSettings", inputName="Old name", inputSettings={"text": "a paper boat"})
    assert until(lambda: stage.app.store.current.controls.prompt == "a paper boat")
    stage.ask("RemoveInput", inputName="Old name")
    assert until(lambda: "'Old name' of OBS was removed" in caplog.text)
    time.sleep(0.6)
    assert caplog.text.count("'Old name'") == 2
