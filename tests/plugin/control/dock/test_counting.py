"""The dock counts the tokens of a prompt while it is written."""

from __future__ import annotations

from playwright.sync_api import expect
from tiny import tiny_tokenizer

from streamv2v.stream.prompt import text_model_of


def test_the_dock_counts_what_is_written_and_says_what_is_not_there(page, stage, tmp_path, monkeypatch):
    model = text_model_of(tiny_tokenizer(tmp_path), 16, {})
    monkeypatch.setattr(stage.store.notes, "text_model", lambda: model)
    page.locator("#prompt").fill("red " * 15 + "<lora:<b>ink</b>:0.7>")
    page.locator("#prompt").fill("red " * 15 + "<lora:ink:0.7>")
    expect(page.locator("#tokens")).to_contain_text("15 of 28 tokens, in 2 chunks.")
    expect(page.locator("#tokens")).to_contain_text("“ink” is not in the model")
    page.locator("#prompt").fill("red " * 120)
    expect(page.locator("#tokens")).to_contain_text("beyond them: red")
