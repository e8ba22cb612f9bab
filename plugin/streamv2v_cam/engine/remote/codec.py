"""A picture by itself as the bytes that go over the line: JPEG, or as it is."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ...frame import Pixels
from ...system.opencv import cv2

STILL = ("jpeg", "raw")
"""Ways in which each picture is readable by itself."""
CODECS = (*STILL, "h264")
"""All, in the order of their numbers on the line."""


class PictureError(ValueError):
    """Bytes that are not the picture they should be."""


def coded(pixels: Pixels, codec: str, quality: int) -> bytes:
    """Bytes of a picture.

    Args:
        pixels: RGB uint8 `[H, W, 3]`.
        codec: one of `STILL`.
        quality: of a JPEG, 1..100.
    """
    if codec == "raw":
        return pixels.tobytes()
    turned = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", turned, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def decoded(data: bytes | memoryview, codec: str, width: int, height: int) -> Pixels:
    """The picture of those bytes, RGB uint8 `[H, W, 3]`.

    Raises:
        PictureError: they hold no picture of that size.
    """
    flat: NDArray[np.uint8] = np.frombuffer(data, np.uint8)
    if codec == "raw":
        if flat.size != width * height * 3:
            raise PictureError(f"{flat.size} bytes are no picture of {width}x{height}")
        return flat.reshape(height, width, 3)
    # looked at first: a few bytes may claim a picture that fills the memory
    if _jpeg_size(memoryview(data)) != (width, height):
        raise PictureError(f"no JPEG of {width}x{height}")
    picture = cast(Any, cv2.imdecode(flat, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION))
    if picture is None or picture.shape != (height, width, 3):
        raise PictureError(f"no JPEG of {width}x{height}")
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def _jpeg_size(data: memoryview) -> tuple[int, int] | None:
    """Width and height that a JPEG states; None where it states none."""
    if bytes(data[:2]) != b"\xff\xd8":
        return None
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return int.from_bytes(data[at + 7 : at + 9], "big"), int.from_bytes(data[at + 5 : at + 7], "big")
        at += 2 + length
    return None
