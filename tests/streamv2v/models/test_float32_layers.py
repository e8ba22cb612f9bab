"""Layers that keep float32 in a 16-bit U-Net: what the folder asks is done, seen from outside only in the numbers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny import tiny_unet

from streamv2v import BankConfig, Controls, ModelError, StreamConfig, StreamV2V, load_components
from streamv2v.models.float32_layers import run_in_float32
from streamv2v.models.hub import LAYERS_FILE, wanted_files
from streamv2v.models.model_facts import FLOAT32_KEY, float32_layers_of

LAYER = "down_blocks.0.attentions.0"


def folder_with(tiny_model: Path, tmp_path: Path, content: str) -> Path:
    folder = tmp_path / "model"
    shutil.copytree(tiny_model, folder)
    (folder / LAYERS_FILE).write_text(content, encoding="utf-8")
    return folder


def small(model: Path, dtype: str) -> StreamConfig:
    return StreamConfig(model=str(model), width=64, height=64, slots=2, dtype=dtype, device="cpu", offline=True)


def test_a_named_layer_computes_in_float32_and_answers_in_the_format_around_it() -> None:
    unet, seen = tiny_unet(dtype=torch.bfloat16), []
    assert run_in_float32(unet, [LAYER]) == [LAYER]
    inside = unet.get_submodule(LAYER).transformer_blocks[0].attn1
    inside.register_forward_hook(lambda _layer, _inputs, answer: seen.append(answer.dtype))
    words = torch.zeros(1, 4, 16, dtype=torch.bfloat16)
    answer = unet(torch.randn(1, 4, 8, 8).bfloat16(), 100, encoder_hidden_states=words).sample
    assert seen == [torch.float32] and answer.dtype == unet.dtype == torch.bfloat16


def test_the_answer_is_nearer_to_that_of_a_whole_float32_network() -> None:
    torch.manual_seed(1)
    inputs, words = torch.randn(8, 4, 8, 8), torch.randn(8, 4, 16)
    names = [name for name, layer in tiny_unet().named_modules() if type(layer).__name__ == "Transformer2DModel"]

    def answer(dtype: torch.dtype, layers: list[str]) -> torch.Tensor:
        unet = tiny_unet().bfloat16().to(dtype)
        run_in_float32(unet, layers)
        return unet(inputs.to(dtype), 100, encoder_hidden_states=words.to(dtype)).sample.float()

    exact = answer(torch.float32, [])
    assert (answer(torch.bfloat16, names) - exact).std() < 0.95 * (answer(torch.bfloat16, []) - exact).std()


def test_a_float32_network_is_left_as_it_is() -> None:
    unet = tiny_unet()
    assert run_in_float32(unet, [LAYER]) == []
    assert not unet.get_submodule(LAYER)._forward_pre_hooks


@pytest.mark.parametrize(("dtype", "wide"), [("bfloat16", [LAYER]), ("float32", [])])
def test_a_folder_names_its_layers_and_a_stream_with_a_bank_runs(
    tiny_model: Path, tmp_path: Path, dtype: str, wide: list[str]
) -> None:
    config = small(folder_with(tiny_model, tmp_path, json.dumps({FLOAT32_KEY: [LAYER]})), dtype)
    components = load_components(config)
    assert components.facts["float32_layers"] == wide
    frame = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    with StreamV2V(config, components) as engine:
        pictures = [engine(frame, Controls()) for _ in range(6)]
    assert all(picture.shape == frame.shape for picture in pictures) and np.ptp(pictures[-1]) > 0


def test_a_bank_of_a_wide_layer_holds_what_the_layer_computes(tiny_model: Path, tmp_path: Path) -> None:
    folder = folder_with(tiny_model, tmp_path, json.dumps({FLOAT32_KEY: [LAYER]}))
    frame = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    differences = []
    for kind in ("off", "queue"):
        config = StreamConfig(**{**vars(small(folder, "bfloat16")), "bank": BankConfig(kind=kind)})
        with StreamV2V.from_pretrained(config) as engine:
            differences.append(np.stack([engine(np.roll(frame, n, 1), Controls()) for n in range(6)]).astype(int))
    assert np.abs(differences[0] - differences[1]).max() > 0


def test_a_folder_without_the_file_wants_nothing(tiny_model: Path) -> None:
    assert float32_layers_of(tiny_model) == ()


def test_the_file_is_fetched_with_a_model_of_the_hub() -> None:
    assert LAYERS_FILE in wanted_files(["model_index.json", LAYERS_FILE, "notes.json"], ["unet"], half=True)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "an object with"),
        ("[]", "an object with"),
        ('{"float32_layers": "conv_in"}', "a list of names"),
        ('{"float32_layers": ["conv_nowhere"]}', "does not have"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_what_to_do(
    tiny_model: Path, tmp_path: Path, content: str, message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        load_components(small(folder_with(tiny_model, tmp_path, content), "bfloat16"))
