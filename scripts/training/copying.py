"""How the attention before the last layer begins: as a mean over like places, which is what a bank is read with.

Begun at random (or as no layer at all) it learned nothing of the bank in 700 steps: what it would have to find,
"take the features of the token that is most like me, and let them count for more than my own", is far from any
start. So it is written in: queries and keys are the features themselves, values too, and the result weighs several
times what passes beside it. Over a single frame this smooths a little; with a bank, the past has a say in
everything that is drawn. Training goes on from there.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from diffusers import UNet2DConditionModel

SHARPNESS = 20.0
"""Logits of a token with itself grow with this: larger means fewer, more alike tokens in the mean."""
OWN_SHARE = 0.1
"""What the token's own features weigh beside the mean."""
GAIN = 8.0
"""How much larger the layer's answer is than what passes beside it."""
LEVEL = 3.0
"""A constant of alternating sign, added before the layer norm so that it hardly changes the length of a token."""


@torch.no_grad()
def begin_as_copy(unet: UNet2DConditionModel) -> None:
    """Write the mean over like places into the last attention of `unet`, in place."""
    last: Any = unet.up_blocks[-1]
    attention = last.attentions[-1]
    block = attention.transformer_blocks[0]
    width = attention.proj_in.weight.shape[0]
    same = torch.eye(width)
    level = LEVEL * (1 - 2 * (torch.arange(width) % 2)).float()
    shrunk = math.sqrt(1 + LEVEL**2)
    gain = GAIN * _deviation(unet, attention) / (OWN_SHARE + 1)
    _set(attention.proj_in, same, level)
    _set(block.attn1.to_q, math.sqrt(SHARPNESS) * same)
    _set(block.attn1.to_k, math.sqrt(SHARPNESS) * same)
    _set(block.attn1.to_v, same)
    _set(block.attn1.to_out[0], shrunk / OWN_SHARE * same, -level / OWN_SHARE)
    for silent in (block.attn2.to_out[0], block.ff.net[2]):
        _set(silent, torch.zeros_like(silent.weight), torch.zeros_like(silent.bias))
    _set(attention.proj_out, gain * OWN_SHARE * same, -gain * OWN_SHARE * level)


def _set(layer: Any, weight: torch.Tensor, bias: torch.Tensor | None = None) -> None:
    layer.weight.copy_(weight.view_as(layer.weight))
    if bias is not None:
        layer.bias.copy_(bias)


def _deviation(unet: UNet2DConditionModel, attention: Any) -> float:
    """How much features vary before the layer, within a group of its norm."""
    seen: list[float] = []
    groups = attention.norm.num_groups

    def look(_layer: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        seen.append(float(inputs[0].unflatten(1, (groups, -1)).std(dim=(2, 3, 4)).mean()))

    handle = attention.register_forward_pre_hook(look)
    generator = torch.Generator().manual_seed(0)
    size, channels = 16, unet.config.in_channels  # type: ignore[attr-defined]
    words = torch.randn(2, 8, unet.config.cross_attention_dim, generator=generator)  # type: ignore[attr-defined]
    unet(torch.randn(2, channels, size, size, generator=generator), torch.tensor(500), encoder_hidden_states=words)
    handle.remove()
    return seen[0]
