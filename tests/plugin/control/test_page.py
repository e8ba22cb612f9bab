"""The page in a real browser: it shows what is on air, changes it, and says when the program is gone."""

from __future__ import annotations

import shutil

import pytest
from playwright.sync_api import expect, sync_playwright
from streamv2v_cam.control import ControlServer, Report
from streamv2v_cam.looks import Look, LookSet
from streamv2v_cam.store import ControlStore

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium or Chrome is installed here")

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def store():
    return ControlStore()


def make_server(store: ControlStore, port: int = 0) -> ControlServer:
    looks = [Look("oil", HOSTILE, {"prompt": "oil"}), Look("neon", "Neon", {"prompt": "neon", "strength": 0.7})]
    return ControlServer(
        store,
        looks=LookSet(looks),
        telemetry=lambda: {"publish_fps": 29.97, "engine_fps": 11.04, "latency_p50_ms": 81.2},
        report=lambda: Report("engine restarting", HOSTILE, source="the presenter"),
        port=port,
    )


@pytest.fixture
def server(store):
    server = make_server(store)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def page(browser, server):
    page = browser.new_page(viewport={"width": 320, "height": 900})
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on("dialog", lambda dialog: page.faults.append(dialog.message))
    page.goto(server.address, wait_until="domcontentloaded")
    expect(page.locator("#publish-fps")).to_have_text("30.0")
    yield page
    page.close()


def test_what_is_on_air_stands_there_in_words_and_foreign_text_stays_text(page):
    assert page.inner_text("#state") == "engine restarting"
    assert page.inner_text("#reason") == HOSTILE
    assert page.inner_text("[data-look=oil]").endswith(HOSTILE)
    assert page.inner_text("#engine-fps") == "11.0"
    assert page.inner_text("#latency-p50") == "81"
    assert page.inner_text("#source") == "the presenter"
    assert page.faults == []


def test_a_narrow_page_is_not_wider_than_its_window(page):
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_buttons_prompt_and_slider_change_what_is_on_air(page, store):
    page.click("[data-look=neon]")
    page.wait_for_selector("[data-look=neon][aria-pressed=true]")
    assert (store.current.look, store.current.controls.strength) == ("neon", 0.7)
    page.fill("#prompt", "a snow globe")
    page.click("#apply")
    page.wait_for_selector("[data-look=neon][aria-pressed=false]")
    assert store.current.controls.prompt == "a snow globe"
    page.click("[data-mode=privacy]")
    page.wait_for_selector("[data-mode=privacy][aria-pressed=true]")
    assert store.current.controls.mode == "privacy"
    page.focus("#strength")
    with page.expect_response("**/api/controls"):
        page.keyboard.press("End")
    assert store.current.controls.strength == 1.0


def test_a_change_from_elsewhere_shows_up_and_a_refused_one_is_told(page, store):
    store.apply({"prompt": "a snow globe"})
    expect(page.locator("#prompt")).to_have_value("a snow globe")
    page.fill("#prompt", "   ")
    page.click("#apply")
    page.wait_for_selector("#refusal:not([hidden])")
    assert "words" in page.inner_text("#refusal")


def test_a_program_that_goes_is_told_and_one_that_comes_back_is_found(page, store, server):
    server.stop()
    page.wait_for_selector("#gone:not([hidden])")
    again = make_server(store, server.port)
    again.start()
    try:
        page.wait_for_selector("#gone", state="hidden")
    finally:
        again.stop()
    assert page.faults == []
