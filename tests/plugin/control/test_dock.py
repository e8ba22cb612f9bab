"""The dock in a real browser: it shows what is on air, changes it, and says when the program is gone."""

from __future__ import annotations

import re
import shutil
import time

import numpy as np
import pytest
from patience import until
from playwright.sync_api import expect, sync_playwright
from plugin.control.conftest import make_stage
from streamv2v_cam.control import Report
from streamv2v_cam.opencv import cv2

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium or Chrome is installed here")

HOSTILE = "<img src=x onerror=alert(1)>"


def jpeg(colour: tuple[int, int, int]) -> bytes:
    return cv2.imencode(".jpg", np.full((90, 160, 3), colour[::-1], np.uint8))[1].tobytes()


class OneColour:
    """A live picture of one colour."""

    def __init__(self, colour: tuple[int, int, int]) -> None:
        self._jpeg, self._sequence = jpeg(colour), 0

    def wait_newer(self, last_sequence: int, timeout_s: float) -> tuple[int, bytes] | None:
        time.sleep(0.1)
        self._sequence += 1
        return self._sequence, self._jpeg


class Still:
    """A picture that changes only when it is told to."""

    def __init__(self, colour: tuple[int, int, int]) -> None:
        self._newest = (1, jpeg(colour))

    def show(self, colour: tuple[int, int, int]) -> None:
        self._newest = (self._newest[0] + 1, jpeg(colour))

    def wait_newer(self, last_sequence: int, timeout_s: float) -> tuple[int, bytes] | None:
        time.sleep(0.1)
        return self._newest if self._newest[0] > last_sequence else None


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield chromium
        chromium.close()


def show_on(stage):
    stage.desk.preview, stage.desk.source_preview = OneColour((200, 30, 30)), OneColour((30, 30, 200))
    stage.desk.telemetry = lambda: {
        "capture_fps": 29.8,
        "engine_fps": 11.04,
        "publish_fps": 29.97,
        "latency_p50_ms": 81.2,
        "latency_p95_ms": 120.4,
    }
    return stage


@pytest.fixture
def stage(tmp_path):
    stage = show_on(make_stage(tmp_path))
    stage.server.start()
    yield stage
    stage.server.stop()


def opened(browser, address, **more):
    page = browser.new_page(**{"viewport": {"width": 320, "height": 1000}, **more})
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on("dialog", lambda dialog: page.faults.append(dialog.message))
    page.on("console", lambda line: page.faults.append(line.text) if "Content Security" in line.text else None)
    page.goto(address, wait_until="domcontentloaded")
    return page


@pytest.fixture
def page(browser, stage):
    page = opened(browser, stage.server.dock_address)
    expect(page.locator("#publish-fps")).to_have_text("30.0", timeout=20_000)
    yield page
    assert page.faults == []
    page.close()


def colour_of(page, selector: str) -> list[int]:
    """The middle of an image as it is drawn."""
    return page.evaluate(
        """(selector) => {
            const canvas = document.createElement("canvas");
            canvas.width = canvas.height = 3;
            const pen = canvas.getContext("2d");
            pen.drawImage(document.querySelector(selector), 0, 0, 3, 3);
            return [...pen.getImageData(1, 1, 1, 1).data.slice(0, 3)];
        }""",
        selector,
    )


def test_the_key_leaves_the_address_bar_and_outlives_a_reload(page, stage):
    assert stage.token.current() not in page.url
    page.reload()
    expect(page.locator("#desk")).to_be_visible()


def test_what_is_on_air_stands_there_in_words_and_foreign_text_stays_text(page, stage):
    stage.report.append(Report("engine restarting", HOSTILE, source=HOSTILE, sinks=(HOSTILE,)))
    stage.store.apply({"prompt": HOSTILE})
    expect(page.locator("#state")).to_have_text("engine restarting")
    expect(page.locator("#words")).to_contain_text(HOSTILE)
    expect(page.locator("#words")).to_contain_text("started again")
    expect(page.locator("#prompt")).to_have_value(HOSTILE)
    expect(page.locator("#engine-fps")).to_have_text("11.0")
    expect(page.locator("#latency-p50")).to_have_text("81")
    assert page.locator("#words img, #sinks img").count() == 0


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("starting", "Getting ready"),
        ("camera lost", "No picture from the camera"),
        ("sink lost", "An output takes no picture"),
        ("bypass", "camera as it is"),
        ("freeze", "stands still"),
        ("privacy", "nobody sees you"),
    ],
)
def test_every_state_has_its_words(browser, stage, state, words):
    stage.report.append(Report(state, "because"))
    page = opened(browser, stage.server.dock_address)
    expect(page.locator("#words")).to_contain_text(words)
    expect(page.locator("#words")).to_contain_text("because")
    page.close()


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


def test_a_refused_prompt_is_told(page, stage):
    page.fill("#prompt", "   ")
    page.click("#apply")
    expect(page.locator("#refusal")).to_contain_text("words")
    assert stage.store.current.controls.prompt == "oil" or stage.store.current.controls.prompt


def test_a_dragged_slider_acts_while_it_is_dragged(page, stage):
    seen: list[float] = []
    stage.store.subscribe(lambda snapshot: seen.append(snapshot.controls.strength))
    box = page.locator("#control-strength").bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.5, middle)
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


def test_privacy_is_one_press_and_one_press_back(page, stage):
    box = page.locator("#privacy").bounding_box()
    assert box["height"] >= 48 and box["width"] >= 280
    page.click("#privacy")
    assert until(lambda: stage.store.current.controls.mode == "privacy")
    expect(page.locator("#privacy")).to_have_attribute("aria-pressed", "true")
    page.click("#privacy")
    assert until(lambda: stage.store.current.controls.mode == "effect")
    page.click("[data-mode=bypass]")
    assert until(lambda: stage.store.current.controls.mode == "bypass")
    page.click("[data-mode=effect]")
    assert until(lambda: stage.store.current.controls.mode == "effect")


def test_looks_are_chosen_by_click_and_key_and_show_the_users_own_picture(page, stage):
    page.click("[data-look=neon]")
    expect(page.locator("[data-look=neon]")).to_have_attribute("aria-pressed", "true")
    assert (stage.store.current.look, stage.store.current.controls.strength) == ("neon", 0.7)
    page.locator("[data-look=neon]").press("1")
    assert until(lambda: stage.store.current.look == "oil")
    stage.thumbnails["oil"] = jpeg((20, 180, 40))
    expect(page.locator("[data-look=oil] canvas")).to_have_attribute("data-drawn", "yes")
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


def test_a_picture_that_changes_once_and_then_stands_still_is_shown(browser, stage):
    still = Still((200, 30, 30))
    stage.desk.preview = still
    stage.server.stop()
    again = make_stage(stage.folder, port=stage.server.port)
    again.desk.preview = still
    again.server.start()
    try:
        page = opened(browser, again.server.dock_address)
        assert until(lambda: page.evaluate("document.querySelector('#picture').naturalWidth") == 160)
        assert colour_of(page, "#picture")[0] > 150
        still.show((30, 30, 200))
        assert until(lambda: colour_of(page, "#picture")[2] > 150)
        page.close()
    finally:
        again.server.stop()


def test_the_source_is_chosen_from_the_list(page, stage):
    page.click("#about summary")
    page.select_option("#source", label="HD Webcam")
    assert until(lambda: stage.desk.sources.current == "c0ffee")


def test_how_obs_is_stands_there_in_words(page, stage):
    page.click("#about summary")
    expect(page.locator("#obs")).to_contain_text("streamv2v-cam obs")
    stage.desk.obs.tell({"connected": True, "version": "29.0.2", "scene": "Game", "streaming": True})
    expect(page.locator("#obs")).to_have_text("Connected to OBS 29.0.2 – scene “Game” – streaming")
    stage.desk.obs.tell({"connected": False, "reason": "OBS refuses the password."})
    expect(page.locator("#obs")).to_have_text("OBS refuses the password.")


@pytest.mark.parametrize("width", [300, 400, 1280])
def test_nothing_is_wider_than_its_window(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.click("#more summary")
    page.click("#about summary")
    page.click("#save-open")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_every_control_has_a_name_for_a_screen_reader_and_can_be_reached_by_keyboard(page):
    page.click("#more summary")
    page.click("#about summary")
    nameless = page.evaluate(
        """[...document.querySelectorAll("#desk button, #desk input, #desk select, #desk textarea")]
            .filter((item) => item.offsetParent !== null)
            .filter((item) => item.tabIndex < 0 || !(item.labels?.[0]?.textContent || item.textContent).trim())
            .map((item) => item.outerHTML)"""
    )
    assert nameless == []
    assert page.locator("img:not([alt])").count() == 0
    assert page.locator("#words[role=status]").count() == page.locator("#refusal[role=alert]").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_light_and_dark(browser, stage, scheme):
    page = opened(browser, stage.server.dock_address, color_scheme=scheme)
    expect(page.locator("#publish-fps")).to_have_text("30.0", timeout=20_000)
    pairs = page.evaluate(
        """["body", "#privacy", ".main", "label", ".hint", "dt", ".look .title"].map((selector) => {
            const item = document.querySelector(selector);
            let ground = item;
            while (getComputedStyle(ground).backgroundColor === "rgba(0, 0, 0, 0)") ground = ground.parentElement;
            return [selector, getComputedStyle(item).color, getComputedStyle(ground).backgroundColor];
        })"""
    )
    for selector, ink, ground in pairs:
        assert contrast(ink, ground) >= 4.5, selector
    is_dark = luminance(next(ground for selector, _, ground in pairs if selector == "body")) < 0.2
    assert is_dark is (scheme == "dark")
    page.close()


def luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_a_program_that_goes_is_told_and_one_that_comes_back_is_found(page, stage, tmp_path):
    stage.server.stop()
    expect(page.locator("#gone")).to_contain_text("does not answer")
    page.click("#privacy")
    expect(page.locator("#refusal")).to_contain_text("did not arrive")
    again = show_on(make_stage(tmp_path, port=stage.server.port))
    again.server.start()
    try:
        expect(page.locator("#gone")).to_be_hidden(timeout=20_000)
        page.click("#privacy")
        assert until(lambda: again.store.current.controls.mode == "privacy")
        page.focus("#control-strength")
        page.keyboard.press("Home")
        assert until(lambda: again.store.current.controls.strength == 0.0)
        assert until(lambda: page.evaluate("document.querySelector('#picture').naturalWidth") == 160)
    finally:
        again.server.stop()


def test_without_its_key_the_page_asks_for_it_and_shows_nothing(browser, stage):
    page = opened(browser, stage.server.address)
    expect(page.locator("#key-form")).to_be_visible()
    expect(page.locator("#desk")).to_be_hidden()
    page.fill("#key", "wrong")
    page.press("#key", "Enter")
    expect(page.locator("#key-reason")).to_contain_text("43")
    page.fill("#key", stage.server.dock_address)
    page.press("#key", "Enter")
    expect(page.locator("#desk")).to_be_visible()
    stage.token.rotate()
    expect(page.locator("#key-reason")).to_contain_text("not valid")
    expect(page.locator("#desk")).to_be_hidden()
    page.close()


def test_a_page_that_the_program_opens_brings_a_ticket(browser, stage):
    page = opened(browser, stage.server.opening_address())
    expect(page.locator("#desk")).to_be_visible()
    assert "ticket" not in page.url
    page.close()
