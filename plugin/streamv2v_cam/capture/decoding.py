"""What capture adds to a decoded frame: square pixels, as a screen has them."""

from __future__ import annotations

from typing import Any

from ..frame import Pixels
from ..media.turning import turn_of
from ..media.viewing import Viewer
from ..system.opencv import cv2


class SquareViewer:
    """Makes pictures of the frames of one stream: RGB uint8 `[H, W, 3]`, upright, opaque, with square pixels.

    Args:
        stream: the stream of pictures.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._viewer = Viewer()

    @property
    def transparent(self) -> bool:
        """Whether a picture so far let through anywhere."""
        return self._viewer.transparent

    def pixels(self, frame: Any) -> Pixels:
        """The picture of one frame."""
        pixels = self._viewer.pixels(frame)
        aspect = self._stream.sample_aspect_ratio
        if not aspect or aspect <= 0 or aspect == 1:
            return pixels
        height, width = pixels.shape[:2]
        if turn_of(frame).swap:
            return cv2.resize(pixels, (width, max(1, round(height * float(aspect)))))
        return cv2.resize(pixels, (max(1, round(width * float(aspect))), height))


def has_end(container: Any) -> bool:
    """Whether the container knows how long it is: a file, not a live stream."""
    return bool(container.duration and container.duration > 0)
