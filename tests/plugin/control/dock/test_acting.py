"""The dock acts: prompts, sliders, privacy, looks, sources; and it outlives the program."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from patience import until
from playwright.sync_api import expect
from plugin.control.conftest import make_stage
from plugin.control.dock.conftest import Still, colour_of, jpeg, opened
from streamv2v_cam.control import Report
from streamv2v_cam.run.resting import SEALED
from streamv2v_cam.system.accesstoken import AccessToken


def test_a_typed_prompt_is_on_air_and_in_the_history(page, stage):
    for words in ("a snow globe", "a stained glass window"):
        page.fill("#prompt", words)
        page.press("#prompt", "Enter")
        assert until(lambda words=words: stage.store.current.controls.prompt == words)
    page.click("#history-open")
    expect(page.locator("#history button").first).to_have_text("a stained glass window")
    page.click("#history >> text=a snow globe")
    assert until(lambda: stage.store.current.controls.prompt == "a snow globe")
    expect(page.locator("#prompt")).to_have_value("a snow globe")


def test_what_is_being_written_is_not_overwritten_and_escape_takes_it_back(page, stage):
    page.fill("#prompt", "half a thou")
    stage.store.apply({"prompt": "from elsewhere", "strength": 0.11})
    expect(page.locator("#control-strength")).to_have_value("0.11")
    expect(page.locator("#prompt")).to_have_value("half a thou")
    page.press("#prompt", "Escape")
    expect(page.locator("#prompt")).to_have_value("from elsewhere")


def test_what_is_not_sent_is_marked_until_it_is_sent_or_taken_back(page, stage):
    form = page.locator("#prompt-form")
    page.fill("#prompt", "half a thou")
    expect(form).to_have_class("unsent")
    expect(page.locator("#prompt-hint")).to_contain_text("Not sent yet")
    page.click("[data-look=neon]")
    expect(page.locator("[data-look=neon]")).to_have_attribute("aria-pressed", "true")
    expect(form).to_have_class("unsent")
    page.press("#prompt", "Escape")
    expect(page.locator("#prompt")).to_have_value("neon")
    expect(form).not_to_have_class("unsent")
    page.fill("#prompt", "a snow globe")
    page.press("#prompt", "Enter")
    expect(form).not_to_have_class("unsent")


def test_motion_is_a_switch_and_detail_a_slider_that_says_when_it_does_nothing(page, stage):
    motion, detail = page.get_by_label("Smooth motion"), page.get_by_label("Fine lines")
    expect(motion).to_be_checked()
    motion.uncheck()
    assert until(lambda: stage.store.current.controls.motion == "hold")
    stage.store.apply({"motion": "reproject"})
    expect(motion).to_be_checked()
    detail.fill("0.4")
    assert until(lambda: stage.store.current.controls.detail == 0.4)
    stage.report.append(Report("live", resting={"detail": SEALED}))
    expect(detail).to_be_disabled()
    expect(page.locator("#note-detail")).to_contain_text("publish.borrow")


def test_another_variation_is_drawn_and_the_steps_are_spread(page, stage):
    page.click("#more summary")
    seed = stage.store.current.controls.seed
    page.get_by_role("button", name="Another", exact=True).click()
    assert until(lambda: stage.store.current.controls.seed != seed)
    expect(page.get_by_label("Variation", exact=True)).to_have_value(str(stage.store.current.controls.seed))
    page.get_by_label("Way to another variation").fill("8")
    page.get_by_label("Where the steps lie").fill("-0.5")
    assert until(
        lambda: (stage.store.current.controls.seed_travel_s, stage.store.current.controls.step_spread) == (8, -0.5)
    )


def test_a_refused_prompt_is_told(page, stage):
    before = stage.store.current
    page.fill("#prompt", "   ")
    page.click("#apply")
    expect(page.locator("#prompt-refusal")).to_contain_text("words")
    assert stage.store.current is before


def test_a_dragged_slider_acts_while_it_is_dragged(page, stage):
    seen: list[float] = []
    stage.store.subscribe(lambda snapshot: seen.append(snapshot.controls.strength))
    page.locator("#control-strength").hover()
    box = page.locator("#control-strength").bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.down()
    for part in (0.6, 0.7, 0.8, 0.9):
        before = len(seen)
        page.mouse.move(box["x"] + box["width"] * part, middle)
        assert until(lambda before=before: len(seen) > before), "it acts before it is let go"
    page.mouse.up()
    assert seen == sorted(seen)
    assert 0.85 < stage.store.current.controls.strength < 0.95
    expect(page.locator("#sliders output").first).to_have_text(f"{stage.store.current.controls.strength:.2f}")


def test_sliders_have_the_ranges_that_the_server_sends_and_obey_the_keyboard(page, stage):
    with stage.client() as client:
        described = client.get("/api/controls").json()["described"]
    for name in ("strength", "bank_weight", "transition_s"):
        slider = page.locator(f"#control-{name}")
        assert [float(slider.get_attribute(edge)) for edge in ("min", "max", "step")] == [
            described[name][edge] for edge in ("low", "high", "step")
        ]
    page.focus("#control-transition_s")
    page.keyboard.press("End")
    assert until(lambda: stage.store.current.controls.transition_s == 10.0)
    assert page.get_attribute("#control-transition_s", "aria-valuetext") == "10.0 s"


def test_privacy_pressed_twice_in_a_hurry_still_covers_and_leaving_leads_back_to_where_one_was(page, stage):
    page.click("[data-mode=bypass]")
    assert until(lambda: stage.store.current.controls.mode == "bypass")
    box = page.locator("#privacy").bounding_box()
    assert box["height"] >= 48 and box["width"] >= 280
    before = stage.store.current.revision
    page.dblclick("#privacy")
    assert until(lambda: stage.store.current.revision == before + 2)
    assert stage.store.current.controls.mode == "privacy"
    expect(page.locator("#privacy")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#uncover")).to_have_text("Covered. Press to show yourself again")
    page.click("[data-mode=bypass]")
    expect(page.locator("#refusal")).to_contain_text("leave_privacy or effect first")
    assert stage.store.current.controls.mode == "privacy"
    page.click("#uncover")
    assert until(lambda: stage.store.current.controls.mode == "bypass")
    expect(page.locator("#uncover")).to_be_hidden()
    page.click("[data-mode=effect]")
    assert until(lambda: stage.store.current.controls.mode == "effect")


def test_looks_are_chosen_by_click_and_key_and_show_the_users_own_picture(page, stage):
    page.click("[data-look=neon]")
    expect(page.locator("[data-look=neon]")).to_have_attribute("aria-pressed", "true")
    assert (stage.store.current.look, stage.store.current.controls.strength) == ("neon", 0.7)
    page.locator("[data-look=neon]").press("1")
    assert until(lambda: stage.store.current.look == "oil")
    expect(page.locator("[data-look=oil] canvas")).to_have_attribute("data-drawn", "sample")
    stage.thumbnails["oil"] = jpeg((20, 180, 40))
    expect(page.locator("[data-look=oil] canvas")).to_have_attribute("data-drawn", "yours")
    red, green, blue = colour_of(page, "[data-look=oil] canvas")
    assert green > 140 and red < 60 and blue < 80


def test_the_current_setting_is_saved_as_a_look(page, stage):
    stage.store.apply({"prompt": "a snow globe"})
    page.click("#save-open")
    page.fill("#save-title", "Snow globe")
    page.click("#save-go")
    expect(page.locator("[data-look=snow-globe]")).to_have_attribute("aria-pressed", "true")
    page.click("#save-open")
    page.fill("#save-title", "Snow globe")
    page.click("#save-go")
    expect(page.locator("#save-go")).to_have_text("Replace it")
    expect(page.locator("#save-refusal")).to_contain_text("Snow globe")
    page.click("#save-go")
    expect(page.locator("#save-form")).to_be_hidden()


def test_the_picture_on_air_is_live_and_the_camera_shows_while_pressed(page):
    assert until(lambda: page.evaluate("document.querySelector('#picture').naturalWidth") == 160)
    red, _, blue = colour_of(page, "#picture")
    assert red > 150 and blue < 80
    page.hover("#peek")
    page.mouse.down()
    assert until(lambda: page.evaluate("document.querySelector('#source-picture').naturalWidth") == 160)
    red, _, blue = colour_of(page, "#source-picture")
    assert blue > 150 and red < 80
    page.mouse.up()
    expect(page.locator("#source-picture")).to_be_hidden()
    page.focus("#peek")
    page.keyboard.down(" ")
    expect(page.locator("#source-picture")).to_be_visible()
    page.keyboard.up(" ")
    expect(page.locator("#source-picture")).to_be_hidden()


def test_a_picture_that_changes_once_and_then_stands_still_is_shown(browser, tmp_path):
    stage, still = make_stage(tmp_path), Still((200, 30, 30))
    stage.desk.preview = still
    stage.server.start()
    try:
        page = opened(browser, stage.server.dock_address)
        assert until(lambda: page.evaluate("document.querySelector('#picture').naturalWidth") == 160)
        assert colour_of(page, "#picture")[0] > 150
        still.show((30, 30, 200))
        assert until(lambda: colour_of(page, "#picture")[2] > 150)
        page.close()
    finally:
        stage.server.stop()


def test_the_source_is_chosen_from_the_list(page, stage):
    page.click("#about summary")
    page.select_option("#source", label="HD Webcam")
    assert until(lambda: stage.desk.sources.current == "c0ffee")


@contextlib.contextmanager
def program(folder: Path, port: int = 0) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The server in a process of its own, and its port; killed at the end, if not before."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)}
    command = [sys.executable, "-m", "plugin.control.dock.alone", str(folder), str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        try:
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


@pytest.mark.slow
def test_a_program_that_is_killed_is_told_and_one_that_is_started_again_is_found(browser, tmp_path):
    token = AccessToken(tmp_path / "token").current()
    with program(tmp_path) as (process, port):
        page = opened(browser, f"http://127.0.0.1:{port}/#token={token}")
        expect(page.locator("#publish-fps")).to_have_text("30.0", timeout=20_000)
        process.kill()
        expect(page.locator("#gone")).to_contain_text("does not answer", timeout=20_000)
        expect(page.locator("#state")).to_have_text("not answering")
        page.click("#privacy")
        expect(page.locator("#refusal")).to_contain_text("did not arrive")
    with (
        program(tmp_path, port),
        httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {token}"}, trust_env=False
        ) as client,
    ):
        expect(page.locator("#gone")).to_be_hidden(timeout=20_000)
        page.click("#privacy")
        assert until(lambda: client.get("/api/state").json()["mode"] == "privacy")
        page.focus("#control-strength")
        page.keyboard.press("Home")
        assert until(lambda: client.get("/api/state").json()["controls"]["strength"] == 0.0)
        assert until(lambda: page.evaluate("document.querySelector('#picture').naturalWidth") == 160)
    assert page.faults == []
    page.close()
