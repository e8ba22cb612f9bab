"""What the look makes of the camera's colours hereabouts: a fill for what the last styled picture did not show."""

from __future__ import annotations

import numpy as np

from ...frame import Pixels
from ...system.opencv import cv2
from .flow import Field

SHRUNK = 2
"""The map is smooth, so it is found on pictures of half the size: a quarter of the work."""
WINDOW = (7, 7)
"""On the shrunk pictures, px."""
LEAST_VARIANCE = 60.0
"""Grey levels squared; less than that in a window is taken for noise."""


def fill(newest: Pixels, camera: Pixels, look: Field) -> Field:
    """The look as a local affine map of the camera's grey, evaluated on the newest frame.

    Args:
        newest: RGB uint8 `[h, w, 3]`.
        camera: the frame that the look was made of, moved to the newest one, RGB uint8 `[h, w, 3]`.
        look: the styled picture, moved likewise, float32 `[h, w, 3]`, 0..255.

    Returns:
        float32 `[h, w, 3]`, 0..255.
    """
    height, width = newest.shape[:2]
    half = (max(1, width // SHRUNK), max(1, height // SHRUNK))
    grey = cv2.resize(cv2.cvtColor(camera, cv2.COLOR_RGB2GRAY), half, interpolation=cv2.INTER_AREA).astype(np.float32)
    look = cv2.resize(look, half, interpolation=cv2.INTER_AREA)
    mean, mean_look = cv2.blur(grey, WINDOW), cv2.blur(look, WINDOW)
    variance = cv2.blur(grey * grey, WINDOW) - mean * mean
    together = cv2.blur(look * grey[..., None], WINDOW) - mean_look * mean[..., None]
    slope = together / (variance + LEAST_VARIANCE)[..., None]
    offset = mean_look - slope * mean[..., None]
    smooth = [
        cv2.resize(cv2.blur(part, WINDOW), (width, height), interpolation=cv2.INTER_LINEAR) for part in (slope, offset)
    ]
    now = cv2.cvtColor(cv2.cvtColor(newest, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    filled = cv2.add(cv2.multiply(smooth[0], now, dtype=cv2.CV_32F), smooth[1])
    return np.clip(filled, 0.0, 255.0, out=filled)
