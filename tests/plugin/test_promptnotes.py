"""What is said of a prompt besides its words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from streamv2v_cam.knownwords import WordJudge
from streamv2v_cam.lorafolder import LoraFolder
from streamv2v_cam.promptnotes import NO_GUIDANCE, PromptNotes
from streamv2v_cam.store import ControlStore
from tiny import tiny_tokenizer

from streamv2v.config import Lora
from streamv2v.controls import Controls
from streamv2v.models.checks import Reads
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
        ("<lora:ink:0.7>", "“ink” is not in the model, nor among those to be put on"),
        ("<hypernet:paper:1>", "“paper” is a hypernetwork"),
    ],
)
def test_a_lora_that_a_prompt_names_is_there_or_it_is_said_what_to_do(tag: str, said: str | None) -> None:
    notes = PromptNotes(LORAS)
    (line,) = notes.of(Controls(prompt=f"oil {tag}")) or [""]
    assert (said or "") in line and bool(line) == bool(said)
    (lora,) = notes.told(f"oil {tag}")["loras"]
    assert lora["there"] == (said is None or "in the model with" in said) and lora["told"]


@pytest.fixture
def folder(tmp_path: Path) -> LoraFolder:
    layer = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k"
    for name, width in (("Pastel", 768), ("wide", 2048)):
        pair = {f"{layer}.lora_down.weight": (2, width), f"{layer}.lora_up.weight": (4, 2)}
        save_file({key: np.ones(shape, np.float32) for key, shape in pair.items()}, tmp_path / f"{name}.safetensors")
    return LoraFolder(tmp_path, Reads(768, False))


@pytest.mark.parametrize(
    ("tag", "on", "there", "said"),
    [
        ("<lora:pastel:0.8>", {}, False, "in the folder and not on, and a prompt puts none on. The control loras = { "
         "Pastel = 0.8 } (LoRAs in the dock, a look, start.loras) does."),
        ("<lora:pastel:0.8>", {"Pastel": 0.5}, True, "in the model with 0.5; the 0.8 of the prompt changes nothing. "
         "The control loras = { Pastel = 0.8 }"),
        ("<lora:pastel:0.8>", {"Pastel": 0.8}, True, None),
        ("<lora:wide>", {}, False, "in the folder and cannot be put on. The LoRA wide.safetensors is made for SDXL"),
        ("<lora:paper:1.5>", {"paper": 0.5}, True, None),
    ],
)  # fmt: skip
def test_a_lora_of_the_folder_that_a_prompt_names_is_put_on_by_the_control(
    folder: LoraFolder, tag: str, on: dict[str, float], there: bool, said: str | None
) -> None:
    notes, controls = PromptNotes(LORAS, folder=folder), Controls(prompt=f"oil {tag}", loras=tuple(on.items()))
    (line,) = notes.of(controls) or [""]
    assert (said or "") in line and bool(line) == bool(said)
    (lora,) = notes.told(controls.prompt, controls)["loras"]
    assert lora["there"] is there and (said or "in the model with") in lora["told"]


def test_where_no_lora_can_be_put_on_a_tag_says_why(tmp_path: Path) -> None:
    (line,) = PromptNotes(folder=LoraFolder(tmp_path, rests="The embedded model takes none.")).of(
        Controls(prompt="oil <lora:pastel:0.8>")
    )
    assert line == "The LoRA “pastel” is not in the model. The embedded model takes none."


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
    assert PromptNotes(guided=False, of_looks={"blur"}).of(Controls(negative_prompt="blur")) == [], "a look's own"
    assert not PromptNotes(guided=False).of(Controls())


def test_signs_are_no_words_that_a_model_does_not_know() -> None:
    store = ControlStore(Controls(prompt="pencil"), judge=WordJudge(Vocabulary(looks=("oil painting",))))
    store.apply({"prompt": "(oil painting:1.3) BREAK <lora:ink:0.7>"})
    assert store.notice.unknown == () and "ink" in store.notice.text and not store.notice.refused
    store.apply({"negative_prompt": "(open"})
    assert "not closed" in store.notice.text
