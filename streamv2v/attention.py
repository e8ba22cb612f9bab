"""Extended self-attention (EA; arXiv:2405.15757, section 4.1) as a diffusers attention processor."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.nn import functional as F

from .bank import Action, LayerBank
from .fusion import fuse_features
from .live import LiveTensors


def attend(query: Tensor, key: Tensor, value: Tensor, *, heads: int, bias: Tensor | None = None) -> Tensor:
    """Multi-head attention, softmax(Q K^T / sqrt(d) + bias) V.

    Args:
        query: `[B, N, C]`; key, value: `[B, L, C]`.
        heads: attention heads; divides C.
        bias: added to the logits, `[1, 1, 1, L]`.
    Returns:
        `[B, N, C]`.
    """
    q, k, v = (t.unflatten(-1, (heads, -1)).transpose(1, 2) for t in (query, key, value))
    return F.scaled_dot_product_attention(q, k, v, attn_mask=bias).transpose(1, 2).flatten(2)


class BankAttention:
    """Self-attention over the current frame and the layer's bank, then feature fusion.

    Holds its layer's bank and the live tensors; no counters, no names parsed at run time. With a bank
    that repeats the current frame the result equals plain self-attention to rounding.
    """

    def __init__(self, bank: LayerBank, live: LiveTensors) -> None:
        self.bank = bank
        self.live = live

    def __call__(self, attn: Any, hidden_states: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """The processor seam of diffusers: `attn` is the layer, `[B, N, C]` in and out, B the selected rows."""
        bank, live = self.bank, self.live
        query, key, value = attn.to_q(hidden_states), attn.to_k(hidden_states), attn.to_v(hidden_states)
        all_keys, all_values = bank.hold(key, value)
        if bank.attends and bank.action is not Action.FILL:
            bias = None if live.bank_weight == 1.0 else bank.bias(live.bank_log_weight)
            mixed = attend(query, all_keys, all_values, heads=attn.heads, bias=bias)
        else:
            mixed = attend(query, key, value, heads=attn.heads)
        output = attn.to_out[1](attn.to_out[0](mixed))
        fused = output
        if bank.fuses and bank.action is not Action.FILL:
            fused = fuse_features(output, bank.output, strength=live.fusion_strength, threshold=live.fusion_threshold)
        bank.store(output)
        return fused
