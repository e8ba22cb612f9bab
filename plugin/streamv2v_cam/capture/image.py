"""A still image as a source: the same picture at a steady rate."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import SourceError
from ..frame import Pixels
from ..system.opencv import cv2
from .pacing import Pacer

IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff")


class ImageSource:
    """An image file, turned upright as its EXIF data says.

    Raises:
        SourceError: the file cannot be read as an image.
    """

    def __init__(self, path: Path, *, fps: float) -> None:
        self.name = f"image {path.name!r}"
        self._pacer = Pacer(fps)
        try:
            # Through memory, because OpenCV cannot open every file name on Windows.
            raw = np.fromfile(path, dtype=np.uint8)
        except OSError as error:
            raise SourceError(f"Image {str(path)!r} cannot be read: {error.strerror}.") from None
        picture = cv2.imdecode(raw, cv2.IMREAD_COLOR) if raw.size else None
        if picture is None:
            raise SourceError(f"Image {str(path)!r} holds no picture that can be read. Use a PNG, JPEG or WebP file.")
        self._pixels = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)

    def read(self) -> Pixels:
        """The picture, RGB uint8 `[H, W, 3]`, once per frame time; always the same array."""
        self._pacer.wait()
        return self._pixels

    def close(self) -> None:
        """Nothing is held open."""
