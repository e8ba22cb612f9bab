"""Where the camera's picture moves: the change of each latent cell against that cell's own noise.

No flow and no network: the entering latent is compared with a running reference. A still cell's change
is noise, and the low fifth of it over time is tracked as the cell's noise floor; a change of several
floors is movement. What is permanently in motion may not raise its floor far above the picture's.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

REFERENCE_KEEP = 0.8
"""Share of the reference that a still cell keeps; a moving one takes over the new latent whole."""
RISE, FALL = 0.01, 0.04
"""Steps of the floor's logarithm a frame; rise / (rise + fall) is the share of changes that lie below it."""
LEARNING_FRAMES = 12
"""After a restart the steps are larger: this many times on the first frame, once on the twelfth."""
FLOOR_LEAST, FLOOR_MOST = 0.01, 0.3
"""Bounds of a floor; latents are scaled to a deviation of about 1."""
FLOOR_SPREAD = 3.0
"""Most that a cell's floor may be of the picture's median."""
NO_CHANGE = 1e-4
"""A change below this says nothing about a camera's noise: the source repeats its frames."""


class MotionWatch:
    """Tells still cells from moving ones, for every frame in flight.

    Attributes:
        moving: `[n, 1, h, w]`, 0 still .. 1 moving; row i is of the frame in slot i. Fixed address.

    Args:
        frames: frames in flight, n.
        latent_shape: `(C, h, w)`.
    """

    def __init__(
        self, frames: int, latent_shape: tuple[int, int, int], *, device: torch.device, dtype: torch.dtype
    ) -> None:
        cells = (1, 1, *latent_shape[1:])
        self.moving = torch.ones(frames, *cells[1:], device=device, dtype=dtype)
        self._reference = torch.zeros(1, *latent_shape, device=device, dtype=dtype)
        self._floor = torch.full(cells, FLOOR_LEAST, device=device, dtype=dtype)
        self._seen = torch.zeros((), device=device, dtype=dtype)

    @property
    def state(self) -> list[Tensor]:
        """All tensors that `see` changes."""
        return [self.moving, self._reference, self._floor, self._seen]

    def restart(self) -> None:
        """Know nothing: all frames in flight and the next one count as moving."""
        self.moving.fill_(1.0)
        self._seen.zero_()

    def see(self, latent: Tensor, threshold: Tensor) -> Tensor:
        """Take in the entering frame's latent, `[1, C, h, w]`.

        Args:
            threshold: changes up to this many floors are noise, from twice as many on all movement;
                a scalar tensor.
        Returns:
            `moving` of this frame, `[1, 1, h, w]`, grown by one cell to all sides so that edges do not
            trail behind what they belong to.
        """
        change = (latent - self._reference).abs().mean(dim=1, keepdim=True)
        change = F.avg_pool2d(change, 3, stride=1, padding=1, count_include_pad=False)
        self._floor.copy_(self._next_floor(change))
        ramp = ((change / self._floor - threshold) / threshold).clamp(0.0, 1.0)
        moved = F.max_pool2d(ramp * ramp * (3.0 - 2.0 * ramp), 3, stride=1, padding=1)
        moved = torch.where(self._seen == 0, torch.ones_like(moved), moved)
        self._reference.add_((1.0 - REFERENCE_KEEP * (1.0 - moved)) * (latent - self._reference))
        self._seen.add_(1.0)
        self.moving.copy_(torch.cat([moved, self.moving[:-1]]))
        return self.moving[:1]

    def _next_floor(self, change: Tensor) -> Tensor:
        """The noise floor after `change`, both `[1, 1, h, w]`."""
        haste = (LEARNING_FRAMES / self._seen.clamp(min=1.0)).clamp(min=1.0)
        step = torch.where(change > self._floor, RISE, -FALL) * haste
        tracked = torch.where(change > NO_CHANGE, self._floor * step.exp(), self._floor)
        # the first difference after a restart gives all cells the low quarter of the picture's changes
        floor = torch.where(self._seen == 1, _ranked(change, 0.25), tracked)
        floor = torch.minimum(floor, FLOOR_SPREAD * _ranked(floor, 0.5))
        return floor.clamp(FLOOR_LEAST, FLOOR_MOST)


def _ranked(values: Tensor, share: float) -> Tensor:
    """The value below which `share` of all lie; sorted rather than asked, so that the host waits for nothing."""
    flat = values.flatten()
    return flat.sort().values[int(share * (flat.numel() - 1))]
