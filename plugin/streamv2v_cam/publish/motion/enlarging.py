"""The picture of a beat at the published size: only what changed since the last beat is enlarged again."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

from ...frame import Pixels
from ...system.opencv import cv2

KERNEL = 3
"""A published pixel looks at pixels up to so far from its place in the small picture, with one to spare."""
MOST_SHARE = 0.7
"""Of the picture; where more has changed it is enlarged as a whole, which spares a copy."""


@dataclass(frozen=True)
class _Axis:
    """Along one side: so many pixels of the small picture are so many of the large one, exactly."""

    small: int
    large: int
    pixels: int

    @staticmethod
    def of(small: int, large: int) -> _Axis:
        common = gcd(small, large)
        return _Axis(small // common, large // common, small)

    def around(self, first: int, last: int) -> tuple[slice, slice, slice]:
        """For what changed from `first` up to `last`: what to read, where in the enlarged it lies, where it goes."""
        start, end = max(0, first - KERNEL) // self.small, -(-min(self.pixels, last + KERNEL) // self.small)
        read_start = max(0, start - self._margin)
        read_end = min(self.pixels // self.small, end + self._margin)
        inner = slice((start - read_start) * self.large, (end - read_start) * self.large)
        return self._small(read_start, read_end), inner, slice(start * self.large, end * self.large)

    @property
    def _margin(self) -> int:
        return -(-KERNEL // self.small)

    def _small(self, start: int, end: int) -> slice:
        return slice(start * self.small, end * self.small)


class Enlarger:
    """Brings pictures of the engine's size to the published one. One thread owns it.

    Args:
        width, height: published size, px.
    """

    def __init__(self, width: int, height: int) -> None:
        self._size = (width, height)
        self._last: tuple[Pixels, Pixels] | None = None

    def __call__(self, picture: Pixels) -> Pixels:
        """`picture` at the published size.

        Args:
            picture: RGB uint8 `[h, w, 3]`, not written to afterwards.

        Returns:
            RGB uint8 `[height, width, 3]`, never written to afterwards; the same array as before where nothing changed.
        """
        last = self._last
        if last is None or last[0].shape != picture.shape:
            large = self._whole(picture)
        else:
            large = self._since(picture, *last)
        self._last = picture, large
        return large

    def _whole(self, picture: Pixels) -> Pixels:
        if picture.shape[1::-1] == self._size:
            return picture
        larger = self._size[0] > picture.shape[1]
        return cv2.resize(picture, self._size, interpolation=cv2.INTER_CUBIC if larger else cv2.INTER_AREA)

    def _since(self, picture: Pixels, before: Pixels, large: Pixels) -> Pixels:
        height, width = picture.shape[:2]
        flat = (height, width * 3)
        left, top, across, down = cv2.boundingRect(cv2.absdiff(picture.reshape(flat), before.reshape(flat)))
        if not across:
            return large
        if self._size[0] <= width or (across // 3 + 1) * down > MOST_SHARE * width * height:
            return self._whole(picture)
        x = _Axis.of(width, self._size[0]).around(left // 3, -(-(left + across) // 3))
        y = _Axis.of(height, self._size[1]).around(top, top + down)
        part = picture[y[0], x[0]]
        if part.shape[0] * part.shape[1] > MOST_SHARE * width * height:
            return self._whole(picture)
        size = (part.shape[1] * self._size[0] // width, part.shape[0] * self._size[1] // height)
        answer = large.copy()
        answer[y[2], x[2]] = cv2.resize(part, size, interpolation=cv2.INTER_CUBIC)[y[1], x[1]]
        return answer
