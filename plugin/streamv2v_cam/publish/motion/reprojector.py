"""Reprojector: the picture of a beat out of the last styled picture and the camera's newest frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...frame import Pixels
from ...system.opencv import cv2
from ...system.shrinking import shrunk
from .detail import with_detail
from .flow import Field, FlowSearch, motion, warped
from .moved import Styled, moved_look, rounded

FADE_S = 0.1
"""An arrival takes so long to be whole, or until the next one is due if that is sooner."""


@dataclass
class _Fade:
    """What the picture before an arrival had over the one after it, moved along beat by beat."""

    over: Field
    began_s: float
    lasts_s: float

    def left(self, now_s: float) -> float:
        return max(0.0, 1.0 - (now_s - self.began_s) / self.lasts_s) if self.lasts_s > 0 else 0.0


@dataclass(frozen=True)
class _Beat:
    """The last picture given: what it was made for, and what came out."""

    newest: Pixels
    camera: Pixels
    picture: Pixels
    asked: tuple[float, bool]
    published: Pixels


class Reprojector:
    """Moves the last styled picture to the camera's newest frame. One thread owns it.

    Args:
        width, height: published size, px.

    Attributes:
        holding: whether the last picture was a held one, since the camera cut to something else.
    """

    def __init__(self, *, width: int, height: int) -> None:
        self._size = (width, height)
        self._search = FlowSearch()
        self._alike = FlowSearch()
        self.reset()

    def reset(self) -> None:
        """Forget all pictures: the next arrival is shown at once, without a fade."""
        self._styled: Styled | None = None
        self._arrived = False
        self._arrived_s: float | None = None
        self._fade: _Fade | None = None
        self._last: _Beat | None = None
        self._beat_s = 0.0
        self._asked_s: float | None = None
        self.holding = False

    def arrived(self, styled: Pixels, source: Pixels) -> None:
        """A new styled picture is there.

        Args:
            styled: RGB uint8 `[h, w, 3]`, at the engine's size; not written to afterwards.
            source: the camera frame it was made of, RGB uint8 `[H, W, 3]`, in the published framing, of any size.
        """
        if self._styled is not None and self._styled.look.shape != styled.shape:
            self.reset()
        height, width = styled.shape[:2]
        self._styled = Styled(styled, shrunk(source, width, height))
        self._arrived = True

    def picture(self, newest: Pixels, *, detail: float = 0.0, borrow: bool = True, now_s: float) -> Pixels:
        """The picture of this beat.

        Args:
            newest: the camera's newest frame, RGB uint8 `[H, W, 3]`, in the published framing, of any size.
            detail: share of the camera's fine structure that is added, 0..1; 0 adds exactly nothing.
            borrow: whether anything but motion may be taken from the camera's frame. False forbids detail as well.
            now_s: time of the beat, seconds of any monotonic clock.

        Returns:
            RGB uint8 `[height, width, 3]`, never written to afterwards; the same array as before where nothing changed.

        Raises:
            LookupError: nothing has arrived since the beginning or the last `reset`.
        """
        if self._styled is None:
            raise LookupError("A styled picture was wanted for this beat, and none has arrived yet.")
        self._beat_s = 0.0 if self._asked_s is None else now_s - self._asked_s
        self._asked_s = now_s
        asked = (detail if borrow else 0.0, borrow)
        last = self._last
        if last is not None and last.newest is newest and last.asked == asked and not self._arrived and not self._fade:
            return last.published
        camera = shrunk(newest, *self._engine_size)
        drawn = rounded(self._drawn(camera, borrow, now_s))
        if last is not None and last.asked == asked and asked[0] == 0.0 and np.array_equal(drawn, last.picture):
            published = last.published
        else:
            published = with_detail(_enlarged(drawn, *self._size), newest, drawn, camera, asked[0])
        self._last = _Beat(newest, camera, drawn, asked, published)
        return published

    @property
    def _engine_size(self) -> tuple[int, int]:
        assert self._styled is not None
        height, width = self._styled.look.shape[:2]
        return width, height

    def _drawn(self, camera: Pixels, borrow: bool, now_s: float) -> Any:
        """The picture at the engine's size, 0..255; uint8, or float32 while a fade lasts."""
        assert self._styled is not None
        last, fresh = self._last, self._arrived
        self._arrived = False
        found = motion(self._search, camera, self._styled.camera)
        was_holding, self.holding = self.holding, found.cut
        if found.cut:
            self._fade = None
            return self._styled.look if fresh or last is None else last.picture
        moved = moved_look(self._styled, camera, found, borrow=borrow)
        if fresh:
            self._begin_fade(moved, camera, None if was_holding else last, now_s)
        elif self._fade is not None and last is not None:
            self._fade.over = self._along(self._fade.over, camera, last.camera)
        if self._fade is None:
            return moved
        left = self._fade.left(now_s)
        if left <= 0.0:
            self._fade = None
            return moved
        return moved + np.float32(left) * self._fade.over

    def _begin_fade(self, moved: Any, camera: Pixels, last: _Beat | None, now_s: float) -> None:
        since_s = FADE_S if self._arrived_s is None else now_s - self._arrived_s
        self._arrived_s = now_s
        self._fade = None
        if last is None:
            return
        lasts_s = min(FADE_S, since_s)
        if lasts_s <= self._beat_s * 1.5:
            return
        before = self._along(last.picture.astype(np.float32), camera, last.camera)
        # The first beat shows a part of the new picture already.
        self._fade = _Fade(before - moved, now_s - self._beat_s, lasts_s)

    def _along(self, field: Field, camera: Pixels, before: Pixels) -> Field:
        """`field` of the beat before, moved to this beat's frame."""
        found = motion(self._alike, camera, before)
        return field if found.cut else warped(field, found.flow)


def _enlarged(picture: Pixels, width: int, height: int) -> Pixels:
    if picture.shape[:2] == (height, width):
        return picture
    larger = width > picture.shape[1]
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_CUBIC if larger else cv2.INTER_AREA)
