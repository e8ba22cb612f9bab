"""What memory a choice needs, known before anything is loaded, and the smaller choice that fits."""

from __future__ import annotations

import dataclasses
import itertools
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import UNet2DConditionModel
from tiny import save_tiny_model, tiny_components

from streamv2v import BankConfig, Controls, ModelError, StreamConfig, StreamV2V, load_components
from streamv2v.models.fallbacks import difference, fitting, smaller
from streamv2v.models.model_facts import SD_UNET, SD_VAE, ModelFacts, count_parameters, model_facts
from streamv2v.models.preflight import (
    MIB,
    Needs,
    bank_bytes,
    needs_of,
    past_bytes,
    stream_rows,
    vae_working_bytes,
)
from streamv2v.stream.guidance import rows_of

SD15 = ModelFacts({"unet": 859_520_964, "vae": 83_653_863, "text_encoder": 123_060_480}, SD_UNET, SD_VAE)
BANKS = {
    "paper": BankConfig(),
    "queue": BankConfig(kind="queue", queue_length=3),
    "weighted": BankConfig.best(),
    "grid": BankConfig(merge_split="grid"),
    "place": BankConfig(merge_split="place"),
    "last up": BankConfig(fused_layers=("last_up",)),
    "no fusion": BankConfig(fusion=False),
}


def sd15_needs(config: StreamConfig) -> Needs:
    return needs_of(config, SD15, dtype="float16", device="cuda")


def header_only(path: Path, shapes: dict[str, tuple[int, ...]]) -> None:
    """A safetensors file without its data: enough for whoever reads only the header."""
    table = {name: {"dtype": "F16", "shape": list(shape), "data_offsets": [0, 0]} for name, shape in shapes.items()}
    header = json.dumps(table).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(header)) + header)


@pytest.mark.parametrize("guidance", ["none", "full", "initialize"])
@pytest.mark.parametrize("bank", BANKS)
def test_the_bank_takes_exactly_what_was_said(bank: str, guidance: str, tmp_path: Path) -> None:
    components = tiny_components(tmp_path)
    # 72 pixels are 9 cells, whose levels do not halve evenly
    config = StreamConfig(width=72, height=64, slots=2, guidance=guidance, bank=BANKS[bank], device="cpu")
    with StreamV2V(config, components) as engine:
        engine(np.zeros((64, 72, 3), np.uint8), Controls())
        assert engine.bank is not None
        assert bank_bytes(config, dict(components.unet.config), dtype="float32") == engine.bank.nbytes


def test_parameters_are_counted_exactly_from_headers(tmp_path: Path) -> None:
    folder = save_tiny_model(tmp_path / "model")
    config = StreamConfig(model=str(folder), width=64, height=64, device="cpu", offline=True)
    assert sum(model_facts(config).parameters.values()) == load_components(config).facts["parameters"]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_embedded_model_is_known_exactly_with_its_layer_that_keeps_float32(dtype: str) -> None:
    config = StreamConfig(width=128, height=128, device="cpu", dtype=dtype)
    facts = model_facts(config)
    needs = needs_of(config, facts, dtype=dtype, device="cpu")
    components = load_components(config)
    assert needs.parts["U-Net weights"] == sum(weight.nbytes for weight in components.unet.parameters())
    with StreamV2V(config, components) as engine:
        engine(np.zeros((128, 128, 3), np.uint8), Controls())
        told = engine.facts()
    assert sum(facts.parameters.values()) == told["parameters"]
    assert needs.parts["feature bank"] == told["bank_bytes"]


def test_stable_diffusion_has_its_known_size_without_a_weight_in_memory(tmp_path: Path) -> None:
    with torch.device("meta"):
        unet = UNet2DConditionModel(**SD_UNET, cross_attention_dim=768)
    header_only(
        tmp_path / "unet" / "diffusion_pytorch_model.safetensors",
        {name: tuple(tensor.shape) for name, tensor in unet.state_dict().items()},
    )
    assert count_parameters(tmp_path / "unet") == sum(p.numel() for p in unet.parameters()) == 859_520_964


def test_the_bank_of_stable_diffusion_keeps_44_mib_of_keys_and_values_per_slot() -> None:
    config = StreamConfig(width=512, height=512, slots=1)
    assert round(past_bytes(config, SD_UNET, dtype="float16") / MIB) == 44
    four = dataclasses.replace(config, slots=4)
    assert past_bytes(four, SD_UNET, dtype="float16") == 4 * past_bytes(config, SD_UNET, dtype="float16")


def test_half_precision_weights_are_not_counted_beside_full_ones(tmp_path: Path) -> None:
    for name in ("diffusion_pytorch_model", "diffusion_pytorch_model.fp16", "diffusion_pytorch_model.non_ema"):
        header_only(tmp_path / "unet" / f"{name}.safetensors", {"weight": (3, 5)})
    assert count_parameters(tmp_path / "unet") == 15


def test_a_single_file_is_counted_by_its_parts(tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.safetensors"
    shapes: dict[str, Any] = {
        "model.diffusion_model.input_blocks.0.0.weight": (10, 10),
        "first_stage_model.decoder.weight": (5, 5),
        "cond_stage_model.transformer.weight": (2, 2),
        "model_ema.decay": (1000,),
    }
    header_only(file, shapes)
    facts = model_facts(StreamConfig(model=str(file)))
    assert facts.parameters == {"unet": 100, "vae": 25, "text_encoder": 4}
    assert "unet shape" in facts.guessed


def test_a_damaged_weight_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.safetensors"
    file.write_bytes(b"no table here")
    with pytest.raises(ModelError, match=r"checkpoint\.safetensors"):
        model_facts(StreamConfig(model=str(file)))


def test_rows_are_counted_as_the_stream_counts_them() -> None:
    for guidance, slots in itertools.product(("none", "full", "self", "initialize"), (1, 2, 4)):
        config = StreamConfig(guidance=guidance, slots=slots)
        assert stream_rows(config) == rows_of(guidance, slots)


def test_what_fits_is_left_alone_without_a_word() -> None:
    config = StreamConfig(width=512, height=512)
    fit = fitting(config, 24 * 2**30, sd15_needs, where="this GPU")
    assert fit.fits and fit.config is config and fit.words == ""


def test_a_card_of_8_gib_runs_a_smaller_picture_and_says_what_was_asked_and_what_it_has() -> None:
    config = StreamConfig(model="some/model", width=1280, height=1280, slots=4)
    fit = fitting(config, 7 * 2**30, sd15_needs, where="this GPU")
    assert fit.fits and fit.needs.total_bytes <= 7 * 2**30 < fit.asked.total_bytes
    for words in ("some/model at 1280x1280 with 4 slots", "this GPU has 7.0 GiB", difference(config, fit.config)):
        assert words in fit.words
    assert "\n" not in fit.words


def test_where_nothing_fits_what_was_asked_is_tried_and_the_shortage_told() -> None:
    config = StreamConfig(width=512, height=512)
    fit = fitting(config, 10 * MIB, sd15_needs, where="this GPU")
    assert not fit.fits and fit.config is config and "nothing smaller fits either" in fit.words


def test_every_rung_down_needs_less() -> None:
    config: StreamConfig | None = StreamConfig(width=1280, height=720, slots=8)
    needed = []
    while config is not None:
        needed.append(sd15_needs(config).total_bytes)
        config = smaller(config)
    assert len(needed) > 4 and needed == sorted(needed, reverse=True) and len(set(needed)) == len(needed)


def test_a_table_has_a_line_for_every_part_and_the_sum() -> None:
    needs = sd15_needs(StreamConfig(width=512, height=512))
    lines = str(needs).splitlines()
    assert len(lines) == len(needs.parts) + 1
    assert lines[0].split() == ["U-Net", "weights", "1.6", "GiB", "exact"]
    assert lines[-1].startswith("in all")


def test_a_full_decoder_needs_more_than_a_tiny_one() -> None:
    config = StreamConfig(width=512, height=512)
    tiny = {"_class_name": "AutoencoderTiny", "decoder_block_out_channels": [64] * 4}
    assert vae_working_bytes(config, SD_VAE, 2) > vae_working_bytes(config, tiny, 2)
