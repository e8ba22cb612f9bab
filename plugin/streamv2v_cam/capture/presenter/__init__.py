"""The drawn presenter: a moving, talking figure, so that neither a camera nor a file is needed."""

from __future__ import annotations

import math
import time
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ...frame import Pixels
from ..pacing import Pacer
from .face import draw_face
from .figure import paint_arm, paint_body, paint_head
from .layers import Sprite, lay, put
from .motion import Pose, pose_at
from .room import MARGIN, paint_room

DESIGN_WIDTH, DESIGN_HEIGHT = 1280, 720
FACE_AT = (640.0, 318.0)
NECK_BELOW_FACE = 150.0
ELBOW_AT = (1010.0, 740.0)
ARM_HIDDEN = 520.0


class PresenterSource:
    """The presenter as a source.

    Args:
        width, height: of the pictures, in pixels.
        fps: pictures per second.
    """

    def __init__(self, *, width: int = DESIGN_WIDTH, height: int = DESIGN_HEIGHT, fps: float = 30.0) -> None:
        self.name = f"drawn presenter ({width}x{height} at {fps:g})"
        self._size = (width, height)
        self._pacer = Pacer(fps)
        self._began_s = time.monotonic()

    def read(self) -> Pixels:
        """The presenter now, RGB uint8 `[H, W, 3]`."""
        return draw(self._pacer.wait() - self._began_s, *self._size)

    def close(self) -> None:
        """Nothing is held open."""


def draw(t_s: float, width: int = DESIGN_WIDTH, height: int = DESIGN_HEIGHT) -> Pixels:
    """The presenter at a time: the same picture for the same time.

    Args:
        t_s: seconds since the beginning, 0 or more.
        width, height: in pixels; the scene fills them and is cut where the shape is another.

    Returns:
        RGB uint8 `[height, width, 3]`.
    """
    return _studio(width, height).picture(pose_at(t_s), t_s)


@lru_cache(maxsize=2)
def _studio(width: int, height: int) -> _Studio:
    return _Studio(width, height)


class _Studio:
    """The painted parts of one size, and their places."""

    def __init__(self, width: int, height: int) -> None:
        self._width, self._height = width, height
        self._scale = scale = max(width / DESIGN_WIDTH, height / DESIGN_HEIGHT)
        # Where the design's top left lies when its middle is the picture's middle.
        self._left = (width - DESIGN_WIDTH * scale) / 2
        self._top = (height - DESIGN_HEIGHT * scale) / 2
        self._room = paint_room(scale)
        self._body, self._head, self._arm = paint_body(scale), paint_head(scale), paint_arm(scale)

    def picture(self, pose: Pose, t_s: float) -> Pixels:
        picture = self._background(pose, t_s)
        face = (FACE_AT[0] + pose.sway, FACE_AT[1] + pose.bob)
        body = (FACE_AT[0] + 0.45 * pose.sway, FACE_AT[1] + NECK_BELOW_FACE - 5 * pose.breath + 0.4 * pose.bob)
        x, y = self._real(body)
        lay(picture, self._body, round(x - self._body.origin[0]), round(y - self._body.origin[1]))
        head = Sprite(self._head.pixels.copy(), self._head.alpha, self._head.origin)
        draw_face(head.pixels, head.origin, self._scale, pose)
        put(picture, head, self._place(head, face, pose.tilt))
        if pose.wave > 0.01:
            elbow = (ELBOW_AT[0] + 0.4 * pose.sway, ELBOW_AT[1] + ARM_HIDDEN * (1 - pose.wave))
            put(picture, self._arm, self._place(self._arm, elbow, pose.wave_turn))
        return picture

    def _background(self, pose: Pose, t_s: float) -> Pixels:
        """The room, seen from a little further left when the head goes right, and a hand-held drift."""
        x = MARGIN + 0.35 * pose.sway + 6 * math.sin(0.31 * t_s)
        y = MARGIN + 0.3 * pose.bob + 4 * math.sin(0.43 * t_s)
        # Whole pixels: what is out of focus shows no steps, and a copy is many times cheaper than a warp.
        left = min(max(0, round(x * self._scale - self._left)), self._room.shape[1] - self._width)
        top = min(max(0, round(y * self._scale - self._top)), self._room.shape[0] - self._height)
        return self._room[top : top + self._height, left : left + self._width].copy()

    def _real(self, at: tuple[float, float]) -> tuple[float, float]:
        """A place in design pixels as one in the picture."""
        return at[0] * self._scale + self._left, at[1] * self._scale + self._top

    def _place(self, sprite: Sprite, at: tuple[float, float], turn: float) -> NDArray[np.float64]:
        """The 2 x 3 matrix that puts a sprite's origin to `at` (design pixels), turned by `turn` degrees."""
        cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
        x, y = sprite.origin
        to_x, to_y = self._real(at)
        return np.array([[cos, -sin, to_x - cos * x + sin * y], [sin, cos, to_y - sin * x - cos * y]])
