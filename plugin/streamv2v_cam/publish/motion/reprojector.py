"""Reprojector: the picture of a beat out of the last styled picture and the camera's newest frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...frame import Pixels
from ...system.opencv import cv2
from ...system.shrinking import shrunk
from .detail import with_detail
from .flow import FlowSearch
from .moved import Styled, moved_to

FADE_S = 0.133
"""An arrival takes so long to be whole, or until the next one is due if that is sooner."""


@dataclass
class _Fade:
    """What was on air before an arrival, moved along from beat to beat."""

    before: Styled
    began_s: float
    lasts_s: float

    def left(self, now_s: float) -> float:
        return min(1.0, max(0.0, 1.0 - (now_s - self.began_s) / self.lasts_s))


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

    def picture(
        self,
        newest: Pixels,
        *,
        small: Pixels | None = None,
        detail: float = 0.0,
        borrow: bool = True,
        now_s: float,
    ) -> Pixels:
        """The picture of this beat.

        Args:
            newest: the camera's newest frame, RGB uint8 `[H, W, 3]`, in the published framing, of any size.
            small: the same as `shrunk` makes it for the engine, RGB uint8 `[h, w, 3]`, where that is there already.
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
        camera = shrunk(newest, *self._engine_size) if small is None else small
        drawn = self._drawn(camera, borrow, now_s)
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

    def _drawn(self, camera: Pixels, borrow: bool, now_s: float) -> Pixels:
        """The picture at the engine's size."""
        assert self._styled is not None
        last, fresh = self._last, self._arrived
        self._arrived = False
        moved = moved_to(self._search, camera, self._styled, borrow=borrow)
        if fresh:
            self._fade = self._begun_fade(None if self.holding else last, now_s)
        self.holding = moved.cut
        if moved.cut:
            self._fade = None
            return self._styled.look if fresh or last is None else last.picture
        return self._faded(moved.look, camera, now_s)

    def _begun_fade(self, last: _Beat | None, now_s: float) -> _Fade | None:
        """From the picture on air to the one that has just arrived; None where there is nothing to fade from."""
        since_s = FADE_S if self._arrived_s is None else now_s - self._arrived_s
        self._arrived_s = now_s
        lasts_s = min(FADE_S, since_s)
        if last is None or lasts_s <= self._beat_s * 1.5:
            return None
        # The first beat shows a part of the new picture already.
        return _Fade(Styled(last.picture, last.camera), now_s - self._beat_s, lasts_s)

    def _faded(self, look: Pixels, camera: Pixels, now_s: float) -> Pixels:
        """`look` with what is left of the picture before, moved from the last beat's frame to this one's."""
        left = self._fade.left(now_s) if self._fade is not None else 0.0
        if self._fade is None or left <= 0.0:
            self._fade = None
            return look
        before = moved_to(self._search, camera, self._fade.before, borrow=False)
        if before.cut:
            self._fade = None
            return look
        self._fade.before = Styled(before.look, camera)
        share = before.trust * np.float32(left)
        return cv2.blendLinear(look, before.look, 1.0 - share, share)


def _enlarged(picture: Pixels, width: int, height: int) -> Pixels:
    if picture.shape[:2] == (height, width):
        return picture
    larger = width > picture.shape[1]
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_CUBIC if larger else cv2.INTER_AREA)
