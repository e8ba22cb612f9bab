"""The presenter's eyes, brows, nose and mouth, drawn into the head for every frame."""

from __future__ import annotations

import numpy as np

from ...frame import Pixels
from ...system.opencv import cv2
from .figure import SKIN_DEEP, SKIN_LIGHT, SKIN_SHADE
from .layers import Colour, Points, smooth
from .motion import Pose

WHITE: Colour = (244, 240, 234)
IRIS: Colour = (88, 116, 92)
PUPIL: Colour = (22, 18, 20)
LIP: Colour = (186, 88, 84)
LIP_DARK: Colour = (140, 58, 60)
MOUTH: Colour = (72, 22, 28)
LASH: Colour = (46, 28, 26)
BROW: Colour = (70, 42, 34)
LID: Colour = (206, 150, 122)
_SUBPIXEL_BITS = 4


class _Pen:
    """Draws smooth shapes in face coordinates, moved as the face turns and nods."""

    def __init__(self, pixels: Pixels, origin: tuple[float, float], scale: float, pose: Pose) -> None:
        self._pixels, self._origin, self._scale = pixels, origin, scale
        self._turn, self._nod = 13 * pose.turn, 8 * pose.nod

    def _real(self, points: Points, closed: bool, depth: float):
        shift = np.array([self._turn * depth, self._nod]) * self._scale + self._origin
        moved = smooth(points, closed=closed, steps=6) * self._scale + shift
        return np.round(moved * (1 << _SUBPIXEL_BITS)).astype(np.int32)

    def fill(self, points: Points, colour: Colour, *, depth: float = 1.0) -> None:
        cv2.fillPoly(self._pixels, [self._real(points, True, depth)], colour, cv2.LINE_AA, _SUBPIXEL_BITS)

    def line(self, points: Points, colour: Colour, thickness: float, *, depth: float = 1.0) -> None:
        path = self._real(points, False, depth)
        width = max(1, round(thickness * self._scale))
        cv2.polylines(self._pixels, [path], False, colour, width, cv2.LINE_AA, _SUBPIXEL_BITS)

    def dot(self, x: float, y: float, radius: float, colour: Colour) -> None:
        angles = np.linspace(0, 2 * np.pi, 10, endpoint=False)
        self.fill([(x + radius * np.cos(a), y + radius * np.sin(a)) for a in angles], colour)


def draw_face(pixels: Pixels, origin: tuple[float, float], scale: float, pose: Pose) -> None:
    """Draw the features of one pose into a copy of the head's pixels; `origin` is the head's, in real pixels."""
    pen = _Pen(pixels, origin, scale, pose)
    for side in (-1, 1):
        _eye(pen, side * 47.0, -8.0, pose)
        _brow(pen, side, pose)
    _nose(pen)
    _mouth(pen, pose)


def _eye(pen: _Pen, x: float, y: float, pose: Pose) -> None:
    open_ = 1 - pose.lids
    top, foot = y - 13 * open_ + 5 * pose.lids, y + 8
    if open_ > 0.3:
        shape = [
            (x - 24, y + 2),
            (x - 12, top + 2),
            (x, top),
            (x + 13, top + 2),
            (x + 24, y),
            (x + 10, foot),
            (x - 10, foot),
        ]
        pen.fill(shape, WHITE)
        reach = min(11.5, 11.5 * open_ + 2)
        gaze_x = x + 6 * pose.gaze
        ring = [
            (gaze_x + 11 * np.cos(a), y - 1 + reach * np.sin(a)) for a in np.linspace(0, 2 * np.pi, 12, endpoint=False)
        ]
        pen.fill(ring, IRIS)
        pen.dot(gaze_x, y - 1, min(5.5, reach * 0.5), PUPIL)
        if open_ > 0.5:
            pen.dot(gaze_x - 4, y - 5, 2.6, (255, 255, 255))
        pen.line([(x - 22, top - 4), (x, top - 8), (x + 22, top - 3)], SKIN_SHADE, 2.5)
    else:
        pen.fill([(x - 26, y), (x, y - 13), (x + 26, y), (x, y + 11)], LID)
    pen.line([(x - 26, y + 3), (x - 12, top + 1), (x, top - 1), (x + 13, top + 1), (x + 26, y + 1)], LASH, 4.2)
    pen.line([(x - 18, foot - 1), (x, foot + 2), (x + 18, foot - 1)], SKIN_SHADE, 1.6)


def _brow(pen: _Pen, side: int, pose: Pose) -> None:
    lift = -9 * pose.brows
    inner, outer = side * 22.0, side * 78.0
    middle = (inner + outer) / 2 + side * 6
    pen.line([(inner, -40 + lift), (middle, -50 + lift), (outer, -37 + lift * 0.7)], BROW, 5)
    pen.line([(inner, -39 + lift), (middle - side * 8, -48 + lift), (middle + side * 6, -48 + lift)], BROW, 6)


def _nose(pen: _Pen) -> None:
    pen.line([(8, -20), (13, 20), (19, 46)], SKIN_SHADE, 5, depth=1.3)
    pen.line([(-4, -16), (-4, 20), (-5, 38)], SKIN_LIGHT, 6, depth=1.4)
    pen.fill([(-16, 50), (-8, 42), (6, 44), (18, 50), (12, 60), (0, 62), (-12, 60)], SKIN_SHADE, depth=1.4)
    pen.fill([(-13, 47), (-4, 38), (8, 44), (11, 52), (0, 56), (-10, 54)], (238, 190, 160), depth=1.4)
    for side in (-1, 1):
        pen.line([(side * 7, 59), (side * 13, 57)], SKIN_DEEP, 3.5, depth=1.4)


def _mouth(pen: _Pen, pose: Pose) -> None:
    wide = 40 - 11 * pose.round_mouth * pose.mouth
    drop = 26 * pose.mouth
    smile = 8 - 4 * pose.mouth
    y = 92.0
    upper = [(-wide, y - smile), (-16, y - 9), (0, y - 6), (16, y - 9), (wide, y - smile)]
    lower = [(wide * 0.6, y + 9 + drop), (0, y + 13 + drop), (-wide * 0.6, y + 9 + drop)]
    pen.fill(upper + lower, LIP, depth=1.15)
    pen.line([(-wide * 0.5, y + 12 + drop), (0, y + 15 + drop), (wide * 0.5, y + 12 + drop)], LIP_DARK, 2.5, depth=1.15)
    if pose.mouth > 0.06:
        inner = [
            (-wide * 0.82, y),
            (0, y - 2),
            (wide * 0.82, y),
            (wide * 0.5, y + drop),
            (0, y + 4 + drop),
            (-wide * 0.5, y + drop),
        ]
        pen.fill(inner, MOUTH, depth=1.15)
        if pose.mouth > 0.3:
            teeth = 7 * min(1.0, (pose.mouth - 0.3) * 3)
            pen.fill(
                [(-wide * 0.6, y), (0, y - 1), (wide * 0.6, y), (wide * 0.5, y + teeth), (-wide * 0.5, y + teeth)],
                WHITE,
                depth=1.15,
            )
            pen.fill([(-14, y + drop), (0, y + drop - 5), (14, y + drop), (0, y + drop + 3)], (190, 90, 92), depth=1.15)
    else:
        pen.line(
            [(-wide + 2, y - smile), (-16, y), (0, y + 1), (16, y), (wide - 2, y - smile)], LIP_DARK, 3.2, depth=1.15
        )
