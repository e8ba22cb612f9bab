"""Looks on the dock: kept under a key, arranged, deleted, out to a file and in again; refusals beside the form."""

from __future__ import annotations

import pytest
from patience import until
from playwright.sync_api import expect


def keep(page, title: str, key: str = "") -> None:
    page.click("#save-open")
    page.fill("#save-title", title)
    page.select_option("#save-key", key)
    page.click("#save-go")


def test_a_look_is_kept_under_a_key_and_the_key_puts_it_on_air(page, stage):
    stage.store.apply({"prompt": "a snow globe"})
    keep(page, "雪", "1")
    expect(page.locator("#save-form")).to_be_hidden()
    expect(page.locator("#looks .look").first).to_contain_text("雪")
    expect(page.locator("[data-look=oil]")).to_contain_text("3" if len(stage.desk.looks) < 3 else "Oil")
    page.click("[data-look=neon]")
    page.locator("[data-look=neon]").press("1")
    assert until(lambda: stage.store.current.controls.prompt == "a snow globe")
    assert dict(stage.desk.looks.numbers) == {stage.desk.looks.titled("雪").name: 1, "neon": 2, "oil": 3}


def test_a_taken_name_is_asked_about_beside_the_form_in_a_small_dock(page, stage):
    page.set_viewport_size({"width": 360, "height": 700})
    keep(page, "oil")
    expect(page.locator("#save-refusal")).to_be_in_viewport()
    expect(page.locator("#save-refusal")).to_contain_text("Oil")
    page.fill("#save-title", "oil of mine")
    expect(page.locator("#save-refusal")).to_be_hidden()
    page.click("#save-go")
    expect(page.locator("[data-look=oil-of-mine]")).to_be_visible()


def test_looks_are_renamed_moved_copied_and_deleted_while_none_goes_on_air(page, stage):
    keep(page, "Mine")
    page.click("#arrange-open")
    page.click("[data-look=neon]")
    assert stage.store.current.look == "mine", "taken in hand, not on air"
    expect(page.locator("#arrange-delete")).to_be_disabled()
    page.click("#arrange-copy")
    expect(page.locator("#arrange-title")).to_have_value("Neon 2")
    page.fill("#arrange-title", "oil")
    page.click("#arrange-rename")
    expect(page.locator("#arrange-refusal")).to_contain_text("already")
    page.fill("#arrange-title", "Акварель")
    expect(page.locator("#arrange-refusal")).to_be_hidden()
    page.click("#arrange-rename")
    expect(page.locator("[data-look=neon-2]")).to_contain_text("Акварель")
    page.select_option("#arrange-key", "1")
    assert until(lambda: stage.desk.looks.names[0] == "neon-2")
    page.click("#arrange-later")
    assert until(lambda: stage.desk.looks.names[1] == "neon-2")
    page.click("#arrange-delete")
    assert "neon-2" in stage.desk.looks, "one press is not enough"
    page.click("#arrange-delete")
    expect(page.locator("[data-look=neon-2]")).to_have_count(0)
    page.click("#arrange-open")
    page.click("[data-look=oil]")
    assert until(lambda: stage.store.current.look == "oil")


def test_looks_go_out_to_a_file_and_come_in_again(page, stage, tmp_path):
    keep(page, "Mine")
    expect(page.locator("[data-look=mine]")).to_have_attribute("aria-pressed", "true")
    page.click("#arrange-open")
    expect(page.locator("#arrange-title")).to_have_value("Mine")
    with page.expect_download() as waiting:
        page.click("#export-all")
    file = tmp_path / "out.toml"
    waiting.value.save_as(file)
    page.click("#arrange-delete")
    page.click("#arrange-delete")
    expect(page.locator("[data-look=mine]")).to_have_count(0)
    page.set_input_files("#import-file", file)
    expect(page.locator("[data-look=mine]")).to_be_visible()
    file.write_text(file.read_text().replace("seed = 2", "seed = 5"))
    page.set_input_files("#import-file", file)
    expect(page.locator("#arrange-refusal")).to_contain_text("Mine")
    page.click("#import-replace")
    assert until(lambda: stage.desk.looks.get("mine").values["seed"] == 5)
    file.write_text("[nothing")
    page.set_input_files("#import-file", file)
    expect(page.locator("#arrange-refusal")).to_contain_text("not valid TOML")


@pytest.mark.parametrize("width", [360, 400])
def test_the_first_screen_of_a_dock_has_picture_privacy_prompt_and_the_first_looks(page, width):
    page.set_viewport_size({"width": width, "height": 700})
    for part in ("#picture", "#privacy", "#prompt", "#apply", "[data-look=oil] .title", "[data-look=neon] .title"):
        expect(page.locator(part)).to_be_in_viewport(ratio=1)


def test_mirror_fit_zoom_and_camera_stand_before_the_fine_tuning(page):
    places = [
        page.locator(part).evaluate("(item) => item.getBoundingClientRect().top")
        for part in ("#control-strength", "#source", "#control-mirror", "#control-fit", "#control-zoom", "#more")
    ]
    assert places == sorted(places)
    expect(page.locator("#control-feedback")).to_be_hidden()


def test_a_control_that_does_nothing_looks_it_and_says_why(page, stage):
    from dataclasses import replace

    page.click("#more summary")
    expect(page.locator("#control-negative_prompt")).to_be_enabled()
    stage.report.append(replace(stage.report[-1], resting={"negative_prompt": "Does nothing: guidance is off."}))
    expect(page.locator("#control-negative_prompt")).to_be_disabled()
    expect(page.locator("#note-negative_prompt")).to_have_text("Does nothing: guidance is off.")
    assert page.get_attribute("#control-negative_prompt", "aria-describedby") == "note-negative_prompt"
    stage.report.append(replace(stage.report[-1], resting={}))
    expect(page.locator("#control-negative_prompt")).to_be_enabled()
