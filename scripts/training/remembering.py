"""Training for the bank: the later frame of each pair attends to the earlier one's keys and values.

Without this the network never meets a filled bank before it is on air, and adding one changes almost nothing
(measured: flicker times 1.000 to 1.002). Shown pairs, and asked to draw the later frame like the earlier one where
nothing has moved but the noise, it learns to look there.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import UNet2DConditionModel

from streamv2v.memory.merging import merge_tokens, random_split

# Bank weights met in training: the log is added to the logits of the earlier frame's keys.
WEIGHTS = (1.0, 1.0, 2.0, 4.0)
# How often the earlier frame comes merged, as dynamic merging would leave it, and not whole.
MERGED = 0.5


class PairAttention:
    """Self-attention over a batch of pairs, earlier frames in the first half, later ones in the second."""

    def __init__(self) -> None:
        self._log_weight = 0.0
        self._merged: torch.Generator | None = None

    def set(self, rng: np.random.Generator, generator: torch.Generator) -> None:
        """Draw for the coming step how much the earlier frame weighs and whether it is merged."""
        self._log_weight = math.log(WEIGHTS[int(rng.integers(len(WEIGHTS)))])
        self._merged = generator if rng.random() < MERGED else None

    def __call__(self, attn: Any, hidden_states: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        """The processor seam of diffusers: [2P, N, C] in and out."""
        query, key, value = attn.to_q(hidden_states), attn.to_k(hidden_states), attn.to_v(hidden_states)
        half, tokens = len(query) // 2, query.shape[1]
        stored = self._store(key[:half], value[:half])
        first = self._attend(attn.heads, query[:half], key[:half], value[:half], None)
        keys, values = (torch.cat(pair, dim=1) for pair in ((key[half:], stored[0]), (value[half:], stored[1])))
        bias = keys.new_zeros(1, 1, 1, 2 * tokens)
        bias[..., tokens:] = self._log_weight
        second = self._attend(attn.heads, query[half:], keys, values, bias if self._log_weight else None)
        return attn.to_out[1](attn.to_out[0](torch.cat([first, second])))

    def _store(self, key: torch.Tensor, value: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The bank after a still scene: the frame itself, or merged with a copy of itself."""
        if self._merged is None:
            return key, value
        rows, tokens = key.shape[:2]
        order = random_split(rows, 2 * tokens, generator=self._merged, device=key.device)
        merged = merge_tokens([key.repeat(1, 2, 1), value.repeat(1, 2, 1)], order, rule="mean")
        return merged[0], merged[1]

    @staticmethod
    def _attend(heads: int, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, bias: torch.Tensor | None):
        q, k, v = (t.unflatten(-1, (heads, -1)).transpose(1, 2) for t in (query, key, value))
        return F.scaled_dot_product_attention(q, k, v, attn_mask=bias).transpose(1, 2).flatten(2)


def remember_pairs(unet: UNet2DConditionModel) -> PairAttention:
    """Give all self-attention layers one processor that reads batches as pairs; returns it."""
    pairs = PairAttention()
    given = {name: pairs if ".attn1." in name else old for name, old in unet.attn_processors.items()}
    unet.set_attn_processor(given)  # type: ignore[arg-type]
    return pairs


def steadiness_loss(answer: torch.Tensor, shift: torch.Tensor, same: torch.Tensor) -> torch.Tensor:
    """How far later answers are from the earlier ones of the same place: smooth L1, a scalar.

    Args:
        answer: [2, P, C, h, w]; the earlier ones are taken as given.
        shift: cells the frame moved down and right, [P, 2].
        same: which pairs show one place, bool [P].
    """
    earlier, later = answer[0].detach(), answer[1]
    height, width = answer.shape[-2:]
    total, count = answer.new_zeros(()), 0
    for before, after, (down, right) in zip(earlier[same], later[same], shift[same].tolist(), strict=True):
        rows, columns = height - abs(down), width - abs(right)
        if rows <= 2 or columns <= 2:
            continue
        top, left = max(down, 0), max(right, 0)
        seen = before[:, top : top + rows, left : left + columns]
        again = after[:, max(-down, 0) : max(-down, 0) + rows, max(-right, 0) : max(-right, 0) + columns]
        total = total + F.smooth_l1_loss(again, seen, beta=0.02)
        count += 1
    return total / max(1, len(same))
