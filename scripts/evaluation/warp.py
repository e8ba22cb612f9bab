"""Warp error: how far each output frame is from the one before it, moved as the source moved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .flow import Motion, sample


class WarpError(NamedTuple):
    """Mean difference over the trusted pixels: absolute (grey levels) and squared (grey levels squared)."""

    l1: float
    mse: float


def warp_errors(pictures: Sequence[np.ndarray], motions: Sequence[Motion]) -> list[WarpError]:
    """One error for each pair of consecutive pictures, in floating point.

    Args:
        pictures: uint8 `[H, W, 3]`, picture n of the frame n that `motions` were taken from.
        motions: of the source, one fewer than pictures.
    Raises:
        ValueError: other numbers or shapes; a shorter or later stream is never compared in silence.
    """
    if len(pictures) != len(motions) + 1:
        raise ValueError(f"{len(motions) + 1} pictures are wanted, one of each frame; found {len(pictures)}.")
    errors = []
    for before, after, motion in zip(pictures, pictures[1:], motions, strict=False):
        if after.shape[:2] != motion.trusted.shape:
            raise ValueError(f"Pictures of {motion.trusted.shape} are wanted, found {after.shape[:2]}.")
        moved = sample(before.astype(np.float32), motion.where)
        gap = (moved - after.astype(np.float32))[motion.trusted]
        errors.append(WarpError(float(np.abs(gap).mean()), float((gap**2).mean())) if gap.size else WarpError(0.0, 0.0))
    return errors


def mean_error(errors: Sequence[WarpError]) -> WarpError:
    """The mean over a clip's steps."""
    return WarpError(float(np.mean([e.l1 for e in errors])), float(np.mean([e.mse for e in errors])))


def ratio(value: float, to: float, *, least: float = 1e-9) -> float | None:
    """`value` in relation to `to`; None where that is below `least`, so that there is nothing to relate it to."""
    return value / to if to >= least else None
