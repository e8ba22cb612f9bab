"""The sign that a picture is ours: a magenta square, and eight blocks that spell the picture's number.

All places are shares of the picture's width and height, so that they survive a change of size.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BITS = 8
SQUARE = (0.04, 0.07, 0.12, 0.22)
"""Left, top, right, bottom."""
MAGENTA = (255, 0, 255)
TOLERANCE = 60
"""Per channel; YUV 4:2:0 and two conversions on the way cost some accuracy."""


def _block(bit: int) -> tuple[float, float, float, float]:
    left = 0.04 + bit * 0.11
    return left, 0.80, left + 0.08, 0.94


def _cut(pixels: NDArray[np.uint8], place: tuple[float, float, float, float]) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    left, top, right, bottom = place
    return pixels[round(top * height) : round(bottom * height), round(left * width) : round(right * width)]


def paint(pixels: NDArray[np.uint8], number: int) -> None:
    """Write the sign with `number` (its low eight bits) into a picture, RGB uint8 `[H, W, 3]`."""
    _cut(pixels, SQUARE)[:] = MAGENTA
    for bit in range(BITS):
        _cut(pixels, _block(bit))[:] = 255 if number >> bit & 1 else 0


def read(pixels: NDArray[np.uint8]) -> int | None:
    """The number in a picture's sign, 0..255; None where the sign is not there."""
    found = _middle(_cut(pixels, SQUARE)).mean((0, 1))
    if np.abs(found - MAGENTA).max() > TOLERANCE:
        return None
    bits = [_middle(_cut(pixels, _block(bit))).mean() > 127 for bit in range(BITS)]
    return sum(1 << bit for bit, is_set in enumerate(bits) if is_set)


def _middle(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    # The rim is blurred by the enlargement.
    height, width = pixels.shape[:2]
    return pixels[height // 4 : height - height // 4, width // 4 : width - width // 4]
