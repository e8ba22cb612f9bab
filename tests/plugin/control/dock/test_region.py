"""The dock's choice of where the look is: folded away, and showing only what has a say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from patience import until
from playwright.sync_api import WebSocketRoute, expect

SHORT = "#region-short"


def test_where_the_look_is_stays_folded_until_it_is_wanted(page):
    expect(page.locator(SHORT)).to_have_text("everywhere")
    expect(page.locator("#control-region")).to_be_hidden()
    page.locator("#region summary").click()
    expect(page.locator("#control-region")).to_be_visible()
    for name in ("outside", "outside_colour", "outside_look", "region_feather"):
        expect(page.locator(f"#control-{name}")).to_be_hidden()


def test_the_look_goes_behind_the_person_and_the_rest_gets_a_colour(page, stage):
    page.locator("#region summary").click()
    page.locator("#control-region").select_option(label="only behind me")
    expect(page.locator(SHORT)).to_have_text("only behind me")
    page.locator("#control-outside").select_option(label="one colour")
    expect(page.locator("#control-outside_colour")).to_be_visible()
    page.locator("#control-outside_colour").fill("#3355ff")
    expect(page.locator("#control-outside_colour")).to_have_value("#3355ff")

    def set_to() -> tuple[str, str, str]:
        controls = stage.store.current.controls
        return controls.region, controls.outside, controls.outside_colour

    assert until(lambda: set_to() == ("background", "colour", "#3355ff")), set_to()


def test_the_colours_of_another_look_are_chosen_from_the_looks(page, stage):
    stage.store.apply({"region": "person", "outside": "palette"})
    page.locator("#region summary").click()
    chosen = page.locator("#control-outside_look")
    expect(chosen).to_have_value("")
    name = next(iter(stage.desk.looks)).name
    chosen.select_option(name)
    page.locator("#control-region_feather").focus()
    assert until(lambda: stage.store.current.controls.outside_look == name)
    expect(chosen).to_have_value(name)
    expect(page.locator("#control-outside_colour")).to_be_hidden()


def test_a_look_just_chosen_stays_chosen_while_other_changes_are_told(page, stage):
    held: list[Callable[[], None]] = []

    def between(page_side: WebSocketRoute) -> None:
        server = page_side.connect_to_server()

        def pass_on(message: str | bytes) -> None:
            if "outside_look" in str(message):
                held.append(lambda: server.send(message))
            else:
                server.send(message)

        page_side.on_message(pass_on)

    page.route_web_socket("**", between)
    page.reload()
    stage.store.apply({"region": "person", "outside": "palette"})
    page.locator("#region summary").click()
    chosen = page.locator("#control-outside_look")
    expect(chosen).to_be_visible()
    name = next(iter(stage.desk.looks)).name
    chosen.select_option(name)
    stage.store.apply({"strength": 0.31})
    expect(page.locator("#control-strength")).to_have_value("0.31")
    expect(chosen).to_have_value(name)
    assert stage.store.current.controls.outside_look == "", "it has not been sent yet"
    assert until(lambda: page.wait_for_timeout(20) or held)
    held.pop()()
    assert until(lambda: page.wait_for_timeout(20) or stage.store.current.controls.outside_look == name)
    expect(chosen).to_have_value(name)


def test_why_the_look_is_everywhere_is_said(page, stage):
    told = "Nobody is seen, so the look is on the whole picture."
    report = stage.desk.report
    stage.desk.report = lambda: replace(report(), region=told)
    page.locator("#region summary").click()
    expect(page.locator("#region-told")).to_have_text(told)
    stage.desk.report = report
    expect(page.locator("#region-told")).to_be_hidden()
