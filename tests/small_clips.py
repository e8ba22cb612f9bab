"""Small clips whose pictures tell their own number."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np


def write_clip(path: Path, frames: int, *, fps: int = 30, width: int = 64, height: int = 48) -> Path:
    """A clip in which frame n is grey of value 8 * n."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=Fraction(fps))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(frames):
            picture = np.full((height, width, 3), number_to_grey(number), dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path


def number_to_grey(number: int) -> int:
    return 8 * number


def number_of(pixels: np.ndarray) -> int:
    """Which frame of `write_clip` this is."""
    return round(float(pixels.mean()) / 8)
