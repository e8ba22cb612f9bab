"""Clips as lists of pictures, shrunk to the size the engine works at."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, cycle, islice
from pathlib import Path

import av
import cv2
import numpy as np

LEAST_SIDE = 64
"""Smallest side of a picture, px: the engine's own limit."""


@dataclass(frozen=True)
class Clip:
    """A clip in memory.

    Attributes:
        name: of the file, without its ending.
        frames: RGB uint8 `[H, W, 3]` each; all of one size, sides multiples of 8.
        fps: pictures a second, as the file says.
    """

    name: str
    frames: list[np.ndarray]
    fps: float

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, px."""
        height, width = self.frames[0].shape[:2]
        return width, height

    @property
    def digest(self) -> str:
        """Hash of all pixels: two clips with the same one are the same clip."""
        content = hashlib.sha256(repr(self.frames[0].shape).encode())
        for frame in self.frames:
            content.update(frame.tobytes())
        return content.hexdigest()[:16]


def read_clip(path: str | Path, *, pixels: int, most: int) -> Clip:
    """Read a video file.

    Args:
        pixels: about how many pixels a picture shall have; its shape is kept.
        most: frames taken at most.
    Raises:
        ValueError: fewer than two frames came out of it.
    """
    frames: list[np.ndarray] = []
    with av.open(str(path)) as container:
        rate = container.streams.video[0].average_rate
        for frame in container.decode(video=0):
            scale = (pixels / (frame.width * frame.height)) ** 0.5
            size = [max(LEAST_SIDE, round(side * scale / 8) * 8) for side in (frame.width, frame.height)]
            frames.append(cv2.resize(frame.to_ndarray(format="rgb24"), size, interpolation=cv2.INTER_AREA))
            if len(frames) == most:
                break
    if len(frames) < 2:
        raise ValueError(f"{path}: a clip of at least 2 frames is wanted, {len(frames)} came out of it.")
    return Clip(Path(path).stem, frames, float(rate or 30))


def there_and_back(frames: Sequence[np.ndarray], count: int) -> Iterator[tuple[int, np.ndarray]]:
    """`count` pairs of (index in `frames`, picture), forwards and backwards in turn, so that no seam is a cut."""
    order = chain(range(len(frames)), range(len(frames) - 2, 0, -1))
    return ((index, frames[index]) for index in islice(cycle(order), count))


def luma(picture: np.ndarray) -> np.ndarray:
    """Brightness of an RGB picture, float32 `[H, W]`, 0..255."""
    return picture.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
