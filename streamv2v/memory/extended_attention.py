"""Extended self-attention (EA; arXiv:2405.15757, section 4.1) as a diffusers attention processor."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.nn import functional as F

from ..device.live_tensors import LiveTensors
from .feature_fusion import fuse_features
from .joint_projection import JointProjection
from .layer_bank import LayerBank
from .split_attention import attend_split


def attend(query: Tensor, key: Tensor, value: Tensor, *, heads: int, bias: Tensor | None = None) -> Tensor:
    """Multi-head attention, softmax(Q K^T / sqrt(d)) V.

    Args:
        query: `[B, N, C]`; key, value: `[B, L, C]`.
        heads: attention heads; divides C.
        bias: added to the logits of each token, `[B, L]`.
    Returns:
        `[B, N, C]`.
    """
    q, k, v = (t.unflatten(-1, (heads, -1)).transpose(1, 2) for t in (query, key, value))
    mask = None if bias is None else bias[:, None, None, :]
    return F.scaled_dot_product_attention(q, k, v, mask).transpose(1, 2).flatten(2)


class BankAttention:
    """Self-attention over the current frame and the layer's bank, then feature fusion.

    Holds its layer's bank and the live tensors; no counters, no names parsed at run time. With a bank
    that repeats the current frame the result equals plain self-attention to rounding.

    Args:
        project: the layer's key and value projections.
    """

    def __init__(self, bank: LayerBank, live: LiveTensors, project: JointProjection) -> None:
        self.bank = bank
        self.live = live
        self._project = project

    def __call__(self, attn: Any, hidden_states: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """The processor seam of diffusers: `attn` is the layer, `[B, N, C]` in and out, B the selected rows."""
        bank, live = self.bank, self.live
        query = attn.to_q(hidden_states)
        count = query.shape[1]
        both = bank.open(query)
        self._project(attn, hidden_states, both[:, :count])
        bank.keep()
        if bank.filling or not bank.attends:
            both = both[:, :count]
        keys, values = both.chunk(2, dim=-1)
        bias = bank.bias if both.shape[1] > count else None
        if live.weighted and both.shape[1] > count:
            weight = bank.log_weight(live.bank_log_weight)
            mixed = attend_split(query, keys, values, heads=attn.heads, count=count, log_weight=weight, bias=bias)
        else:
            mixed = attend(query, keys, values, heads=attn.heads, bias=bias)
        output = attn.to_out[1](attn.to_out[0](mixed))
        if not bank.fuses:
            return output
        stored = bank.keep_output(output)
        if bank.filling:
            return output
        return fuse_features(
            output,
            stored,
            strength=live.fusion_strength,
            threshold=live.fusion_threshold,
            softness=live.fusion_softness,
            kept=bank.kept if live.weighted else None,
        )
