"""The search of `nearest.py` as one Triton kernel: matrix product, running maximum and its place in one go.

No similarity reaches memory. Each program holds a block of tokens and walks over the bank's outputs;
products and norms are summed in float32. Importing this needs Triton.
"""

from __future__ import annotations

import torch
import triton  # pyright: ignore[reportMissingImports]
import triton.language as tl  # pyright: ignore[reportMissingImports]
from torch import Tensor

TOKENS, STORED, CHANNELS = 64, 64, 32
"""Sides of the blocks; 16 is the least that a matrix unit takes."""


@triton.jit
def _search(
    output,
    stored,
    best,
    place,
    count,
    stored_count,
    channels,
    output_row,
    output_token,
    stored_row,
    stored_token,
    TOKENS: tl.constexpr,
    STORED: tl.constexpr,
    CHANNELS: tl.constexpr,
):
    row = tl.program_id(1).to(tl.int64)
    token = tl.program_id(0) * TOKENS + tl.arange(0, TOKENS)
    channel = tl.arange(0, CHANNELS)
    output += row * output_row
    stored += row * stored_row
    top = tl.full([TOKENS], -float("inf"), tl.float32)
    top_place = tl.zeros([TOKENS], tl.int32)
    square = tl.zeros([TOKENS], tl.float32)
    for first in range(0, stored_count, STORED):
        other = first + tl.arange(0, STORED)
        product = tl.zeros([TOKENS, STORED], tl.float32)
        other_square = tl.zeros([STORED], tl.float32)
        square = tl.zeros([TOKENS], tl.float32)
        for start in range(0, channels, CHANNELS):
            here = start + channel
            mine = tl.load(
                output + token[:, None] * output_token + here[None, :],
                mask=(token[:, None] < count) & (here[None, :] < channels),
                other=0.0,
            )
            theirs = tl.load(
                stored + other[None, :] * stored_token + here[:, None],
                mask=(other[None, :] < stored_count) & (here[:, None] < channels),
                other=0.0,
            )
            product += tl.dot(mine, theirs, input_precision="ieee")
            square += tl.sum(mine.to(tl.float32) * mine.to(tl.float32), axis=1)
            other_square += tl.sum(theirs.to(tl.float32) * theirs.to(tl.float32), axis=0)
        cosine = product / tl.maximum(tl.sqrt(other_square), 1e-12)[None, :]
        cosine = tl.where(other[None, :] < stored_count, cosine, -float("inf"))
        block_top, block_place = tl.max(cosine, axis=1, return_indices=True)
        better = block_top > top
        top_place = tl.where(better, first + block_place, top_place)
        top = tl.where(better, block_top, top)
    top = top / tl.maximum(tl.sqrt(square), 1e-12)
    inside = token < count
    tl.store(best + row * count + token, top, mask=inside)
    tl.store(place + row * count + token, top_place.to(tl.int64), mask=inside)


def nearest_by_kernel(output: Tensor, bank_output: Tensor) -> tuple[Tensor, Tensor]:
    """As `nearest.nearest`; of equal cosines the first. Channels have to lie side by side.

    Args:
        output: `[B, N, C]`; bank_output: `[B, M, C]`.
    Returns:
        best cosine `[B, N, 1]`, index `[B, N, 1]` int64.
    """
    output, bank_output = (t if t.stride(-1) == 1 else t.contiguous() for t in (output, bank_output))
    rows, count, channels = output.shape
    best = torch.empty(rows, count, 1, dtype=output.dtype, device=output.device)
    place = torch.empty(rows, count, 1, dtype=torch.int64, device=output.device)
    _search[(triton.cdiv(count, TOKENS), rows)](  # pyright: ignore[reportIndexIssue]
        output,
        bank_output,
        best,
        place,
        count,
        bank_output.shape[1],
        channels,
        output.stride(0),
        output.stride(1),
        bank_output.stride(0),
        bank_output.stride(1),
        TOKENS=TOKENS,
        STORED=STORED,
        CHANNELS=CHANNELS,
    )
    return best, place
