"""The device mirror of the live numbers: small tensors of fixed address, overwritten between frames."""

from __future__ import annotations

import math

import torch

from .controls import Controls


class LiveTensors:
    """Live numbers as scalar tensors; the network's code reads these and never a Python float.

    Attributes:
        guidance_scale, guidance_delta: scalars.
        bank_log_weight: what is added to the logits of bank tokens (log of the bank weight), -inf..1.39.
        fusion_strength: 0..1, already scaled down by a bank weight under 1.
        fusion_threshold: least cosine similarity, -1..1.
        bank_weight: the same weight as a plain number, for the host to see that no bias is needed at 1.
    """

    def __init__(self, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32) -> None:
        self._values = torch.zeros(5, device=device, dtype=dtype)
        (
            self.guidance_scale,
            self.guidance_delta,
            self.bank_log_weight,
            self.fusion_strength,
            self.fusion_threshold,
        ) = self._values.unbind(0)
        self._written: list[float] = []
        self.bank_weight = 1.0

    def write(self, controls: Controls, *, bank_fade: float = 1.0) -> None:
        """Take over the numbers of `controls`; `bank_fade` (0..1) scales the bank weight for a while."""
        self.bank_weight = controls.bank_weight * bank_fade
        values = [
            controls.guidance_scale,
            controls.guidance_delta,
            math.log(self.bank_weight) if self.bank_weight > 0 else -math.inf,
            controls.fusion_strength * min(1.0, self.bank_weight),
            controls.fusion_threshold,
        ]
        if values != self._written:
            self._written = values
            self._values.copy_(torch.tensor(values, dtype=torch.float64))
