"""How a prompt is read, over the API."""

from __future__ import annotations

from tiny import tiny_tokenizer

from streamv2v.stream.prompt import text_model_of


def test_a_prompt_is_counted_without_going_on_air(stage, tmp_path, monkeypatch):
    model = text_model_of(tiny_tokenizer(tmp_path), 16, {})
    monkeypatch.setattr(stage.store.notes, "text_model", lambda: model)
    before = stage.store.current
    with stage.client() as client:
        told = client.post("/api/prompt", json={"prompt": "red " * 15 + "<lora:ink:0.7>"}).json()
        refused = client.post("/api/prompt", json={"prompt": 3}).status_code
    assert (told["known"], told["tokens"], told["places"], told["chunks"]) == (True, 15, 28, 2)
    assert [(lora["name"], lora["there"]) for lora in told["loras"]] == [("ink", False)]
    assert refused == 422 and stage.store.current is before
