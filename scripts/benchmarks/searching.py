"""The search for the nearest stored output (feature fusion) alone: the whole matrix against the one kernel."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch

from streamv2v.memory.nearest import kernel, nearest_plainly

from .card import wait_for
from .cases import Search

TIMES = 30


def search_times(search: Search, device: torch.device, dtype: torch.dtype) -> dict[str, Any]:
    """Median milliseconds of both ways; `kernel_ms` is None where the kernel cannot run at all."""
    shape = (search.rows, search.tokens, search.channels)
    output, stored = (torch.randn(shape, device=device).to(dtype) for _ in range(2))
    fused = kernel() if device.type == "cuda" else None
    return {
        "matrix_ms": median_ms(lambda: nearest_plainly(output, stored), device),
        "kernel_ms": None if fused is None else median_ms(lambda: fused(output, stored), device),
    }


@torch.inference_mode()
def median_ms(work: Callable[[], Any], device: torch.device) -> float:
    """Median time of `work()`, the device waited for; the first three, which compile and choose, left out."""
    times_ms = []
    for number in range(3 + TIMES):
        wait_for(device)
        began_s = time.perf_counter()
        work()
        wait_for(device)
        if number >= 3:
            times_ms.append((time.perf_counter() - began_s) * 1000)
    return statistics.median(times_ms)
