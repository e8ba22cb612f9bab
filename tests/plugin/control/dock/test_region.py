"""The dock's choice of where the look is: folded away, and showing only what has a say."""

from __future__ import annotations

from dataclasses import replace

from playwright.sync_api import expect

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
    page.wait_for_function("document.querySelector('#control-region').value === 'background'")
    controls = stage.store.current.controls
    assert (controls.region, controls.outside, controls.outside_colour) == ("background", "colour", "#3355ff")


def test_the_colours_of_another_look_are_chosen_from_the_looks(page, stage):
    stage.store.apply({"region": "person", "outside": "palette"})
    page.locator("#region summary").click()
    chosen = page.locator("#control-outside_look")
    expect(chosen).to_have_value("")
    name = next(iter(stage.desk.looks)).name
    chosen.select_option(name)
    page.locator("#control-region_feather").focus()
    expect(chosen).to_have_value(name)
    assert stage.store.current.controls.outside_look == name
    expect(page.locator("#control-outside_colour")).to_be_hidden()


def test_why_the_look_is_everywhere_is_said(page, stage):
    told = "Nobody is seen, so the look is on the whole picture."
    report = stage.desk.report
    stage.desk.report = lambda: replace(report(), region=told)
    page.locator("#region summary").click()
    expect(page.locator("#region-told")).to_have_text(told)
    stage.desk.report = report
    expect(page.locator("#region-told")).to_be_hidden()
