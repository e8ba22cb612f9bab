"""LoRAs in the dock: put on, scaled, taken off, and their words added to the prompt."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect
from plugin.control.test_loras import lora
from streamv2v_cam.lorafolder import LoraFolder

from streamv2v.models.checks import Reads


def test_without_a_folder_there_is_nothing_to_see(page):
    expect(page.locator("#loras")).to_be_hidden()


def test_one_is_put_on_scaled_and_taken_off_and_one_of_another_family_says_why(page, stage, tmp_path: Path):
    made = tmp_path / "loras"
    made.mkdir()
    lora(
        made / "pastel.safetensors", **{"modelspec.title": "Soft pastel", "modelspec.trigger_phrase": "pastel colours"}
    )
    lora(made / "sdxl.safetensors", width=2048)
    stage.store.loras = LoraFolder(made, Reads(768, False))
    page.reload()
    page.locator("#loras summary").click()
    page.get_by_label("Soft pastel", exact=True).check()
    expect(page.locator("#loras-short")).to_have_text("pastel")
    page.get_by_label("How much of Soft pastel").fill("0.5")
    expect(page.locator("#loras output").first).to_have_text("0.50")
    assert stage.store.current.controls.loras == (("pastel", 0.5),)
    expect(page.get_by_label("sdxl", exact=True)).to_be_disabled()
    expect(page.locator("#loras")).to_contain_text("is made for SDXL")
    page.get_by_role("button", name="pastel colours").click()
    expect(page.locator("#prompt")).to_have_value("a pencil sketch, pastel colours")
    page.locator("#prompt").fill("a <lora:pastel:0.5>")
    expect(page.locator("#tokens")).to_contain_text("“pastel” is in the model with 0.5")
    page.get_by_label("Soft pastel", exact=True).uncheck()
    expect(page.locator("#loras-short")).to_have_text("none on")
    expect(page.locator("#tokens")).to_contain_text("“pastel” is not in the model")
    assert stage.store.current.controls.loras == ()
