"""What is said of a prompt besides its words."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamv2v_cam.knownwords import WordJudge
from streamv2v_cam.promptnotes import NO_GUIDANCE, PromptNotes
from streamv2v_cam.store import ControlStore
from tiny import tiny_tokenizer

from streamv2v.config import Lora
from streamv2v.controls import Controls
from streamv2v.models.vocabulary import Vocabulary
from streamv2v.prompts.reading import TextModel
from streamv2v.stream.prompt import text_model_of

LORAS = (Lora("/my/loras/Film_Grain.safetensors", 0.8), Lora("someone/paper"))


@pytest.fixture
def model(tmp_path: Path) -> TextModel:
    return text_model_of(tiny_tokenizer(tmp_path), 16, {"style": (200, 201)})


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("<lora:film_grain:0.8>", None),
        ("<lora:paper>", None),
        ("<lora:film_grain:0.5>", "in the model with 0.8; the 0.5 of the prompt changes nothing. Start with --lora"),
        ("<lora:ink:0.7>", "“ink” is not in the model: LoRAs are added at the start, with --lora FILE:0.7"),
        ("<hypernet:paper:1>", "“paper” is a hypernetwork"),
    ],
)
def test_a_lora_that_a_prompt_names_is_there_or_it_is_said_what_to_do(tag: str, said: str | None) -> None:
    notes = PromptNotes(LORAS)
    (line,) = notes.of(Controls(prompt=f"oil {tag}")) or [""]
    assert (said or "") in line and bool(line) == bool(said)
    (lora,) = notes.told(f"oil {tag}")["loras"]
    assert lora["there"] == (said is None or "in the model with" in said) and lora["told"]


def test_a_prompt_is_counted_once_an_engine_is_there(model: TextModel) -> None:
    told = PromptNotes(text_model=lambda: model).told("(red:1.2) man, style " + "blue " * 14)
    assert told["known"] and told["tokens"] > 14 and told["chunks"] == 2 and told["places"] == 28
    assert told["embeddings"] == ["style"] and told["beyond"] == []
    assert PromptNotes().told("red man")["known"] is False


def test_what_is_beyond_is_said_of_blend_and_negative_prompt_too(model: TextModel) -> None:
    notes = PromptNotes(text_model=lambda: model)
    long = "red " * 120
    for controls in (Controls(prompt=long), Controls(blend=((long, 0.5),)), Controls(negative_prompt=long)):
        (line,) = notes.of(controls)
        assert line == "The first 112 of 120 tokens count; beyond them: red."


def test_a_negative_prompt_without_guidance_is_said() -> None:
    assert PromptNotes(guided=False).of(Controls(negative_prompt="blur")) == [NO_GUIDANCE]
    assert not PromptNotes(guided=False).of(Controls())


def test_signs_are_no_words_that_a_model_does_not_know() -> None:
    store = ControlStore(Controls(prompt="pencil"), judge=WordJudge(Vocabulary(looks=("oil painting",))))
    store.apply({"prompt": "(oil painting:1.3) BREAK <lora:ink:0.7>"})
    assert store.notice.unknown == () and "ink" in store.notice.text and not store.notice.refused
    store.apply({"negative_prompt": "(open"})
    assert "not closed" in store.notice.text
