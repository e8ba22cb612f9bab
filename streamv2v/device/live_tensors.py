"""The device mirror of the live numbers: small tensors of fixed address, overwritten between frames."""

from __future__ import annotations

import math
from itertools import product

import torch

from ..controls import Controls
from .host_transfer import overwrite


class LiveTensors:
    """Live numbers as scalar tensors; the network's code reads these and never a Python float.

    Attributes:
        guidance_scale, guidance_delta: scalars.
        bank_log_weight: what is added to the logits of bank tokens (log of the bank weight), -inf..1.39.
        bank_noise_tilt: power of a slot's noise level in its bank weight, -2..2.
        fusion_strength: 0..1, already scaled down by a bank weight under 1.
        fusion_threshold: least cosine similarity, -1..1.
        fusion_softness: width of the ramp below that similarity, 0..0.5.
        motion_gate: how far moving tokens are freed from the bank, 0..1.
        motion_threshold: what counts as moving, in multiples of a cell's noise, 1..10.
        feedback, input_denoise: shares of the past kept where nothing moves, 0..0.95.
        bank_weight: the weight as a plain number, for people and tests.
        weighted: whether any bank token counts other than in the paper; a switch of the host.
        watching: whether movement has to be known this frame; a switch of the host.
    """

    def __init__(self, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32) -> None:
        self._values = torch.zeros(11, device=device, dtype=dtype)
        (
            self.guidance_scale,
            self.guidance_delta,
            self.bank_log_weight,
            self.bank_noise_tilt,
            self.fusion_strength,
            self.fusion_threshold,
            self.fusion_softness,
            self.motion_gate,
            self.motion_threshold,
            self.feedback,
            self.input_denoise,
        ) = self._values.unbind(0)
        self._written: list[float] = []
        self.bank_weight = 1.0
        self.weighted = self.watching = False

    @property
    def switches(self) -> tuple[bool, bool]:
        """All that may change the course of a step between two frames: (weighted, watching)."""
        return self.weighted, self.watching

    @switches.setter
    def switches(self, switches: tuple[bool, bool]) -> None:
        self.weighted, self.watching = switches

    @staticmethod
    def all_switches() -> list[tuple[bool, bool]]:
        """Every value `switches` can take, the paper's first."""
        return list(product((False, True), (False, True)))

    def write(self, controls: Controls, *, bank_fade: float = 1.0, feedback_fade: float = 1.0) -> None:
        """Take over the numbers of `controls`.

        Args:
            bank_fade, feedback_fade: 0..1, scale bank weight and feedback for a while.
        """
        self.bank_weight = controls.bank_weight * bank_fade
        self.weighted = self.bank_weight != 1.0 or controls.bank_noise_tilt != 0.0 or controls.motion_gate > 0.0
        self.watching = max(controls.motion_gate, controls.feedback, controls.input_denoise) > 0.0
        values = [
            controls.guidance_scale,
            controls.guidance_delta,
            math.log(self.bank_weight) if self.bank_weight > 0 else -math.inf,
            controls.bank_noise_tilt,
            controls.fusion_strength * min(1.0, self.bank_weight),
            controls.fusion_threshold,
            controls.fusion_softness,
            controls.motion_gate,
            controls.motion_threshold,
            controls.feedback * feedback_fade,
            controls.input_denoise,
        ]
        if values != self._written:
            self._written = values
            overwrite(self._values, torch.tensor(values, dtype=torch.float64))
