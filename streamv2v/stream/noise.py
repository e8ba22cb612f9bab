"""The fixed noise of every slot: drawn from a seed, turned frame by frame, and led from one seed to another.

Two noises are drawn with each seed. On the circle through them every point is noise of the same deviation, and
neighbours are alike, so that turning changes the picture slowly and for ever. The way to another seed is the arc
between the two circles, point by point, for the same reason: a straight line would pass through weaker noise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from ..device.host_transfer import overwrite

LEAST_SHARE = 1e-3
"""What is less of a seed than this, in a noise made of several, is not counted any more."""


class FixedNoise:
    """Noise of all slots at a fixed address.

    Args:
        shape: `[n, C, h, w]`.

    Attributes:
        value: the noise.
    """

    def __init__(self, shape: Sequence[int], *, device: torch.device, dtype: torch.dtype) -> None:
        held = torch.zeros(7, *shape, device=device, dtype=dtype)
        self.value, self._circle, self._start, self._end = held[0], held[1:3], held[3:5], held[5:7]
        self._angle = 0.0
        self._shares: dict[int, float] = {}
        self._shares_before: dict[int, float] = {}
        self._seed = 0

    def jump(self, seed: int) -> None:
        """Be the noise of `seed` at once, not turned; drawn on the CPU, so that all devices agree."""
        _draw(self._circle, seed)
        self._seed, self._angle, self._shares = seed, 0.0, {seed: 1.0}
        self._write()

    def head_for(self, seed: int) -> None:
        """Begin the way from the present noise, wherever that is, to the one of `seed`; `travel` goes it."""
        self._start.copy_(self._circle)
        _draw(self._end, seed)
        self._seed, self._shares_before = seed, self._shares

    def travel(self, share: float) -> None:
        """Stand at `share` (0..1) of the way begun last; turning goes on meanwhile."""
        if share >= 1.0:
            self._circle.copy_(self._end)
            self._shares = {self._seed: 1.0}
        else:
            start, end = _on_arc(self._shares_before.get(self._seed, 0.0), share)
            torch.mul(self._start, start, out=self._circle)
            self._circle.add_(self._end, alpha=end)
            shares = {seed: start * part for seed, part in self._shares_before.items()}
            shares[self._seed] = shares.get(self._seed, 0.0) + end
            self._shares = {seed: part for seed, part in shares.items() if part > LEAST_SHARE}
        self._write()

    def turn(self, degrees: float) -> None:
        """Go on by that much on the circle."""
        self._angle = (self._angle + math.radians(degrees)) % math.tau
        self._write()

    def _write(self) -> None:
        first, second = self._circle
        torch.mul(first, math.cos(self._angle), out=self.value)
        if self._angle:
            self.value.add_(second, alpha=math.sin(self._angle))


def _draw(pair: torch.Tensor, seed: int) -> None:
    generator = torch.Generator("cpu").manual_seed(seed)
    for noise in pair:
        overwrite(noise, torch.randn(noise.shape, generator=generator))


def _on_arc(cosine: float, share: float) -> tuple[float, float]:
    """What start and end count at `share` of the arc between two noises (spherical interpolation).

    Args:
        cosine: of the angle between them: noises of two seeds stand at a right angle, and a noise made of several
            seeds at one whose cosine is what it holds of the other.
    """
    angle = math.acos(min(cosine, 1.0))
    if angle < LEAST_SHARE:
        return 1.0 - share, share
    return math.sin((1 - share) * angle) / math.sin(angle), math.sin(share * angle) / math.sin(angle)
