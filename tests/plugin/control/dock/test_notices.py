"""What was refused is told once, where it belongs, and no longer than it is news; what is on air, as long as it is."""

from __future__ import annotations

import contextlib

import pytest
from playwright.sync_api import expect
from plugin.control.dock.conftest import opened
from streamv2v_cam.errors import CamError
from streamv2v_cam.knownwords import WordJudge

from streamv2v.errors import ControlError
from streamv2v.models.vocabulary import Vocabulary


@pytest.fixture
def judged(stage):
    """A program whose model says which words it knows."""
    stage.store._judge = WordJudge(Vocabulary(looks=("oil", "neon")))
    stage.store.apply({"prompt": "oil"})
    return stage


def test_what_another_hand_asked_for_in_vain_is_told_and_is_no_news_to_a_page_that_comes_later(judged, browser, page):
    with contextlib.suppress(ControlError, CamError):
        judged.store.apply({"prompt": "a zombie"})
    expect(page.locator("#notice")).to_contain_text("zombie")
    later = opened(browser, judged.server.dock_address)
    expect(later.locator("#publish-fps")).to_have_text("30.0", timeout=20_000)
    expect(later.locator("#notice")).to_be_hidden()
    later.close()


def test_what_this_page_asked_for_in_vain_goes_when_it_is_taken_back(judged, page):
    page.fill("#prompt", "a zombie")
    page.press("#prompt", "Enter")
    expect(page.locator("#prompt-refusal")).to_contain_text("zombie")
    expect(page.locator("#notice")).to_be_hidden()
    page.wait_for_timeout(700)  # the next status
    page.press("#prompt", "Escape")
    expect(page.locator("#prompt")).to_have_value("oil")
    expect(page.locator("#prompt-refusal")).to_be_hidden()
    page.wait_for_timeout(700)
    expect(page.locator("#notice")).to_be_hidden()


def test_words_that_go_on_air_as_something_else_are_told_as_long_as_they_are_on_air(stage, browser, page):
    stage.store._judge = WordJudge(Vocabulary(looks=("oil", "neon"), otherwise="oil paint"))
    page.fill("#prompt", "a zombie")
    page.press("#prompt", "Enter")
    expect(page.locator("#notice")).to_contain_text("drawn as oil paint")
    expect(page.locator("#prompt-refusal")).to_be_hidden()
    assert stage.store.current.controls.prompt == "a zombie"
    later = opened(browser, stage.server.dock_address)
    expect(later.locator("#notice")).to_contain_text("zombie", timeout=20_000)
    later.close()
    stage.store.apply({"prompt": "neon"})
    expect(page.locator("#notice")).to_be_hidden()
