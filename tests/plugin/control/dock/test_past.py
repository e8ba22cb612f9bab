"""The last ten minutes in the dock: asked for while open, drawn, said in words, and looked at moment by moment."""

from __future__ import annotations

import re

import pytest
from patience import until
from playwright.sync_api import expect

HOSTILE = "<img src=x onerror=alert(1)>"


class Past:
    """Forty samples, of which five are of a lost camera; a new one with every question."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.number = 39

    def told(self, after: int = 0):
        self.asked.append(after)
        self.number += 1
        numbers = [number for number in range(1, self.number + 1) if number > after]
        lost = [10 < number <= 15 for number in numbers]
        return {
            "period_s": 2.0,
            "length": 300,
            "number": self.number,
            "age_s": 0.4,
            "state": ["camera lost" if gone else "live" for gone in lost],
            "styled_fps": [0.0 if gone else 8.0 + number % 3 for gone, number in zip(lost, numbers, strict=True)],
            "motion_ms": [None if gone else 80 for gone in lost],
            "look_ms": [None if gone else 280 + number for gone, number in zip(lost, numbers, strict=True)],
            "late": [3 if number == 11 else 0 for number in numbers],
            "host_mb": [210 for _ in numbers],
            "engine_mb": [None if gone else 900 for gone in lost],
            "events": [
                {"age_s": 4000.0, "kind": "good", "text": "Live: viewers see the look."},
                {"age_s": 58.2, "kind": "bad", "text": f"Camera lost: {HOSTILE}"},
            ],
        }


@pytest.fixture
def past(stage, page):
    stage.desk.history = Past()
    return stage.desk.history


def test_nothing_is_asked_before_it_is_open_and_then_only_for_what_is_new(page, past):
    assert past.asked == []
    page.locator("#past > summary").click()
    expect(page.locator("#past-words")).to_contain_text("1 min are known, 88 % of them live.")
    assert past.asked[0] == 0
    expect(page.locator("#past-moment")).to_have_text("Now: live")
    page.wait_for_function("document.getElementById('past-words').textContent.includes('3 late beats')")
    expect(page.locator("#past-words")).to_contain_text("Memory: program 210 MB, engine 900 MB.")
    expect(page.locator("#past-words")).to_contain_text("motion 80 ms, look 30")
    page.wait_for_function("() => true")
    while len(past.asked) < 3:
        page.wait_for_timeout(200)
    assert past.asked[1] == 40 and past.asked[2] == 41
    page.locator("#past > summary").click()
    page.wait_for_timeout(300)
    count = len(past.asked)
    page.wait_for_timeout(2500)
    assert len(past.asked) == count, "closed, it costs nothing"


def test_every_moment_is_read_by_hand_and_by_key_and_lines_have_gaps_where_nothing_was(page, past):
    page.locator("#past > summary").click()
    rulers = page.locator("#rulers")
    expect(rulers.locator(".ruler")).to_have_count(4)
    expect(rulers.locator(".ruler").nth(1)).to_contain_text(re.compile(r"motion 80\s+look 3\d\d\s+ms"))
    motion = rulers.locator(".ruler").nth(1).locator(".line-0")
    assert motion.get_attribute("d").count("M") == 2
    expect(rulers.locator(".strip rect")).to_have_count(3)

    rulers.focus()
    for _ in range(2):
        page.keyboard.press("PageDown")
    expect(rulers).to_have_attribute(
        "aria-valuetext", re.compile(r"^1 min \d+ s ago: (live|camera lost); Drawn pictures")
    )
    page.keyboard.press("Home")
    expect(page.locator("#past-moment")).to_contain_text("ago: live")
    page.keyboard.press("Escape")
    expect(page.locator("#past-moment")).to_have_text("Now: live")

    rulers.scroll_into_view_if_needed()
    box = page.locator(".strip").bounding_box()
    lost = box["x"] + box["width"] * (300 - past.number + 12.5) / 300
    page.mouse.move(lost, box["y"] + 40)
    expect(page.locator("#past-moment")).to_contain_text("ago: camera lost")
    expect(rulers.locator(".cursor").first).to_have_attribute("visibility", "visible")
    expect(rulers.locator(".ruler").nth(1)).to_contain_text("motion –")


def test_the_last_events_are_told_newest_first_and_as_text(page, past):
    page.locator("#past > summary").click()
    events = page.locator("#past-events li")
    expect(events).to_have_count(2)
    expect(events.first).to_have_text(f"58 s ago Camera lost: {HOSTILE}")
    expect(events.nth(1)).to_have_text("1 h 7 min ago Live: viewers see the look.")
    assert events.first.get_attribute("data-kind") == "bad"
    assert page.locator("#past img").count() == 0


def test_a_time_is_rounded_before_it_is_split_into_minutes_and_seconds(page):
    words = page.evaluate(
        """async () => { const { ago, span } = await import("/past.js");
        return [[119.6, 59.7, 179.9, 59.4, 125, 599.7].map(ago), [59.7, 3599.8, 7199].map(span)]; }"""
    )
    assert words[0] == ["2 min 0 s ago", "1 min 0 s ago", "3 min 0 s ago", "59 s ago", "2 min 5 s ago", "10 min ago"]
    assert words[1] == ["1 min", "1 h 0 min", "2 h 0 min"]


def test_a_time_in_which_the_program_stood_still_is_empty_and_counts_for_nothing(page, past):
    whole = past.told

    def with_a_gap(after: int = 0):
        told = whole(after)
        stood = [20 < number <= 30 for number in range(told["number"] - len(told["state"]) + 1, told["number"] + 1)]
        told["state"] = ["" if still else state for still, state in zip(stood, told["state"], strict=True)]
        for name in ("styled_fps", "motion_ms", "look_ms", "late", "host_mb", "engine_mb"):
            told[name] = [None if still else value for still, value in zip(stood, told[name], strict=True)]
        return told

    past.told = with_a_gap
    page.locator("#past > summary").click()
    expect(page.locator("#past-words")).to_contain_text("1 min are known, 83 % of them live.")
    expect(page.locator("#past-words")).to_contain_text("3 late beats.")
    expect(page.locator(".strip rect")).to_have_count(4)
    rulers = page.locator("#rulers")
    rulers.focus()
    page.keyboard.press("PageDown")
    expect(page.locator("#past-moment")).to_have_text(re.compile("ago: nothing is known"))
    expect(rulers.locator(".ruler").nth(2)).to_contain_text("–")


def test_a_program_without_a_past_says_so(page, stage):
    page.locator("#past > summary").click()
    expect(page.locator("#past-refusal")).to_have_text("This program keeps no history.")


class Mode:
    """Stands for the mode on demand."""

    def __init__(self, stage) -> None:
        self.stage, self.on = stage, False

    def switch(self, on: bool) -> None:
        self.on = on

    def status(self):
        return {"on": self.on, "resting": False, "watched_by": ["preview page"], "unseen": [], "told": ""}


def test_rest_while_nobody_watches_is_a_switch_that_says_who_watches(page, stage):
    from dataclasses import replace

    expect(page.locator("#on-demand-field")).to_be_hidden()
    stage.desk.on_demand = mode = Mode(stage)
    report = stage.report[-1]
    stage.desk.report = lambda: replace(report, on_demand=mode.status())
    expect(page.locator("#on-demand")).not_to_be_checked()
    page.locator("#on-demand").check()
    expect(page.locator("#on-demand-told")).to_have_text("Watched now: preview page.")
    assert until(lambda: mode.on)
    stage.desk.report = lambda: replace(
        report, state="resting", reason="Nobody watches: camera and engine rest.", on_demand=mode.status()
    )
    expect(page.locator("#state")).to_have_text("resting")
    expect(page.locator("#words")).to_have_text("Nobody watches: camera and engine rest.")
