"""The dock tells: states in words, how OBS is, its key; readable at any width, in light and dark, and by machines."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from plugin.control.dock.conftest import opened
from streamv2v_cam.control import Report

HOSTILE = "<img src=x onerror=alert(1)>"


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
    expect(page.locator("#look-p50")).to_have_text("280")
    expect(page.locator("#look-p95")).to_have_text("–342")
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
    expect(page.locator("#words")).to_contain_text("Because.")
    page.close()


def test_what_the_engine_is_busy_with_is_told_without_its_libraries(page):
    busy = {
        "getting ready to compile": "Speeding up.",
        "compiling the decoder (1 of 3)": "Speeding up (1 of 3).",
        "taking in the compiled U-Net": "Speeding up.",
        "getting OpenVINO ready": "Speeding up.",
        "converting the encoder for OpenVINO": "Speeding up.",
        "loading the decoder for OpenVINO": "Speeding up.",
        "loading torch": "Starting the engine.",
        "loading embedded, 40%": "Loading the model.",
        "moving the model to cpu": "Loading the model.",
        "asking the hub for some/model": "Looking for the model.",
        "trying numbers of threads": "Trying what this machine can do.",
        "adding LoRA oil.safetensors": "Adding LoRA oil.safetensors.",
        "": "",
    }
    told = page.evaluate(
        """async (all) => {
            const { airWords } = await import("/words.js");
            return all.map((progress) => airWords({ state: "", reason: "", progress }));
        }""",
        list(busy),
    )
    assert told == list(busy.values())


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
    expect(page.locator(".look .title").first).to_be_visible()
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
