"""A picture at a smaller size, in the one way that is used wherever two pictures of the camera are compared."""

from __future__ import annotations

import threading
from weakref import WeakKeyDictionary

from ..frame import Frame, Pixels
from .opencv import cv2


def shrunk(picture: Pixels, width: int, height: int) -> Pixels:
    """`picture` at the engine's size, px, which is seldom the larger one; itself where it has it.

    The engine's frames are made by this and so are those that they are compared with: two ways of shrinking differ by
    more than the camera's noise, and a still picture would seem to move.
    """
    # Halving is exact and quick; what is left is less than a half, where two neighbours are all that there is to
    # average. Averaging areas of a broken number of pixels gives the same to the eye and takes four times as long.
    while picture.shape[1] >= 2 * width and picture.shape[0] >= 2 * height:
        picture = cv2.resize(picture, (picture.shape[1] // 2, picture.shape[0] // 2), interpolation=cv2.INTER_AREA)
    if picture.shape[:2] == (height, width):
        return picture
    shrinks = picture.shape[1] >= width and picture.shape[0] >= height
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR if shrinks else cv2.INTER_CUBIC)


class ShrunkFrames:
    """Captured frames at one smaller size, each made once for all who ask, and kept as long as the frame lives."""

    def __init__(self) -> None:
        self._kept: WeakKeyDictionary[Frame, Pixels] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def of(self, frame: Frame, width: int, height: int) -> Pixels:
        """`frame.pixels` as `shrunk` gives it."""
        with self._lock:
            kept = self._kept.get(frame)
        if kept is None or kept.shape[:2] != (height, width):
            kept = shrunk(frame.pixels, width, height)
            with self._lock:
                self._kept[frame] = kept
        return kept


shrunk_frames = ShrunkFrames()
"""The engine's feeder and the publisher ask for the same size of the same frame."""
