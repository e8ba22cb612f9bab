"""What is outside of the region: the camera, it blurred, one colour, or the look in the colours of another one."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ...frame import Pixels
from ...system.opencv import cv2
from .composing import Outside
from .networks import Field

BLUR = 0.09
"""Of the picture's height, at the masks' size."""
LEAST_WEIGHT = 0.02
SAMPLED = 8
FOLLOWS = 0.1
"""Of each picture's colours in what the palette is reckoned from, so that it does not flicker."""
LEAST_SPREAD = 25.0
"""Grey levels squared, added to what colours vary by: a flat picture is not torn apart."""


def camera_outside(newest: Pixels) -> Outside:
    """The camera's own picture, RGB uint8 `[H, W, 3]`."""
    return lambda window: newest[window]


def colour_outside(colour: str, width: int, height: int) -> Outside:
    """One colour, "#rrggbb"."""
    whole = _of_one_colour(colour, width, height)
    return lambda window: whole[window]


@lru_cache(maxsize=1)
def _of_one_colour(colour: str, width: int, height: int) -> Pixels:
    levels = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return np.full((height, width, 3), levels, np.uint8)


def blurred_outside(small: Pixels, share: Field, width: int, height: int) -> Outside:
    """The camera's picture out of focus; what is inside the region does not run into it.

    Args:
        small: the camera's frame, RGB uint8 `[h, w, 3]`.
        share: of the look, 0..1, float32 `[h, w]`.
        width, height: of the published picture, px.
    """
    weight = np.float32(1.0 + LEAST_WEIGHT) - share
    side = max(3, round(small.shape[0] * BLUR)) | 1
    heavy = cv2.multiply(small, cv2.merge((weight, weight, weight)), dtype=cv2.CV_32F)
    for _ in range(3):  # three boxes are a Gaussian to the eye
        heavy, weight = cv2.blur(heavy, (side, side)), cv2.blur(weight, (side, side))
    soft = cv2.divide(heavy, cv2.merge((weight, weight, weight)), dtype=cv2.CV_8U)
    large = cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR)
    return lambda window: large[window]


class Palette:
    """Takes a picture into the colours of another: the linear map that does it with the least change.

    One thread owns it.

    Source:
        F. Pitié, A. Kokaram, "The linear Monge-Kantorovitch linear colour mapping for example-based colour transfer",
        2007.
    """

    def __init__(self, sample: Pixels) -> None:
        self._wanted = _colours(sample)
        self._found: tuple[np.ndarray, np.ndarray] | None = None

    def outside(self, look: Pixels) -> Outside:
        """`look`, RGB uint8 `[H, W, 3]`, in these colours."""
        mean, spread = _colours(look[::SAMPLED, ::SAMPLED])
        if self._found is not None:
            mean, spread = (old + (new - old) * FOLLOWS for old, new in zip(self._found, (mean, spread), strict=True))
        self._found = mean, spread
        matrix = _least_change(spread, self._wanted[1])
        full = np.hstack([matrix, (self._wanted[0] - matrix @ mean)[:, None]]).astype(np.float32)
        return lambda window: cv2.transform(look[window], full)


def _colours(picture: Pixels) -> tuple[np.ndarray, np.ndarray]:
    """Mean `[3]` and covariance `[3, 3]` of a picture's colours."""
    colours = picture.reshape(-1, 3).astype(np.float64)
    return colours.mean(axis=0), np.cov(colours, rowvar=False) + LEAST_SPREAD * np.eye(3)


def _least_change(found: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The symmetric matrix that takes one covariance to the other."""
    root = _root(found)
    back = np.linalg.inv(root)
    return back @ _root(root @ wanted @ root) @ back


def _root(matrix: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
