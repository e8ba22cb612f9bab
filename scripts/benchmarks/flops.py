"""Floating-point operations of a frame, counted once on the eager path: matrix products, convolutions, attention."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count


def attention_flops(query: Any, key: Any, value: Any, *_rest: Any, **_options: Any) -> int:
    """FLOPs of softmax(Q K^T) V from the shapes `[B, H, N, D]` and `[B, H, L, D]`."""
    return sdpa_flop_count(query, key, value)


MORE_OPERATORS: dict[Any, Any] = {torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: attention_flops}
"""Attention of the CPU: torch's counter knows the kernels of GPUs only."""


def count_flops(work: Callable[[], Any]) -> int:
    """FLOPs that `work()` does; a multiplication and its addition count as two."""
    with FlopCounterMode(display=False, custom_mapping=MORE_OPERATORS) as counter:
        work()
    return counter.get_total_flops()


def flops_per_frame(step: Callable[[], Any], interval: int) -> float:
    """Mean FLOPs of one frame over a whole update interval, so that the bank's update counts with its share."""
    return count_flops(lambda: [step() for _ in range(interval)]) / interval


def unet_flops(unet: Any, *, rows: int, width: int, height: int) -> int:
    """FLOPs of one call of a U-Net, `rows` latents of a picture of `width` x `height` px; works on the meta device."""
    config = unet.config
    options: dict[str, Any] = {"device": unet.device, "dtype": unet.dtype}
    sample = torch.zeros(rows, config.in_channels, height // 8, width // 8, **options)
    text = torch.zeros(rows, 77, config.cross_attention_dim, **options)
    steps = torch.zeros(rows, device=unet.device)
    with torch.inference_mode():
        return count_flops(lambda: unet(sample, steps, encoder_hidden_states=text, return_dict=False))
