"""The drawn presenter: a moving talking figure, so that neither camera nor file is needed (first, plain version)."""

from __future__ import annotations

import math
import time

import numpy as np

from ..frame import Pixels
from ..opencv import cv2
from .pacing import Pacer


class PresenterSource:
    """The presenter as a source."""

    def __init__(self, *, width: int = 1280, height: int = 720, fps: float = 30.0) -> None:
        self.name = f"drawn presenter ({width}x{height} at {fps:g})"
        self._size = (width, height)
        self._pacer = Pacer(fps)
        self._began_s = time.monotonic()

    def read(self) -> Pixels:
        """The presenter now, RGB uint8 `[H, W, 3]`."""
        return draw(self._pacer.wait() - self._began_s, *self._size)

    def close(self) -> None:
        """Nothing is held open."""


def draw(t_s: float, width: int = 1280, height: int = 720) -> Pixels:
    """The presenter at time `t_s`; the same picture for the same time."""
    picture = np.full((height, width, 3), (96, 120, 140), np.uint8)
    s = height / 720
    x, y = int(width / 2 + 30 * s * math.sin(t_s)), int(300 * s + 8 * s * math.sin(2.3 * t_s))
    cv2.ellipse(picture, (width // 2, int(720 * s)), (int(300 * s), int(260 * s)), 0, 0, 360, (40, 60, 120), -1)
    cv2.ellipse(picture, (x, y), (int(120 * s), int(160 * s)), 0, 0, 360, (224, 172, 140), -1)
    return picture
