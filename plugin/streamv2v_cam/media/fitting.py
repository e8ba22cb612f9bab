"""A picture of another size within a frame, its shape kept."""

from __future__ import annotations

import numpy as np

from ..frame import Pixels
from ..system.opencv import cv2

BAR_GREY = 16


def fitted(pixels: Pixels, stretch: float, width: int, height: int) -> Pixels:
    """A picture within `width` x `height`, its shape kept, with bars.

    Args:
        pixels: RGB uint8 `[H, W, 3]`.
        stretch: its pixels' width over that of the result's.
    """
    shown_width = pixels.shape[1] * stretch
    scale = min(width / shown_width, height / pixels.shape[0])
    inner = max(1, min(width, round(shown_width * scale))), max(1, min(height, round(pixels.shape[0] * scale)))
    bars = np.full((height, width, 3), BAR_GREY, np.uint8)
    x, y = (width - inner[0]) // 2, (height - inner[1]) // 2
    bars[y : y + inner[1], x : x + inner[0]] = cv2.resize(pixels, inner, interpolation=cv2.INTER_AREA)
    return bars
