"""Painting with soft shapes: how the presenter's parts are made once, before the first frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...frame import Pixels
from ...system.opencv import cv2

Points = Sequence[tuple[float, float]]
Colour = tuple[float, float, float]
Mask = NDArray[np.floating[Any]]
_SUBPIXEL_BITS = 4


@dataclass
class Sprite:
    """A part ready to be put on a picture.

    Attributes:
        pixels: RGB uint8 `[H, W, 3]`; its colours go on beyond the edge of the part.
        alpha: uint8 `[H, W]`.
        origin: where the part's (0, 0) lies, real pixels from the top left.
    """

    pixels: Pixels
    alpha: Pixels
    origin: tuple[float, float]


class Layer:
    """A part while it is painted; coordinates are design pixels around an origin inside it.

    Args:
        width, height: in design pixels.
        origin: where (0, 0) of the coordinates lies, in design pixels from the top left.
        scale: real pixels for one design pixel.
        colour: RGB that the ground, and so the edge, has.
    """

    def __init__(self, width: int, height: int, *, origin: tuple[float, float], scale: float, colour: Colour) -> None:
        self.scale, self.origin = scale, origin
        shape = (max(1, round(height * scale)), max(1, round(width * scale)))
        self.colours = np.full((*shape, 3), colour, dtype=np.float32)
        self.alpha = np.zeros(shape, dtype=np.float32)

    def blob(self, points: Points, *, soft: float = 0.0) -> Mask:
        """A mask of the smooth closed curve through `points`; `soft` blurs its edge, in design pixels."""
        return self._soft(self._filled(smooth(points)), soft)

    def box(self, left: float, top: float, right: float, bottom: float, *, soft: float = 0.0) -> Mask:
        """A mask of an upright rectangle."""
        corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
        return self._soft(self._filled(corners), soft)

    def ellipse(self, x: float, y: float, across: float, down: float, *, turn: float = 0.0, soft: float = 0.0) -> Mask:
        """A mask of an ellipse with half axes `across` and `down`, turned by `turn` degrees."""
        angles = np.linspace(0, 2 * np.pi, 72, endpoint=False)
        cos, sin = np.cos(np.deg2rad(turn)), np.sin(np.deg2rad(turn))
        u, v = across * np.cos(angles), down * np.sin(angles)
        return self._soft(self._filled(np.stack([x + u * cos - v * sin, y + u * sin + v * cos], axis=1)), soft)

    def line(self, points: Points, *, thickness: float, soft: float = 0.0) -> Mask:
        """A mask of a smooth open line with round ends."""
        mask = np.zeros(self.alpha.shape, dtype=np.uint8)
        path = self._real(smooth(points, closed=False))
        cv2.polylines(mask, [path], False, 255, max(1, round(thickness * self.scale)), cv2.LINE_AA, _SUBPIXEL_BITS)
        return self._soft(mask.astype(np.float32) / 255, soft)

    def fall(self, start: tuple[float, float], end: tuple[float, float]) -> Mask:
        """A mask that rises from 0 at `start` to 1 at `end`, straight across."""
        height, width = self.alpha.shape
        x = np.arange(width, dtype=np.float32)[None, :] / self.scale - self.origin[0] - start[0]
        y = np.arange(height, dtype=np.float32)[:, None] / self.scale - self.origin[1] - start[1]
        along = (end[0] - start[0], end[1] - start[1])
        return np.clip((x * along[0] + y * along[1]) / (along[0] ** 2 + along[1] ** 2), 0, 1)

    def paint(self, mask: Mask, colour: Colour, *, strength: float = 1.0, within: Mask | None = None) -> None:
        """Cover what `mask` shows with `colour`; the part grows by it unless it stays `within` another mask."""
        left, top, width, height = cv2.boundingRect((mask * 255).astype(np.uint8))
        part = np.s_[top : top + height, left : left + width]
        weight = mask[part] * strength if within is None else mask[part] * within[part] * strength
        self.colours[part] += weight[:, :, None] * (np.array(colour, np.float32) - self.colours[part])
        if within is None:
            self.alpha[part] = np.maximum(self.alpha[part], weight)

    def sprite(self) -> Sprite:
        """What was painted, with an empty rim of one pixel."""
        left, top, width, height = cv2.boundingRect((self.alpha * 255).astype(np.uint8))
        part = np.s_[top : top + height, left : left + width]
        colours = np.clip(self.colours[part], 0, 255).astype(np.uint8)
        pixels = cv2.copyMakeBorder(colours, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
        alpha = cv2.copyMakeBorder(cv2.convertScaleAbs(self.alpha[part], alpha=255), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
        return Sprite(pixels, alpha, (self.origin[0] * self.scale - left + 1, self.origin[1] * self.scale - top + 1))

    def _real(self, points: NDArray[np.float64]) -> NDArray[np.int32]:
        moved = (np.asarray(points) + self.origin) * self.scale
        return np.round(moved * (1 << _SUBPIXEL_BITS)).astype(np.int32)

    def _filled(self, points: NDArray[np.float64]) -> Mask:
        mask = np.zeros(self.alpha.shape, dtype=np.uint8)
        cv2.fillPoly(mask, [self._real(points)], 255, cv2.LINE_AA, _SUBPIXEL_BITS)
        return mask.astype(np.float32) / np.float32(255)

    def _soft(self, mask: Mask, soft: float) -> Mask:
        if soft <= 0:
            return mask
        sigma = soft * self.scale
        if sigma < 4:
            return cv2.GaussianBlur(mask, (0, 0), sigma)
        # So soft that a quarter of the pixels shows the same, in a tenth of the time.
        small = cv2.resize(mask, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
        return cv2.resize(cv2.GaussianBlur(small, (0, 0), sigma / 4), mask.shape[::-1])


def smooth(points: Points, *, closed: bool = True, steps: int = 10) -> NDArray[np.float64]:
    """Points on the Catmull-Rom curve through `points`, `[K, 2]`; `steps` of them between two."""
    return _curve(len(points), closed, steps) @ np.asarray(points, dtype=np.float64)


@lru_cache(maxsize=64)
def _curve(count: int, closed: bool, steps: int) -> NDArray[np.float64]:
    """The curve as a matrix on its points, `[K, count]`, because the face needs some thirty per frame."""
    t = np.linspace(0, 1, steps, endpoint=False)
    shares = (-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, -(t**2) + t**3)
    pieces = count if closed else count - 1
    matrix = np.zeros((pieces * steps + (not closed), count))
    for piece in range(pieces):
        for offset, share in enumerate(shares, start=-1):
            point = (piece + offset) % count if closed else min(max(piece + offset, 0), count - 1)
            matrix[piece * steps : (piece + 1) * steps, point] += 0.5 * share
    if not closed:
        matrix[-1, -1] = 1.0
    return matrix


def lay(picture: Pixels, sprite: Sprite, left: int, top: int) -> None:
    """Blend a sprite into `picture` at whole pixels; cheaper than `put`, for parts that only shift slowly."""
    height, width = sprite.alpha.shape
    x, y = max(0, left), max(0, top)
    right, bottom = min(picture.shape[1], left + width), min(picture.shape[0], top + height)
    if right > x and bottom > y:
        part = np.s_[y - top : bottom - top, x - left : right - left]
        _blend(picture[y:bottom, x:right], sprite.pixels[part], sprite.alpha[part])


def put(picture: Pixels, sprite: Sprite, matrix: NDArray[np.float64]) -> None:
    """Blend a sprite into `picture` where the 2 x 3 `matrix` moves it to."""
    height, width = sprite.alpha.shape
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]]) @ matrix[:, :2].T + matrix[:, 2]
    left, top = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
    right, bottom = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 1, picture.shape[1::-1])
    if right <= left or bottom <= top:
        return
    local = matrix - np.array([[0, 0, left], [0, 0, top]])
    size = (int(right - left), int(bottom - top))
    # OpenCV turns four channels in less time than three, and then the alpha comes for nothing
    four = cv2.merge((*cv2.split(sprite.pixels), sprite.alpha))
    turned = cv2.warpAffine(four, local, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    _blend(picture[top:bottom, left:right], cv2.cvtColor(turned, cv2.COLOR_RGBA2RGB), cv2.extractChannel(turned, 3))


def _blend(under: Pixels, pixels: Pixels, alpha: Pixels) -> None:
    """`pixels` over `under`, in place, as far as `alpha` says, uint8 `[H, W]`."""
    share = cv2.merge((alpha, alpha, alpha))
    over = cv2.multiply(pixels, share, scale=1 / 255)
    under[:] = cv2.add(over, cv2.multiply(under, cv2.bitwise_not(share), scale=1 / 255))
