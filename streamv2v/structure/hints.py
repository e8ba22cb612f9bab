"""What a structure network is shown, made of the camera's picture by OpenCV: white lines on black, or that picture.

It is made in the engine's process, while the device encodes the frame: a millisecond or two of one core that a device
does not wait for, and nothing that has to be sent beside the frame to an engine elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2 as _cv2
import numpy as np
from numpy.typing import NDArray

from ..frames import Pixels

# OpenCV's own types know arrays of any element only; every picture here is uint8.
cv2: Any = _cv2

CANNY_THRESHOLDS = 100, 200
"""Least gradient of a weak and of a strong edge: what the networks for this kind were trained with."""
EDGE_SIGMA, LINE_SIGMA = 1.0, 6.0
"""Widths of the blurs at a height of `USUAL_HEIGHT`, px; they grow with the picture."""
USUAL_HEIGHT = 512
BRIGHT = 99.5
"""Percentile of the strengths that becomes white."""
LEAST_EDGE, LEAST_LINE = 48.0, 24.0
"""Strength in grey levels that is white at the most: in a picture without edges noise stays dark."""


def hint(kind: str, frame: Pixels, width: int, height: int) -> Pixels:
    """What is shown for `frame`, uint8 `[height, width, C]`; C is 1 for lines and 3 for the picture.

    Args:
        kind: one of `STRUCTURE_KINDS`.
        frame: RGB uint8 `[H, W, 3]`, any size.
    """
    if frame.shape[:2] != (height, width):
        smaller = frame.shape[0] > height
        frame = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
    shown = _MAKERS[kind](frame)
    return shown if shown.ndim == 3 else shown[:, :, None]


def canny(frame: Pixels) -> Pixels:
    """Thin edges, 0 or 255, `[H, W]` (Canny 1986)."""
    return cv2.Canny(np.ascontiguousarray(frame), *CANNY_THRESHOLDS)


def soft_edge(frame: Pixels) -> Pixels:
    """Edges with their strength: the length of the gradient, `[H, W]`."""
    grey = cv2.GaussianBlur(_grey(frame), (0, 0), _scaled(EDGE_SIGMA, frame))
    across, down = (cv2.Sobel(grey, cv2.CV_32F, *order, ksize=3) for order in ((1, 0), (0, 1)))
    return _levels(cv2.magnitude(across, down), LEAST_EDGE)


def line_art(frame: Pixels) -> Pixels:
    """What is darker than its surroundings, as a pen would draw it, `[H, W]`."""
    grey = _grey(frame)
    return _levels(cv2.GaussianBlur(grey, (0, 0), _scaled(LINE_SIGMA, frame)) - grey, LEAST_LINE)


def _grey(frame: Pixels) -> NDArray[np.float32]:
    return cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32)


def _scaled(sigma: float, frame: Pixels) -> float:
    return max(0.5, sigma * frame.shape[0] / USUAL_HEIGHT)


def _levels(strength: NDArray[np.float32], least: float) -> Pixels:
    # every fourth cell each way tells a percentile as well as all of them
    white = max(least, float(np.percentile(strength[::4, ::4], BRIGHT)))
    return np.clip(strength * (255.0 / white), 0, 255).astype(np.uint8)


_MAKERS: dict[str, Callable[[Pixels], Pixels]] = {
    "canny": canny,
    "softedge": soft_edge,
    "lineart": line_art,
    "picture": lambda frame: frame,
}
