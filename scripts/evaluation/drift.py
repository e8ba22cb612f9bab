"""Long-run drift: does the picture of minute ten still look like that of minute one?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .clips import luma
from .fidelity import sharpness

WINDOW_S = 60.0
"""The first and the last minute are compared, or tenths of a shorter run."""


@dataclass(frozen=True)
class Drift:
    """Change from the first to the last window of a looped clip, of the same source frames in both.

    Attributes:
        colour: change of the mean of red, green and blue, grey levels, signed.
        colour_most: the largest of the three, without sign.
        contrast, sharpness: last in relation to first (deviation of luma; variance of the Laplacian).
        away_first, away_last: mean absolute distance to the picture that the first pass showed of the same source
            frame, grey levels, in the second pass and in the last window.
        pictures: how many there were.
    """

    colour: tuple[float, float, float]
    colour_most: float
    contrast: float
    sharpness: float
    away_first: float
    away_last: float
    pictures: int


def window_of(count: int, fps: float) -> int:
    """Pictures of the first and of the last window in a run of `count`."""
    return max(1, min(round(WINDOW_S * fps), count // 10))


def length_of(minutes: float, fps: float, frames: int) -> int:
    """Pictures of a run of about `minutes` on a clip of `frames`: whole rounds there and back, at least two.

    So the last window shows source frames that the first one showed.
    """
    cycle = max(1, 2 * frames - 2)
    return max(2, round(minutes * 60 * fps / cycle)) * cycle


def drift(pictures: Iterable[tuple[int, np.ndarray]], *, count: int, window: int) -> Drift:
    """Go through a long stream once, holding one pass of it.

    Args:
        pictures: pairs of (index of the source frame, its picture uint8 `[H, W, 3]`), in order.
        count: how many there will be; at least three passes and two windows.
        window: pictures of the first and last window.
    Raises:
        ValueError: too short to say anything, or fewer pictures than announced.
    """
    first_pass: dict[int, np.ndarray] = {}
    visits: dict[int, int] = {}
    early: dict[int, list[list[float]]] = {}
    late: dict[int, list[list[float]]] = {}
    away_first, away_last = [], []
    number = -1
    for number, (index, picture) in enumerate(pictures):
        visits[index] = visits.get(index, 0) + 1
        first_pass.setdefault(index, picture)
        away = float(np.abs(picture.astype(np.float32) - first_pass[index].astype(np.float32)).mean())
        if visits[index] == 2:
            away_first.append(away)
        if number < window:
            early.setdefault(index, []).append(_facts(picture))
        if number >= count - window:
            late.setdefault(index, []).append(_facts(picture))
            away_last.append(away)
    if number + 1 != count:
        raise ValueError(f"{count} pictures were announced, {number + 1} came.")
    both = early.keys() & late.keys()
    if 2 * window > count or min(visits.values()) < 2 or not both:
        raise ValueError(f"{count} pictures are too few for two windows of {window} and three passes of the clip.")
    before, after = (np.mean([np.mean(part[index], axis=0) for index in both], axis=0) for part in (early, late))
    change = after[:3] - before[:3]
    return Drift(
        colour=(float(change[0]), float(change[1]), float(change[2])),
        colour_most=float(np.abs(change).max()),
        contrast=float(after[3] / max(before[3], 1e-9)),
        sharpness=float(after[4] / max(before[4], 1e-9)),
        away_first=float(np.mean(away_first)),
        away_last=float(np.mean(away_last)),
        pictures=count,
    )


def _facts(picture: np.ndarray) -> list[float]:
    """Mean red, green, blue; deviation of luma; sharpness."""
    return [*picture.reshape(-1, 3).mean(axis=0).tolist(), float(luma(picture).std()), sharpness(picture)]
