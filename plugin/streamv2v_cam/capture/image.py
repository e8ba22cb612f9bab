"""A still image as a source: the same picture at a steady rate."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import SourceError
from ..frame import Pixels
from ..media.viewing import let_through, over_background
from ..system.opencv import cv2
from .pacing import Pacer

log = logging.getLogger(__name__)

IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".avif")


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
        picture, transparent = _decoded(raw) if raw.size else (None, False)
        if picture is None:
            raise SourceError(f"Image {str(path)!r} holds no picture that can be read. Use a PNG, JPEG or WebP file.")
        if transparent:
            log.warning("%s", let_through(f"The image {path.name!r}"))
        self._pixels = picture

    def read(self) -> Pixels:
        """The picture, RGB uint8 `[H, W, 3]`, once per frame time; always the same array."""
        self._pacer.wait()
        return self._pixels

    def close(self) -> None:
        """Nothing is held open."""


def _decoded(raw: Any) -> tuple[Pixels | None, bool]:
    """RGB uint8 `[H, W, 3]`, upright and opaque, None where it is no picture; whether it let through anywhere."""
    try:
        whole = cv2.imdecode(raw, cv2.IMREAD_UNCHANGED)
        if whole is not None and whole.ndim == 3 and whole.shape[2] == 4:
            scale = 1 if whole.dtype == np.uint8 else 257
            whole = cv2.cvtColor((whole // scale).astype(np.uint8), cv2.COLOR_BGRA2RGBA)
            return over_background(whole), bool((whole[..., 3] < 255).any())
        # read once more, because only so the turn in its EXIF data is followed
        picture = cv2.imdecode(raw, cv2.IMREAD_COLOR)
    except cv2.error:
        return None, False
    return (None if picture is None else cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)), False
