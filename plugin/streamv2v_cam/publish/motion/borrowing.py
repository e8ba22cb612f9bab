"""What the look makes of the camera's colours hereabouts: a fill for what the last styled picture did not show."""

from __future__ import annotations

import numpy as np

from ...frame import Pixels
from ...system.opencv import cv2
from .flow import halved

WINDOW = (7, 7)
"""On halved pictures, px: the map is smooth, and that is a quarter of the work."""
REACH = WINDOW[0]
"""What lies further away has no part in the fill of a place, px of halved pictures."""
LEAST_VARIANCE = 60.0
"""Grey levels squared; less than that in a window is taken for noise."""


def fill(newest: Pixels, camera: Pixels, look: Pixels) -> Pixels:
    """The look as a local affine map of the camera's grey, evaluated on the newest frame.

    Args:
        newest: grey uint8 `[h, w]`.
        camera: the frame that the look was made of, moved to the newest one, grey uint8 `[h / 2, w / 2]`.
        look: the styled picture, moved likewise, uint8 `[h, w, 4]`, of which the fourth channel means nothing.

    Returns:
        uint8 `[h, w, 4]`, likewise.
    """
    height, width = newest.shape
    look = halved(look)
    cv2.insertChannel(camera, look, 3)
    mean = cv2.boxFilter(look, cv2.CV_32F, WINDOW)
    mean_grey = four(mean[..., 3])
    # of the look with the grey, and of the grey with itself
    variances = cv2.boxFilter(cv2.multiply(look, four(camera), dtype=cv2.CV_32F), -1, WINDOW) - mean * mean_grey
    slope = variances * four(1.0 / (variances[..., 3] + np.float32(LEAST_VARIANCE)))
    offset = mean - slope * mean_grey
    slope, offset = (cv2.resize(cv2.blur(part, WINDOW), (width, height)) for part in (slope, offset))
    return cv2.add(cv2.multiply(slope, four(newest), dtype=cv2.CV_32F), offset, dtype=cv2.CV_8U)


def four(field: np.ndarray) -> np.ndarray:
    """The same in four channels: OpenCV does four at once in half the time of three."""
    return cv2.merge((field, field, field, field))
