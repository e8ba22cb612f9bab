"""The page comes whole, however its answers come: late, in another order, or not at all at first."""

from __future__ import annotations

import pytest
from patience import until
from playwright.sync_api import expect
from plugin.control.dock.conftest import BROWSER, jpeg

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium or Chrome is installed here")


PICTURE = "() => document.querySelector('#picture')?.naturalWidth"


def opened(context, address):
    page = context.new_page()
    page.goto(address, wait_until="commit")
    return page


def shows_picture(page) -> bool:
    return until(lambda: page.evaluate(PICTURE) == 160 or page.wait_for_timeout(20))


def is_whole(page) -> None:
    expect(page.locator("#desk")).to_be_visible(timeout=20_000)
    expect(page.locator("#gone")).to_be_hidden()
    expect(page.locator(".look")).to_have_count(2)
    expect(page.locator(".look canvas[data-drawn]")).to_have_count(2)
    expect(page.locator("#control-strength")).to_be_visible()
    expect(page.locator("#control-mirror")).to_be_visible()
    expect(page.locator("#source option")).to_have_count(2)
    assert shows_picture(page)
    assert page.evaluate("getComputedStyle(document.querySelector('main')).display") == "grid"


NEEDED = {"dock.css", "looks.js", "controls", "cameras", "size", "looks", "thumbnail", "stream"}


def test_a_page_of_which_every_part_fails_once_is_whole_all_the_same(browser, stage):
    context = browser.new_context(viewport={"width": 360, "height": 700})
    failed = []

    def once(route) -> None:
        part = route.request.url.rpartition("/")[2]
        if part not in NEEDED or part in failed:
            return route.continue_()
        failed.append(part)
        return route.fulfill(status=503, body="busy") if len(failed) % 2 else route.abort("connectionreset")

    context.route("**/*", once)
    page = opened(context, stage.server.dock_address)
    is_whole(page)
    assert set(failed) == NEEDED
    context.close()


def test_a_list_of_looks_that_is_overtaken_by_a_newer_one_is_not_shown(browser, stage):
    context = browser.new_context()
    held = []
    context.route("**/api/looks", lambda route: route.continue_() if held else held.append((route, route.fetch())))
    page = opened(context, stage.server.dock_address)
    expect(page.locator("#prompt")).to_have_value("")
    assert until(lambda: page.wait_for_timeout(20) or held)
    stage.thumbnails["oil"] = b""  # raises the version: the list is read again
    stage.desk.shelf.keep(stage.store.current.controls, "Newer")
    expect(page.locator(".look")).to_have_count(3)
    route, older = held[0]
    route.fulfill(response=older)
    page.wait_for_timeout(300)
    assert page.locator(".look").count() == 3
    context.close()


def test_until_something_is_there_the_page_says_that_it_is_on_its_way(browser, stage):
    context = browser.new_context()
    held, released = [], []
    context.route("**/api/**", lambda route: route.continue_() if released else held.append(route))
    page = opened(context, stage.server.dock_address)
    expect(page.locator("#privacy")).to_be_visible()
    expect(page.locator("#looks")).to_have_text("The looks are on their way …")
    expect(page.locator("#sliders")).to_have_text("The controls are on their way …")
    page.click("#privacy")
    assert until(lambda: stage.store.current.controls.mode == "privacy"), "the way out is there before all else"
    released.append(True)
    for route in held:
        route.continue_()
    is_whole(page)
    context.close()


def test_a_page_that_nobody_sees_takes_no_picture_and_has_it_again_when_it_is_seen(page):
    shown = "() => document.querySelector('#picture').hasAttribute('src')"
    hide = """(on) => {
        Object.defineProperty(document, "hidden", { configurable: true, get: () => on });
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    assert shows_picture(page)
    page.evaluate(hide, True)
    assert not page.evaluate(shown)
    page.evaluate(hide, False)
    assert shows_picture(page)


@pytest.mark.slow
def test_more_windows_than_the_browser_has_connections_keep_their_hands_and_one_gives_up_its_picture(browser, stage):
    context = browser.new_context()
    pages = []
    for _ in range(6):
        # one after the other: of six that load at once, one may lack a connection and give way before this began
        pages.append(opened(context, stage.server.dock_address))
        assert shows_picture(pages[-1])
    for page in pages:
        expect(page.locator(".look canvas[data-drawn]")).to_have_count(2, timeout=60_000)
    # each picture holds one of the six connections now, and none is left for this
    stage.desk.shelf.keep(stage.store.current.controls, "Newer")
    stage.thumbnails["oil"] = jpeg((20, 20, 20))
    for page in pages:
        expect(page.locator(".look canvas[data-drawn]")).to_have_count(3, timeout=60_000)
    told = [page.locator("#no-picture").inner_text() for page in pages]
    assert any("Too many windows" in text for text in told) and "" in told, told
    context.close()
