"""The camera's fine structure on the enlarged picture: what the engine's small size could not hold."""

from __future__ import annotations

import numpy as np

from ...frame import Pixels
from ...system.opencv import cv2
from .flow import Field, halved

WINDOW = (5, 5)
"""On halved pictures, px."""
LEAST_VARIANCE = 90.0
"""Grey levels squared; below it a window holds noise, and nothing of it is drawn."""
MOST_SLOPE = 1.5
BAND = 48
"""Rows."""
STEPS = 64
"""The slope is counted in such parts of 1, so that whole numbers do at the published size."""
CORED_LEVELS = 2
"""Fine structure weaker than so many grey levels is the camera's noise."""


def slope_of(look: Pixels, camera: Pixels) -> Field:
    """How much of the camera's brightness the look itself follows hereabouts.

    Args:
        look, camera: of one moment, RGB uint8 `[h, w, 3]`, even sides.

    Returns:
        float32 `[h / 2, w / 2]`, -1.5..1.5: 0 where the look is flat or the camera shows noise alone, negative where
        the look turns light to dark.
    """
    seen, drawn = (halved(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)).astype(np.float32) for picture in (camera, look))
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
    slope = cv2.multiply(slope_of(look, camera), STEPS * detail, dtype=cv2.CV_16S)
    slope = cv2.resize(slope, (width, height), interpolation=cv2.INTER_LINEAR)
    answer = np.empty_like(enlarged)
    for top in range(0, height, BAND):  # a band of each picture at a time stays in the processor's cache
        band = np.s_[top : top + BAND]
        added = cv2.multiply(fine_structure(grey[band], coarse[band]), slope[band], scale=1.0 / STEPS)
        # two sums of bytes are quicker than one of bytes and words
        lighter, darker = (np.clip(way * added, 0, 255).astype(np.uint8) for way in (1, -1))
        sum_of = cv2.add(enlarged[band], cv2.merge((lighter, lighter, lighter)))
        cv2.subtract(sum_of, cv2.merge((darker, darker, darker)), dst=answer[band])
    return answer


def fine_structure(grey: Pixels, coarse: Pixels) -> np.ndarray:
    """What `grey` has beyond `coarse`, int16 `[H, W]`, without what is weaker than the camera's noise."""
    above, below = cv2.subtract(grey, coarse), cv2.subtract(coarse, grey)
    return np.subtract(cv2.subtract(above, CORED_LEVELS), cv2.subtract(below, CORED_LEVELS), dtype=np.int16)
