"""Classifier-free guidance for a stream: which rows the U-Net sees and how predictions are combined.

none         one row per slot.
full         two rows per slot, without and with the prompt (arXiv:2207.12598).
self         residual CFG: the "without" prediction is replaced by a running residual noise
             (arXiv:2312.12491, section 3.2), one row per slot.
initialize   the same, but the first slot's residual is a real prediction: one row more.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..device.live_tensors import LiveTensors
from .schedule import Schedule

TINY = 1e-3
"""Least noise level a residual is divided by; below it the picture is clean and guidance idle."""


def rows_of(guidance: str, slots: int) -> int:
    """Rows of a U-Net call over all slots."""
    return {"full": 2 * slots, "initialize": slots + 1}.get(guidance, slots)


def row_slice(guidance: str, slots: int, first: int, last: int) -> slice:
    """The rows, among all of `rows_of`, that carry slots first..last-1 in one U-Net call.

    Rows without prompt come first. One slot of "full" guidance takes every n-th row.
    """
    if guidance == "full":
        return slice(0, 2 * slots) if last - first == slots else slice(first, None, slots)
    if guidance == "initialize":
        return slice(0 if first == 0 else first + 1, last + 1)
    return slice(first, last)


def doubled(guidance: str, per_slot: Tensor, first: int) -> Tensor:
    """Repeat per-slot values `[n, ...]` into the rows of one call: what each row without prompt needs."""
    if guidance == "full":
        return torch.cat([per_slot, per_slot])
    if guidance == "initialize" and first == 0:
        return torch.cat([per_slot[:1], per_slot])
    return per_slot


class ResidualNoise:
    """The residual noise of residual CFG, one latent per slot, following its frame down the slots.

    Attributes:
        value: R, `[n, C, h, w]`, as the next call will use it; slot 0 always starts from the fixed noise.
    """

    def __init__(self, noise: Tensor) -> None:
        self.value = noise.clone()

    def begin(self, noise: Tensor) -> None:
        """A new frame enters slot 0."""
        self.value[0] = noise[0]

    def follow(self, guided: Tensor, noise: Tensor, schedule: Schedule, first: int, last: int) -> None:
        """After slots first..last-1 predicted `guided` noise, move each residual on to the next slot.

        With x = s_i R the residual's clean part is D = s_i (R - eps) / a_i, and in terms of the next
        slot's noise level R' = e_{i+1} + D a_{i+1} / s_{i+1}.
        """
        last = min(last, schedule.slots - 1)
        if first >= last:
            return
        here, there = slice(first, last), slice(first + 1, last + 1)
        s, a = schedule.noise[here], schedule.signal[here]
        c_skip, c_out = schedule.c_skip[here], schedule.c_out[here]
        residual = self.value[here]
        clean = c_out * s * (residual - guided[: last - first]) / a.clamp(min=TINY) + c_skip * s * residual
        self.value[there] = noise[there] + clean * schedule.signal[there] / schedule.noise[there].clamp(min=TINY)


def guide(conditional: Tensor, unconditional: Tensor, live: LiveTensors) -> Tensor:
    """u + g (c - u), `[B, C, h, w]`."""
    return unconditional + live.guidance_scale.to(conditional.dtype) * (conditional - unconditional)


def guidance_embedding(scale: Tensor, width: int) -> Tensor:
    """Sinusoidal embedding of w = g - 1 for U-Nets distilled with guidance (arXiv:2310.04378, section 4.3).

    Args:
        scale: g, scalar.
        width: the U-Net's `time_cond_proj_dim`.
    Returns:
        `[1, width]` float32.
    """
    half = width // 2
    frequency = torch.exp(
        torch.arange(half, device=scale.device, dtype=torch.float32) * (-9.210340371976184 / max(half - 1, 1))
    )
    angle = 1000.0 * (scale.float() - 1.0) * frequency
    embedding = torch.cat([angle.sin(), angle.cos()])
    return torch.nn.functional.pad(embedding, (0, width - embedding.numel())).unsqueeze(0)
