"""The models in the dock: quiet until opened, a licence before fetching, progress, removed in two presses."""

from __future__ import annotations

from typing import Any

import pytest
from patience import until
from playwright.sync_api import expect
from streamv2v_cam.errors import ModelRefused

BASE = {"family": "sd15", "speed": "card", "own": False, "fits": True, "memory_bytes": 0, "on_this_machine": "fits"}


class SmallCatalogue:
    """Two models; fetching one takes until somebody says it is done."""

    def __init__(self) -> None:
        self.here, self.begun, self.accepted = False, False, False
        self.now: dict[str, Any] | None = None

    def status(self) -> dict[str, Any] | None:
        return self.now

    def listed(self) -> list[dict[str, Any]]:
        licence = {"name": "Own terms", "link": "https://example.org/terms", "ask": True}
        free = {"name": "MIT", "link": "https://example.org", "ask": False}
        return [
            {**BASE, "name": "embedded", "title": "Included", "good_for": "Quick.", "licence": free, "accepted": True}
            | {"here": True, "begun": False, "download_bytes": 0},
            {**BASE, "name": "big", "title": "Big <b>one</b>", "good_for": "Finer.", "licence": licence}
            | {"accepted": self.accepted, "here": self.here, "begun": self.begun, "download_bytes": 2_600_000_000},
        ]

    def start(self, name: str, *, accept_licence: bool = False) -> dict[str, Any]:
        self.accepted, self.begun = self.accepted or accept_licence, True
        self.now = {"name": name, "state": "fetching", "done_bytes": 25, "total_bytes": 100, "problem": ""}
        return self.now

    def pause(self, name: str) -> dict[str, Any]:
        if self.now is None:
            raise ModelRefused("It is not being fetched.")
        self.now = {**self.now, "state": "paused"}
        return self.now

    def remove(self, name: str) -> str:
        self.here = self.begun = False
        self.now = None
        return "removed"

    def finish(self) -> None:
        self.here, self.begun = True, False
        self.now = {"name": "big", "state": "done", "done_bytes": 100, "total_bytes": 100, "problem": ""}


@pytest.fixture
def catalogue(stage):
    stage.desk.catalogue = SmallCatalogue()
    yield stage.desk.catalogue
    stage.desk.catalogue = None


def test_a_model_is_fetched_after_its_licence_paused_gone_on_with_and_removed(page, catalogue):
    expect(page.locator("#models-list")).to_be_hidden()
    page.locator("#models summary").click()
    big = page.locator("#models-list li").nth(1)
    expect(big).to_contain_text("Big <b>one</b>")
    expect(big).to_contain_text("about 2.6 GB")
    expect(big.get_by_role("link", name="Own terms")).to_have_attribute("href", "https://example.org/terms")
    fetch = big.get_by_role("button", name="Fetch")
    expect(fetch).to_be_disabled()
    big.get_by_label("I have read the licence").check()
    fetch.click()
    expect(page.locator("#models-short")).to_have_text("big: fetching 25 %")
    big.get_by_role("button", name="Pause").click()
    expect(big).to_contain_text("big: paused 25 %")
    big.get_by_role("button", name="Go on fetching").click()
    assert catalogue.accepted
    expect(big.get_by_role("progressbar")).to_be_visible()
    catalogue.finish()
    expect(big).to_contain_text("here")
    remove = big.get_by_role("button", name="Remove")
    remove.click()
    expect(big.get_by_role("button", name="Press again")).to_be_visible()
    assert catalogue.here
    big.get_by_role("button", name="Press again").click()
    expect(big.get_by_role("button", name="Fetch")).to_be_visible()
    assert not catalogue.here


def test_a_list_that_is_told_again_forgets_no_first_press_and_takes_no_focus(page, catalogue):
    catalogue.here = True
    page.locator("#models summary").click()
    remove = page.locator("#models-list li").nth(1).get_by_role("button", name="Remove")
    remove.focus()
    remove.click()
    again = page.locator("#models-list li").nth(1).get_by_role("button", name="Press again")
    button = again.element_handle()
    asked: list[str] = []
    page.on("response", lambda answer: asked.append(answer.url) if answer.url.endswith("/api/models") else None)
    for state in ("checking", "failed"):
        count = len(asked)
        catalogue.now = {"name": "another", "state": state, "done_bytes": 0, "total_bytes": 0, "problem": ""}
        assert until(lambda count=count: page.wait_for_timeout(50) or len(asked) > count)
    page.wait_for_timeout(200)
    assert button.evaluate("(old) => old.isConnected && document.activeElement === old")
    again.click()
    expect(page.locator("#models-list li").nth(1).get_by_role("button", name="Fetch")).to_be_visible()
    assert not catalogue.here


def test_what_went_wrong_is_said_at_its_model(page, catalogue):
    page.locator("#models summary").click()
    catalogue.now = {"name": "big", "state": "failed", "done_bytes": 0, "total_bytes": 0, "problem": "No room."}
    expect(page.locator("#models-list li").nth(1)).to_contain_text("No room.")


def test_the_list_is_calm_at_360_px(page, catalogue):
    page.set_viewport_size({"width": 360, "height": 800})
    page.locator("#models summary").click()
    expect(page.locator("#models-list li")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
