"""A picture as it would be had the camera been framed as it is now: mirror, zoom, pan and fit, followed exactly."""

from __future__ import annotations

import numpy as np

from ...frame import Pixels, View
from ...system.opencv import cv2


def reframed(picture: Pixels, was: View, now: View) -> Pixels:
    """`picture`, which shows `was`, as far as it goes in the framing of `now`; its edge is drawn out beyond it.

    Args:
        picture: RGB uint8 `[h, w, 3]`.
        was, now: of the same opening of a source.
    """
    if was == now:
        return picture
    height, width = picture.shape[:2]
    rows = [_row(was.x, now.x, width), _row(was.y, now.y, height)]
    matrix = np.array([[rows[0][0], 0.0, rows[0][1]], [0.0, rows[1][0], rows[1][1]]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(picture, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def _row(was: tuple[float, float], now: tuple[float, float], pixels: int) -> tuple[float, float]:
    """Factor and offset from a pixel of the new framing to its pixel in the old one, along one axis."""
    (start, span), (new_start, new_span) = was, now
    factor = new_span / span
    return factor, ((new_start - start) / span) * pixels + 0.5 * (factor - 1.0)
