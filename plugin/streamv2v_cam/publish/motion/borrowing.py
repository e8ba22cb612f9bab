"""What the look makes of the camera's colours hereabouts: a fill for what the last styled picture did not show."""

from __future__ import annotations

import numpy as np

from ...frame import Pixels
from ...system.opencv import cv2
from .flow import Field

WINDOW = (15, 15)
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
    grey = cv2.cvtColor(camera, cv2.COLOR_RGB2GRAY).astype(np.float32)
    now = cv2.cvtColor(newest, cv2.COLOR_RGB2GRAY).astype(np.float32)[..., None]
    mean, mean_look = cv2.blur(grey, WINDOW), cv2.blur(look, WINDOW)
    variance = cv2.blur(grey * grey, WINDOW) - mean * mean
    together = cv2.blur(look * grey[..., None], WINDOW) - mean_look * mean[..., None]
    slope = together / (variance + LEAST_VARIANCE)[..., None]
    offset = mean_look - slope * mean[..., None]
    return np.clip(cv2.blur(slope, WINDOW) * now + cv2.blur(offset, WINDOW), 0.0, 255.0)
