"""The camera's fine structure on the enlarged picture: what the engine's small size could not hold."""

from __future__ import annotations

import numpy as np

from ...frame import Pixels
from ...system.opencv import cv2
from .flow import Field

WINDOW = (9, 9)
LEAST_VARIANCE = 90.0
"""Grey levels squared; below it a window holds noise, and nothing of it is drawn."""
MOST_SLOPE = 1.5
CORED_LEVELS = 2.0
"""Fine structure weaker than so many grey levels is the camera's noise."""


def slope_of(look: Pixels, camera: Pixels) -> Field:
    """How much of the camera's brightness the look itself follows hereabouts.

    Args:
        look, camera: of one moment, RGB uint8 `[h, w, 3]`.

    Returns:
        float32 `[h, w]`, -1.5..1.5: 0 where the look is flat or the camera shows noise alone, negative where the look
        turns light to dark.
    """
    seen = cv2.cvtColor(camera, cv2.COLOR_RGB2GRAY).astype(np.float32)
    drawn = cv2.cvtColor(look, cv2.COLOR_RGB2GRAY).astype(np.float32)
    mean, mean_drawn = cv2.blur(seen, WINDOW), cv2.blur(drawn, WINDOW)
    variance = cv2.blur(seen * seen, WINDOW) - mean * mean
    together = cv2.blur(seen * drawn, WINDOW) - mean * mean_drawn
    return np.clip(cv2.blur(together / (variance + LEAST_VARIANCE), WINDOW), -MOST_SLOPE, MOST_SLOPE)


def with_detail(enlarged: Pixels, newest: Pixels, look: Pixels, camera: Pixels, detail: float) -> Pixels:
    """`enlarged` with the newest frame's fine structure.

    Args:
        enlarged: the look at the published size, RGB uint8 `[H, W, 3]`.
        newest: the camera's frame of the same moment, RGB uint8 `[H, W, 3]`; of another size it is brought to that one.
        look, camera: both at the engine's size, RGB uint8 `[h, w, 3]`.
        detail: 0..1; 0 gives `enlarged` itself.
    """
    if detail <= 0.0:
        return enlarged
    height, width = enlarged.shape[:2]
    grey = cv2.cvtColor(newest, cv2.COLOR_RGB2GRAY)
    if grey.shape != (height, width):
        grey = cv2.resize(grey, (width, height), interpolation=cv2.INTER_LINEAR)
    # What is left of the frame at the engine's size is in the look already.
    coarse = cv2.resize(cv2.cvtColor(camera, cv2.COLOR_RGB2GRAY), (width, height), interpolation=cv2.INTER_CUBIC)
    fine = cored(cv2.subtract(grey, coarse, dtype=cv2.CV_32F))
    slope = cv2.resize(slope_of(look, camera) * np.float32(detail), (width, height), interpolation=cv2.INTER_LINEAR)
    added = cv2.multiply(fine, slope, dtype=cv2.CV_16S)
    return cv2.add(enlarged, cv2.merge((added, added, added)), dtype=cv2.CV_8U)


def cored(fine: Field) -> Field:
    """`fine` without what is weaker than the camera's noise: drawn in by so many levels on both sides of 0."""
    return fine - np.clip(fine, -CORED_LEVELS, CORED_LEVELS)
