"""A decoder whose last layers only enlarge and mix draws the same picture from one convolution at half the size."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from diffusers import AutoencoderTiny
from tiny import tiny_vae
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from streamv2v import StreamConfig, load_components
from streamv2v.config import EMBEDDED_FOLDER, EMBEDDED_MODEL
from streamv2v.models.last_upsampling import fold_last_upsampling


def decoder_without_last_block(*, pointwise: bool = True) -> AutoencoderTiny:
    torch.manual_seed(3)
    vae = AutoencoderTiny(
        encoder_block_out_channels=(8,) * 4, decoder_block_out_channels=(8,) * 4, num_decoder_blocks=(1, 1, 1, 0)
    ).eval()
    if pointwise:
        with torch.no_grad():
            weight = vae.decoder.layers[-2].weight
            middle = weight[..., 1, 1].clone()
            weight.zero_()
            weight[..., 1, 1] = middle
    return vae


@torch.no_grad()
def draw(vae: Any, size: tuple[int, int] = (6, 9)) -> torch.Tensor:
    latent = torch.randn(2, 4, *size, generator=torch.Generator().manual_seed(0))
    return vae.decode(latent, return_dict=False)[0]


def flops(vae: Any) -> int:
    with FlopCounterMode(display=False) as counter:
        draw(vae)
    return counter.get_total_flops()


def test_the_picture_is_the_same_to_its_very_edge() -> None:
    vae = decoder_without_last_block()
    wanted, before = draw(vae), flops(vae)
    assert fold_last_upsampling(vae)
    torch.testing.assert_close(draw(vae), wanted, rtol=0, atol=1e-6)
    assert flops(vae) < 0.7 * before
    assert not fold_last_upsampling(vae)  # once


def test_what_would_come_out_differently_is_left_alone() -> None:
    hooked, biased = decoder_without_last_block(), decoder_without_last_block()
    hooked.decoder.layers[-1].register_forward_hook(lambda *_: None)
    biased.decoder.layers[-2] = nn.Conv2d(8, 8, 3, padding=1)
    others = [decoder_without_last_block(pointwise=False), tiny_vae(), tiny_vae(kind="kl"), hooked, biased]
    for vae in others:
        wanted = draw(vae)
        assert not fold_last_upsampling(vae)
        assert torch.equal(draw(vae), wanted)


@pytest.mark.parametrize("dtype", ["float32", pytest.param("bfloat16", marks=pytest.mark.slow)])
def test_the_model_that_ships_is_folded_on_loading_and_draws_what_diffusers_draws(dtype: str) -> None:
    plain = AutoencoderTiny.from_pretrained(EMBEDDED_FOLDER / "vae", torch_dtype=getattr(torch, dtype)).eval()
    vae = load_components(StreamConfig(model=EMBEDDED_MODEL, device="cpu", dtype=dtype)).vae
    assert isinstance(vae.decoder.layers[-1], nn.PixelShuffle)
    latent = torch.randn(1, 16, 24, 32, generator=torch.Generator().manual_seed(0)).to(plain.dtype)
    with torch.no_grad():
        one, other = (item.decode(latent, return_dict=False)[0].float() for item in (plain, vae))
    assert (one - other).abs().mean() < (1e-5 if dtype == "float32" else 0.02)
