"""How the attention of the first block begins: it finds each place of the picture again and takes the mean of its past.

Nothing but this attention leads from the frame to the rest of the network: the one skip that would pass it by, from
the first convolution to the last residual block, is silenced. So what it averages over time is what is drawn.

It begins computed, not at random, and is trained on from there. What tells places apart is measured: features of
pictures filmed twice, with new noise of the camera but the stream's own fixed noise, which marks each cell with a
pattern of its own. In a linear code in which places differ and the camera's noise does not, logits fall with the
square of the distance; a token then finds itself in the frame and in the bank, and what looks the same. Without a bank
the attention gives back nearly what it was given, so that it can be put into a network that is trained already. Begun
at random it learned nothing of the bank in 700 steps: what it would have to find is far from any start.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from diffusers import UNet2DConditionModel

LEVEL = 3.0
"""A constant of alternating sign, added before the layer norm: with it, the dot product of two tokens of equal length
falls with their distance, and the norm hardly changes what is averaged."""
MISS = 0.15
"""How far the logit of the same place, filmed again, lies below that of the place itself."""
LEAST_NOISE = 0.01
"""Least share of the camera's noise in a direction; smaller ones would outweigh all others."""


def first_attention(unet: UNet2DConditionModel) -> Any:
    """The transformer of the first down block."""
    return unet.down_blocks[0].attentions[0]  # type: ignore[union-attr,index]


@torch.no_grad()
def begin_as_recognition(unet: UNet2DConditionModel, tokens: torch.Tensor, deviation: torch.Tensor) -> None:
    """Write into the first attention: replace each token by the mean over the tokens it is found in.

    Args:
        tokens: normalised features of the same pictures filmed twice, [2, n, C].
        deviation: how much each feature varied before it was normalised, [C].
    """
    transformer = first_attention(unet)
    block, width = transformer.transformer_blocks[0], tokens.shape[-1]
    pattern = 1 - 2 * (torch.arange(width) % 2).double()
    into, back = telling_code(tokens, pattern)
    coded = (tokens.double() - tokens.double().flatten(0, 1).mean(dim=0)) @ into.T
    missed = (coded[1] - coded[0]).square().sum(dim=1).median()
    sharpness = MISS * 2 * LEVEL**2 * math.sqrt(width / block.attn1.heads) / float(missed)
    length = math.sqrt(float(coded.square().sum(dim=-1).mean()) / width + LEVEL**2)
    same = torch.eye(width, dtype=torch.float64)
    _set(transformer.proj_in, into, LEVEL * pattern - into @ tokens.double().flatten(0, 1).mean(dim=0))
    for layer in (block.attn1.to_q, block.attn1.to_k):
        _set(layer, math.sqrt(sharpness) * same)
    _set(block.attn1.to_v, same)
    _set(block.attn1.to_out[0], -length * same, torch.zeros(width))
    for silent in (block.attn2.to_out[0], block.ff.net[2]):
        _set(silent, torch.zeros_like(silent.weight), torch.zeros_like(silent.bias))
    # What now stands in the stream is how a token differs from its mean; that is taken from the features.
    _set(transformer.proj_out, -deviation.double()[:, None] * back, torch.zeros(width))


def telling_code(tokens: torch.Tensor, pattern: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """A linear code in which places lie far apart and one place, filmed again, lies near: the matrix and its inverse.

    By the ratio of likelihoods of two Gaussians: each direction counts by one over its share of camera noise, less one.

    Args:
        tokens: [2, n, C], the same places filmed twice.
        pattern: a direction besides the mean that the code must leave free, [C].
    Returns:
        [C, C] each, float64; codes have a mean square of 1 and lie beside `pattern` and the mean over channels.
    """
    width = tokens.shape[-1]
    flat = tokens.double().flatten(0, 1)
    centred = flat - flat.mean(dim=0)
    total = centred.T @ centred / len(centred)
    change = (tokens[1] - tokens[0]).double()
    noise = 0.5 * change.T @ change / len(change)
    values, vectors = torch.linalg.eigh(total)
    kept = values > 1e-6 * values.max()
    whiten = vectors[:, kept] * values[kept].rsqrt()
    shares, directions = torch.linalg.eigh(whiten.T @ noise @ whiten)
    worth = (1 / shares.clamp(LEAST_NOISE, 0.9) - 1).sqrt()
    places = min(len(worth), width - 2)  # eigenvalues rise: the noisiest are left to pass as they are
    code = ((whiten @ directions) * worth)[:, :places].T
    code = code / ((centred @ code.T).square().sum(dim=1).mean() / width).sqrt()
    free = torch.linalg.qr(torch.stack([torch.ones(width, dtype=torch.float64), pattern], dim=1), mode="complete").Q
    carriers = free[:, 2 : 2 + places]
    return carriers @ code, torch.linalg.pinv(code) @ carriers.T


def hold_first_attention(unet: UNet2DConditionModel) -> None:
    """Keep what was computed as it is in training; text attention and feed-forward of that block go on learning.

    Left to itself, training narrows the attention to the place itself (docs/decisions.md).
    """
    transformer = first_attention(unet)
    block = transformer.transformer_blocks[0]
    for layer in (transformer.norm, transformer.proj_in, transformer.proj_out, block.norm1, block.attn1):
        layer.requires_grad_(False)


@torch.no_grad()
def silence_the_bypass(unet: UNet2DConditionModel) -> None:
    """Cut the skip from the first convolution to the last residual block, now and in training."""
    last: Any = unet.up_blocks[-1].resnets[-1]  # type: ignore[union-attr,index]
    skipped = unet.conv_in.out_channels
    for layer in (last.conv1, last.conv_shortcut):
        weight = layer.weight
        mask = torch.ones_like(weight)
        mask[:, -skipped:] = 0
        weight.mul_(mask)
        weight.register_hook(lambda gradient, mask=mask: gradient * mask.to(gradient.device))


def _set(layer: Any, weight: torch.Tensor, bias: torch.Tensor | None = None) -> None:
    layer.weight.copy_(weight.view_as(layer.weight))
    if bias is not None:
        layer.bias.copy_(bias)
