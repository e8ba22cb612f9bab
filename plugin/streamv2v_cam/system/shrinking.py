"""A picture at a smaller size, in the one way that is used wherever two pictures of the camera are compared."""

from __future__ import annotations

from ..frame import Pixels
from .opencv import cv2


def shrunk(picture: Pixels, width: int, height: int) -> Pixels:
    """`picture` at a smaller size, px; itself where it has it.

    The engine's frames are made by this and so are those that they are compared with: two ways of shrinking differ by
    more than the camera's noise, and a still picture would seem to move.
    """
    if picture.shape[:2] == (height, width):
        return picture
    if picture.shape[1] >= 3 * width and picture.shape[0] >= 3 * height:
        # halving is several times as quick as shrinking by a broken number
        picture = cv2.resize(picture, (picture.shape[1] // 2, picture.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
