"""The nearest stored output of every token, by cosine: the search in feature fusion.

Three ways with one result: the whole matrix of similarities, which is fastest while it is small; parts of
it, which bounds the memory; and on CUDA one kernel that keeps only the best of every row
(`nearest_kernel.py`). Between matrix and kernel a short trial decides, once for every shape.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

Nearest = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]

LARGEST_MATRIX = 2**25
"""Similarities held at a time: 4096 x 4096 for two rows, 64 MiB in 16-bit formats."""
TRIALS = 3

_winners: dict[tuple[object, ...], Nearest] = {}
"""What the trial of a device, format and shape found; facts of the machine, the same for every engine."""


def nearest(output: Tensor, bank_output: Tensor) -> tuple[Tensor, Tensor]:
    """For each token the best cosine among the bank's outputs and where it is.

    Args:
        output: `[B, N, C]`.
        bank_output: `[B, M, C]`.
    Returns:
        best cosine `[B, N, 1]` in the format of `output`, index `[B, N, 1]` int64.
    """
    if output.device.type == "cuda":
        return _choice(output, bank_output)(output, bank_output)
    return nearest_in_parts(output, bank_output)


def nearest_plainly(output: Tensor, bank_output: Tensor) -> tuple[Tensor, Tensor]:
    """`nearest` by the whole matrix `[B, N, M]`."""
    similarity = F.normalize(output, dim=-1) @ F.normalize(bank_output, dim=-1).transpose(1, 2)
    best, index = similarity.max(dim=-1, keepdim=True)
    return best, index


def nearest_in_parts(output: Tensor, bank_output: Tensor, *, largest: int = LARGEST_MATRIX) -> tuple[Tensor, Tensor]:
    """`nearest` with at most `largest` similarities in memory at a time (but whole rows of them)."""
    rows, count, _ = output.shape
    if rows * count * bank_output.shape[1] <= largest:
        return nearest_plainly(output, bank_output)
    stored = F.normalize(bank_output, dim=-1).transpose(1, 2)
    best = output.new_empty(rows, count, 1)
    index = torch.empty(rows, count, 1, dtype=torch.int64, device=output.device)
    part = max(1, largest // (rows * bank_output.shape[1]))
    for first in range(0, count, part):
        here = slice(first, first + part)
        similarity = F.normalize(output[:, here], dim=-1) @ stored
        best[:, here], index[:, here] = similarity.max(dim=-1, keepdim=True)
    return best, index


def kernel() -> Nearest | None:
    """The fused kernel, where Triton can be imported; it comes with PyTorch's CUDA builds on Linux."""
    try:
        from .nearest_kernel import nearest_by_kernel
    except ImportError:
        return None
    return nearest_by_kernel


def _choice(output: Tensor, bank_output: Tensor) -> Nearest:
    """The faster way for this device, format and shape; timed the first time, which belongs to warm-up."""
    key = (output.device, output.dtype, output.shape, bank_output.shape)
    if key in _winners:
        return _winners[key]
    fused = kernel()
    if fused is None or torch.cuda.is_current_stream_capturing():
        return nearest_in_parts
    _winners[key] = faster(nearest_in_parts, fused, output, bank_output)
    return _winners[key]


def faster(plain: Nearest, fused: Nearest, output: Tensor, bank_output: Tensor) -> Nearest:
    """Time both ways and return the faster; `plain` where the other one cannot run here at all."""

    def time_of(way: Nearest) -> float:
        times_s = []
        for _ in range(1 + TRIALS):  # the first one compiles
            _wait_for(output.device)
            began_s = time.perf_counter()
            way(output, bank_output)
            _wait_for(output.device)
            times_s.append(time.perf_counter() - began_s)
        return min(times_s[1:])

    try:
        fused_s = time_of(fused)
    except Exception:
        # Triton raises errors of many kinds of its own: no compiler, too little shared memory, an old GPU
        return plain
    return fused if fused_s < time_of(plain) else plain


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
