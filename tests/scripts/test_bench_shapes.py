"""The random models of the bench have the real ones' shapes, and its count of operations is right."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from benchmarks.cases import BANKS, LIVE, bank_of
from benchmarks.clip import moving_clip, steady_controls
from benchmarks.flops import count_flops, flops_per_frame, frame_flops, unet_flops
from benchmarks.shapes import LetterTokenizer, even_out, make_text_encoders, make_unet, make_vae
from tiny import one_level_unet, tiny_components, tiny_unet, tiny_vae
from torch.nn import functional as F

from streamv2v import StreamConfig, StreamV2V
from streamv2v.config import BankConfig
from streamv2v.device.live_tensors import LiveTensors
from streamv2v.memory.bank import FeatureBank
from streamv2v.memory.hook import attach
from streamv2v.models.preflight import attention_layers
from streamv2v.models.sdxl import UNET
from streamv2v.stream.added_conditions import pooled_width

LAYERS = Counter({(4096, 320): 5, (1024, 640): 5, (256, 1280): 5, (64, 1280): 1})
"""(tokens, channels) of the self-attention layers at 512x512."""
QUICK = ("best",)


def on_meta(make: Any, *arguments: Any) -> Any:
    with torch.device("meta"):
        return make(*arguments)


def millions(module: Any) -> float:
    return sum(p.numel() for p in module.parameters()) / 1e6


@pytest.mark.parametrize(("shape", "parameters"), [("sd15", 859.52), ("turbo", 865.91), ("sdxl", 2567.46)])
def test_the_unet_has_the_real_ones_parameters(shape: str, parameters: float) -> None:
    assert millions(on_meta(make_unet, shape)) == pytest.approx(parameters, abs=0.01)


def test_taesd_has_the_real_ones_parameters() -> None:
    assert millions(on_meta(make_vae)) == pytest.approx(2.445, abs=0.001)


@pytest.mark.parametrize("shape", ["sd15", pytest.param("turbo", marks=pytest.mark.slow)])
def test_sixteen_self_attention_layers_have_the_papers_tokens_and_channels(shape: str) -> None:
    unet, seen = on_meta(make_unet, shape), Counter()
    for name, module in unet.named_modules():
        if name.endswith("attn1"):
            module.register_forward_pre_hook(lambda _layer, inputs: seen.update([tuple(inputs[0].shape[1:])]))
    unet_flops(unet, rows=1, width=512, height=512)
    assert seen == LAYERS


@pytest.mark.slow
def test_sdxl_has_seventy_self_attention_layers_and_its_preflight_knows_their_names() -> None:
    unet, seen = on_meta(make_unet, "sdxl"), Counter()
    names = [name for name, _ in unet.named_modules() if name.endswith("attn1")]
    for name in names:
        layer = unet.get_submodule(name)
        layer.register_forward_pre_hook(lambda _layer, inputs: seen.update([tuple(inputs[0].shape[1:])]))
    unet_flops(unet, rows=1, width=1024, height=1024)
    assert seen == {(4096, 640): 10, (1024, 1280): 60}
    known = list(attention_layers(StreamConfig(width=1024, height=1024), UNET))
    assert sorted(layer.name for layer in known) == sorted(names)
    assert Counter((layer.tokens, layer.channels) for layer in known) == seen


@pytest.mark.parametrize("shape", ["turbo", "sdxl"])
def test_turbo_and_sdxl_have_heads_of_64_channels(shape: str) -> None:
    unet = on_meta(make_unet, shape)
    sizes = {m.to_q.out_features // m.heads for name, m in unet.named_modules() if name.endswith("attn1")}
    assert sizes == {64}


@pytest.mark.parametrize("shape", ["sd15", "turbo"])
def test_the_text_encoder_fits_the_unet(shape: str) -> None:
    (encoder,) = on_meta(make_text_encoders, shape)
    tokenizer = LetterTokenizer()
    assert tokenizer.backend_tokenizer.encode("a pencil").ids == [ord(letter) for letter in "a pencil"]
    hidden = encoder(torch.zeros(1, tokenizer.model_max_length, dtype=torch.long, device="meta"))[0]
    assert hidden.shape == (1, 77, on_meta(make_unet, shape).config.cross_attention_dim)


def test_the_two_text_encoders_of_sdxl_fit_its_unet() -> None:
    ids = torch.zeros(1, LetterTokenizer.model_max_length, dtype=torch.long, device="meta")
    first, second = (encoder(ids) for encoder in on_meta(make_text_encoders, "sdxl"))
    settings = on_meta(make_unet, "sdxl").config
    assert first[0].shape[-1] + second.last_hidden_state.shape[-1] == settings.cross_attention_dim
    assert second.text_embeds.shape == (1, pooled_width(settings))


@pytest.mark.slow
def test_a_row_of_sd15_costs_eight_tenths_of_a_teraflop() -> None:
    unet = on_meta(make_unet, "sd15")
    one = unet_flops(unet, rows=1, width=512, height=512)
    assert one / 1e12 == pytest.approx(0.803, abs=0.005)
    four = unet_flops(unet, rows=4, width=512, height=512)
    assert four == pytest.approx(4 * one, rel=0.001)  # the embedding of the timestep alone does not scale


@pytest.mark.slow
def test_the_banks_attention_is_counted() -> None:
    unet = on_meta(make_unet, "sd15")
    plain = unet_flops(unet, rows=1, width=512, height=512)
    bank = FeatureBank(BankConfig(fusion=False), 1, 1)
    with attach(unet, bank, LiveTensors("meta")):
        bank.begin_frame(1000)
        filling = unet_flops(unet, rows=1, width=512, height=512)
        bank.begin_frame(1000)
        reading = unet_flops(unet, rows=1, width=512, height=512)
    assert filling == plain
    expected = sum(4 * tokens**2 * channels * count for (tokens, channels), count in LAYERS.items())
    assert reading - plain == expected


@pytest.mark.parametrize(
    "bank", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in BANKS]
)
def test_a_count_without_a_device_is_that_of_the_engine(tmp_path: Path, bank: str) -> None:
    # counting walks through every operation in Python: one level of a U-Net has all kinds of them
    made, look = tiny_components(tmp_path, unet=one_level_unet()), steady_controls(**LIVE.get(bank, {}))
    look = look.patched({"prompt": "oil"})  # one chunk of the tiny tokenizer
    config = StreamConfig(model="tiny", width=64, height=64, slots=2, bank=bank_of(bank), device="cpu")
    tokens = made.tokenizer.model_max_length
    counted = frame_flops(made.unet, made.vae, config, interval=4, text_tokens=tokens, controls=look)
    clip = moving_clip(64, 64)
    with StreamV2V(config, made) as engine:
        engine.warm_up()
        engine(clip[0], look, now_s=0.0)
        found = flops_per_frame(lambda: engine(clip[1], look, now_s=0.0), 4)
    assert counted == pytest.approx(found, rel=1e-3)


def test_the_cpus_attention_is_counted() -> None:
    query, key = torch.randn(1, 2, 32, 8), torch.randn(1, 2, 48, 8)
    counted = count_flops(lambda: F.scaled_dot_product_attention(query, key, key))
    assert counted == 4 * 2 * 32 * 48 * 8


def test_a_frames_count_is_the_mean_over_an_interval() -> None:
    turns = iter([1, 1, 1, 5])
    square = torch.randn(8, 8)
    assert flops_per_frame(lambda: [square @ square for _ in range(next(turns))], 4) == 2 * 2 * 8**3


def test_random_pictures_have_contrast() -> None:
    unet, vae = tiny_unet(), tiny_vae()
    even_out(unet, vae)
    with torch.no_grad():
        blobs = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(3))
        picture = vae.decoder(vae.encoder(blobs.repeat_interleave(16, 2).repeat_interleave(16, 3)))
    assert 0.2 < picture.std() < 0.8
    assert abs(picture.mean()) < 0.4
