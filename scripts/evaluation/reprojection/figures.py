"""How near what viewers saw is to the oracle, where it fails, and whether it pops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from .imitation import EnginePace, Shown

STILL_LEVELS, MOVING_LEVELS = 6.0, 15.0
"""Grey levels, averaged over 5x5 pixels, that a place changed at most while a held picture lives: still, moving."""
MOST_DB = 60.0
"""PSNR of the same picture; more would let one still frame decide a mean."""


@dataclass(frozen=True)
class Places:
    """For each camera frame, bool `[h, w]` each: where nothing, and where much, changed while a held picture lives."""

    still: list[np.ndarray]
    moving: list[np.ndarray]


def places_of(frames: Sequence[np.ndarray], fps: float, pace: EnginePace) -> Places:
    """What stood still and what moved, seen by the camera, over the longest time that one styled picture is on air."""
    life = max(1, round(fps * (pace.delay_s + 1.0 / pace.rate)))
    still, moving = [], []
    for now, frame in enumerate(frames):
        most = np.zeros(frame.shape[:2], np.float32)
        for before in frames[max(0, now - life) : now]:
            gap = cv2.absdiff(frame, before).max(axis=-1).astype(np.float32)
            most = np.maximum(most, cv2.blur(gap, (5, 5)))
        still.append(most < STILL_LEVELS)
        moving.append(most > MOVING_LEVELS)
    return Places(still, moving)


def figures_of(shown: Shown, oracle: Sequence[np.ndarray], places: Places) -> dict[str, float]:
    """The figures of one imitated run; grey levels and dB.

    psnr, psnr_low: mean and 5th percentile over frames; still, moving: mean error there; change_arrival, change_else:
    mean change from frame to frame at arrivals and at other frames; jerk_arrival, jerk_else: the second difference in
    time, likewise; processor_ms: of one picture.
    """
    truth = [_like(oracle[number], shown.pictures[0]) for number in range(len(oracle))]
    errors: list[float] = []
    apart: dict[str, list[float]] = {"still": [], "moving": []}
    for number, picture in enumerate(shown.pictures, shown.first):
        gap = cv2.absdiff(picture, truth[number]).astype(np.float32)
        errors.append(psnr(gap))
        for name in apart:
            mask = cv2.resize(getattr(places, name)[number].astype(np.uint8), gap.shape[1::-1]) > 0
            if mask.any():
                apart[name].append(float(gap[mask].mean()))
    result = {"psnr": float(np.mean(errors)), "psnr_low": float(np.percentile(errors, 5))}
    result |= {name: float(np.mean(values)) if values else float("nan") for name, values in apart.items()}
    result |= steadiness(shown.pictures, [number - shown.first for number in shown.arrivals])
    return result | {"processor_ms": shown.processor_ms}


def steadiness(pictures: Sequence[np.ndarray], arrivals: Sequence[int]) -> dict[str, float]:
    """Change from frame to frame and its own change, at arrivals and elsewhere; mean grey levels."""
    small = [picture.astype(np.float32) for picture in pictures]
    change = {n: float(np.abs(small[n] - small[n - 1]).mean()) for n in range(1, len(small))}
    jerk = {n: float(np.abs(small[n] - 2 * small[n - 1] + small[n - 2]).mean()) for n in range(2, len(small))}
    at = set(arrivals)
    answer = {}
    for name, values in (("change", change), ("jerk", jerk)):
        for where, chosen in (("arrival", True), ("else", False)):
            own = [value for number, value in values.items() if (number in at) == chosen]
            answer[f"{name}_{where}"] = float(np.mean(own)) if own else float("nan")
    return answer


def psnr(gap: np.ndarray) -> float:
    """Of a difference in grey levels, dB, at most `MOST_DB`."""
    mean = float(np.mean(gap * gap))
    return MOST_DB if mean <= 0 else min(MOST_DB, float(10 * np.log10(255.0**2 / mean)))


def _like(picture: np.ndarray, other: np.ndarray) -> np.ndarray:
    if picture.shape == other.shape:
        return picture
    return cv2.resize(picture, other.shape[1::-1], interpolation=cv2.INTER_CUBIC)
