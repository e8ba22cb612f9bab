"""Keys and values of a self-attention layer by one matrix product, written where attention reads them.

A layer's two projections are small; one product of twice the width keeps a device busier than two.
Its result lies beside the bank's tokens, whose rows are further apart than those of a tensor of its
own; a batched product may leave such gaps between its batches, so nothing has to be copied there.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class JointProjection:
    """The key and value projections of one layer as one.

    Both weights become views of one tensor `[2C, C]`, so that nothing is held twice; their numbers stay
    what they are. Layers that are no plain linear maps (adapters that were not fused, hooks, biases)
    keep their own calls.

    Args:
        key, value: the layer's `to_k` and `to_v`.
    """

    def __init__(self, key: Any, value: Any) -> None:
        self._key, self._value = key, value
        self._weight = _stacked(key, value) if _is_plain(key) and _is_plain(value) else None

    def __call__(self, attn: Any, tokens: Tensor, out: Tensor) -> None:
        """Write keys and values of `tokens`, `[B, N, C]`, into `out`, `[B, N, 2C]`, keys first.

        Args:
            attn: the layer; what it projects with now, should that have changed since.
        """
        weight = self._weight
        if weight is None or not self._holds(attn, weight) or torch.is_grad_enabled() or tokens.dtype != weight.dtype:
            width = out.shape[-1] // 2
            out[..., :width] = attn.to_k(tokens)
            out[..., width:] = attn.to_v(tokens)
        elif tokens.device.type == "cuda":
            # cuBLAS takes any distance between batches, 0 for the weight's, as long as each one's rows are whole
            torch.bmm(tokens, weight.t().expand(tokens.shape[0], -1, -1), out=out)
        elif len(tokens) == 1:
            torch.mm(tokens[0], weight.t(), out=out[0])
        else:
            # On the CPU one product over all rows and a copy was faster than a product for each row
            out.copy_(F.linear(tokens, weight))

    def _holds(self, attn: Any, weight: Tensor) -> bool:
        """Whether `weight` still is what the layer would project with."""
        key, value = attn.to_k, attn.to_v
        return (
            key is self._key
            and value is self._value
            and not (key._forward_hooks or key._forward_pre_hooks or value._forward_hooks or value._forward_pre_hooks)
            and key.weight.data_ptr() == weight.data_ptr()
            and value.weight.data_ptr() == weight[key.out_features :].data_ptr()
        )


def _is_plain(layer: Any) -> bool:
    return type(layer) is nn.Linear and layer.bias is None


@torch.inference_mode(False)
@torch.no_grad()
def _stacked(key: nn.Linear, value: nn.Linear) -> Tensor | None:
    """One weight of which both layers' weights are views; the one they share already, if they do."""
    first, second = key.weight.data, value.weight.data
    if (first.dtype, first.device, first.shape) != (second.dtype, second.device, second.shape):
        return None
    if first.untyped_storage().data_ptr() == second.untyped_storage().data_ptr() and (
        second.storage_offset() == first.storage_offset() + first.numel()
        and first.is_contiguous()
        and second.is_contiguous()
    ):
        return first.as_strided((2 * first.shape[0], first.shape[1]), first.stride())
    weight = torch.cat([first, second])
    key.weight.data, value.weight.data = weight.chunk(2)
    return weight
