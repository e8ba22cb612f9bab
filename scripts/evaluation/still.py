"""Flicker of what stands still: a held frame under a webcam's noise, and the locked-off pixels of a clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
from training.webcam import filmed

from .flow import Motion

STILL_PX = 0.3
"""A pixel is locked off when the source's flow there is shorter than this in every frame of the clip."""
LEAST_SHARE = 0.01
"""With less of the picture locked off the figure says nothing and is left out."""

LEAST_LEVELS = 0.1
"""A source that stands stiller, in grey levels, was coded flat there: no figure is put in relation to it."""


@dataclass(frozen=True)
class Noise:
    """The camera that films what stands still (`training.webcam.filmed`).

    Attributes:
        grain: deviation of independent noise, grey levels.
        blotches: of noise that is smooth over a few pixels, grey levels.
        quality: of the JPEG each frame passes, 1..100; 0 leaves that out.
        seed: of all of it.
    """

    grain: float = 4.0
    blotches: float = 2.0
    quality: int = 0
    seed: int = 0

    def frame(self, scene: np.ndarray, number: int) -> np.ndarray:
        """Frame `number` of the scene; its noise depends on seed and number alone, not on what is filmed."""
        rng = np.random.default_rng((self.seed, number))
        return filmed(scene, rng, grain=self.grain, blotches=self.blotches, quality=self.quality)


class Flicker(NamedTuple):
    """Grey levels: standard deviation over time, and mean absolute difference of consecutive frames."""

    deviation: float
    difference: float


def held(scene: np.ndarray, count: int, noise: Noise) -> list[np.ndarray]:
    """`count` frames of a scene in which nothing moves."""
    return [noise.frame(scene, number) for number in range(count)]


def locked_pixels(motions: Sequence[Motion]) -> np.ndarray | None:
    """Pixels that never move in the clip, bool `[H, W]`; None where they are too few.

    Two pixels around everything that moves are left out, since flow is not exact at edges.
    """
    fastest = np.max([motion.speed for motion in motions], axis=0)
    locked = cv2.erode((fastest < STILL_PX).astype(np.uint8), np.ones((5, 5), np.uint8), borderValue=1) > 0
    return locked if locked.mean() >= LEAST_SHARE else None


def flicker(pictures: Sequence[np.ndarray], where: np.ndarray | None = None) -> Flicker:
    """Of pictures of something that stands still, uint8 `[H, W, 3]`; `where` picks pixels, bool `[H, W]`.

    The deviation is each pixel's own over time (n - 1 in the divisor), averaged over pixels and channels; slow change
    counts in it, while the difference sees only what happens from frame to frame.
    """
    where = np.ones(pictures[0].shape[:2], bool) if where is None else where
    values = [picture[where].astype(np.float32) for picture in pictures]
    mean = np.mean(values, axis=0, dtype=np.float64)
    squares = np.sum([(value - mean) ** 2 for value in values], axis=0)
    deviation = np.sqrt(squares / (len(values) - 1))
    difference = np.mean([np.abs(after - before).mean() for before, after in pairwise(values)])
    return Flicker(float(deviation.mean()), float(difference))
