"""Steadies the stream with what is known of movement: the input, the bank's weights and the output.

Three separate choices, each a live number that is 0 in the paper's method:

input_denoise   the entering latent is averaged over time where nothing moves;
motion_gate     tokens that move take less from the bank;
feedback        where nothing moved, the leaving clean latent keeps a share of the last one.

All of it works on tensors of fixed address; the host only reads the switches in `LiveTensors`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..device.live_tensors import LiveTensors
from ..memory.bank import FeatureBank
from ..memory.gates import BankGates
from .guidance import doubled
from .motion import MotionWatch
from .schedule import Schedule

LEAST_NOISE = 1e-3
"""Least noise level whose logarithm is taken; below it a slot is clean."""


class TemporalSmoothing:
    """What happens to a latent before its first slot and after its last.

    Args:
        bank: gets its weights from here, where there is one.
        latent_shape: `(C, h, w)`.
        guidance: says how slots become rows.
        sequential: True where all slots hold the same frame.
    """

    def __init__(
        self,
        live: LiveTensors,
        schedule: Schedule,
        bank: FeatureBank | None,
        *,
        latent_shape: tuple[int, int, int],
        guidance: str,
        sequential: bool,
    ) -> None:
        self._live, self._schedule, self._guidance = live, schedule, guidance
        device, dtype = schedule.signal.device, schedule.signal.dtype
        frames = 1 if sequential else schedule.slots
        self.watch = MotionWatch(frames, latent_shape, device=device, dtype=dtype)
        self._mean = torch.zeros(1, *latent_shape, device=device, dtype=dtype)
        self._last = torch.zeros_like(self._mean)
        self._was_watching = False
        if bank is not None:
            bank.place_gates((latent_shape[1], latent_shape[2]), device=device, dtype=dtype)
        self.gates = bank.gates if bank is not None else None

    @property
    def state(self) -> list[Tensor]:
        """All tensors that a step changes and the next one reads."""
        return [*self.watch.state, self._mean, self._last]

    def restart(self) -> None:
        """Forget the past pictures; what is in flight counts as moving. Waits for nothing."""
        self.watch.restart()

    def prepare(self) -> None:
        """The host's part, before a step: what was not looked at for a while is not known any more."""
        if self._live.watching and not self._was_watching:
            self.restart()
        self._was_watching = self._live.watching

    def enter(self, latent: Tensor) -> Tensor:
        """Look at the entering frame's latent and give it back steadied, `[1, C, h, w]`."""
        if self._live.watching:
            latent = latent.nan_to_num(0.0, 0.0, 0.0)  # one bad frame must not stay in the averages
            still = 1.0 - self.watch.see(latent, self._live.motion_threshold)
            self._mean.copy_(torch.lerp(latent, self._mean, self._live.input_denoise * still))
            latent = self._mean
        if self.gates is not None and self._live.weighted:
            self._weigh(self.gates)
        return latent

    def leave(self, clean: Tensor) -> Tensor:
        """Steady the x_0 that leaves the last slot, `[1, C, h, w]`, by the movement of its own frame."""
        if not self._live.watching:
            return clean
        still = 1.0 - self.watch.moving[-1:]
        last = torch.where(self._last.isfinite(), self._last, clean)
        self._last.copy_(torch.lerp(clean, last, self._live.feedback * still))
        return self._last

    def _weigh(self, gates: BankGates) -> None:
        """Each row's bank weight by its slot's noise level, each token's by its movement."""
        level = self._schedule.noise.clamp(min=LEAST_NOISE).log()
        log_weight = self._live.bank_log_weight + self._live.bank_noise_tilt * (level - level.mean())
        kept = 1.0 - self._live.motion_gate * self.watch.moving
        kept = kept.expand(self._schedule.slots, -1, -1, -1)
        gates.write(doubled(self._guidance, log_weight, 0), doubled(self._guidance, kept, 0))
