"""The dock's reference picture: out of the way, brought in with one press, dead where the model cannot follow one."""

from __future__ import annotations

import numpy as np
from patience import until
from PIL import Image
from playwright.sync_api import expect
from streamv2v_cam.control import Report

from streamv2v.steering import STRUCTURE_LIMIT

WHY = "Does nothing: this model follows no pictures."


def test_it_is_closed_until_it_is_wanted_and_says_what_the_model_cannot(page, stage):
    assert page.locator("[id^=control-structure_weight]").count() == STRUCTURE_LIMIT
    expect(page.locator("#reference")).to_be_hidden()
    names = ("reference", "reference_weight", "structure_weight", "structure_weight_2", "structure_weight_3")
    resting = dict.fromkeys((*names, "structure_interval"), WHY)
    stage.report.append(Report("live", resting=resting))
    expect(page.locator("#steering-short")).to_have_text("not with this model")
    page.locator("#steering summary").click()
    expect(page.locator("#reference-choose")).to_be_disabled()
    expect(page.locator("#reference-why")).to_have_text(WHY)
    expect(page.locator("#control-structure_weight")).to_be_hidden()  # the reason is said once


def test_a_picture_file_and_a_frame_are_followed_at_once_and_none_ends_it(page, stage, tmp_path):
    picture = tmp_path / "a painting.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (900, 700, 3), dtype=np.uint8)).save(picture)
    page.locator("#steering summary").click()
    page.locator("#reference-file").set_input_files(picture)
    expect(page.locator("#reference option:checked")).to_have_text("a painting.png")
    assert until(lambda: stage.store.current.controls.reference.startswith("picture-"))
    page.locator("#reference-frame").click()
    expect(page.locator("#reference-refusal")).to_contain_text("no picture of the camera")
    stage.desk.frame = lambda: np.full((90, 160, 3), 50, np.uint8)
    page.locator("#reference-frame").click()
    expect(page.locator("#reference option:checked")).to_have_text("A frame of yours")
    assert until(lambda: stage.store.current.controls.reference.startswith("frame-"))
    page.locator("#reference").select_option("")
    expect(page.locator("#reference option:checked")).to_have_text("none")
    assert until(lambda: stage.store.current.controls.reference == "")
    page.locator("#reference-file").set_input_files({"name": "x.png", "mimeType": "image/png", "buffer": b"<html>"})
    expect(page.locator("#reference-refusal")).to_contain_text("is no picture")
