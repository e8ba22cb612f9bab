"""Reprojector: the picture of a beat out of the last styled picture and the camera's newest frame."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...frame import Pixels
from ...system.opencv import cv2
from ...system.shrinking import shrunk
from .backdrop import Backdrop
from .detail import with_detail
from .enlarging import Enlarger
from .flow import FINEST_OF_A_BEAT, Field, FlowSearch, enlarged
from .moved import Moved, Styled, moved_to

FADE_S = 0.2
"""An arrival takes so long to be whole where something moves, or until the next one is due if that is sooner."""
STILL_FADE_S = 0.075
"""The same where nothing moves: what is older there is further from the truth, and a flash would be seen."""


@dataclass
class _Fade:
    """What was on air before an arrival, moved along from beat to beat."""

    before: Styled
    began_s: float
    lasts_s: float

    def left(self, now_s: float, most_s: float = FADE_S) -> float:
        """How much of it there is, 0..1, where it may take at most so long."""
        return min(1.0, max(0.0, 1.0 - (now_s - self.began_s) / min(self.lasts_s, most_s)))


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
        self._enlarged = Enlarger(width, height)
        self._search = FlowSearch()
        self._backdrop = Backdrop()
        self.reset()

    def reset(self) -> None:
        """Forget all pictures: the next arrival is shown at once, without a fade."""
        self._styled: Styled | None = None
        self._backdrop.forget()
        self._arrived = False
        self._stirred: tuple[Field, ...] = ()
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
        height, width = styled.shape[:2]
        if self._styled is not None and self._styled.look.shape != styled.shape:
            self._go_over_to(width, height)
        self._styled = Styled(styled, shrunk(source, width, height))
        self._backdrop.arrived(styled, self._styled.camera)
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
        published = with_detail(self._enlarged(drawn), newest, drawn, camera, asked[0])
        self._last = _Beat(newest, camera, drawn, asked, published)
        return published

    @property
    def _engine_size(self) -> tuple[int, int]:
        assert self._styled is not None
        height, width = self._styled.look.shape[:2]
        return width, height

    def _go_over_to(self, width: int, height: int) -> None:
        """Another size of the engine: what is on air goes on at that size, and fades as ever."""
        self._fade, self._stirred = None, ()
        if self._last is not None:
            camera, picture = (
                cv2.resize(old, (width, height), interpolation=cv2.INTER_LINEAR)
                for old in (self._last.camera, self._last.picture)
            )
            self._last = replace(self._last, camera=camera, picture=picture)

    def _drawn(self, camera: Pixels, borrow: bool, now_s: float) -> Pixels:
        """The picture at the engine's size."""
        assert self._styled is not None
        last, fresh = self._last, self._arrived
        self._arrived = False
        moved = moved_to(self._search, camera, self._styled, borrow=borrow, backdrop=self._backdrop)
        if fresh:
            self._fade = self._begun_fade(None if self.holding else last, now_s)
        self._stir(moved, fresh)
        self.holding = moved.cut
        if moved.cut:
            self._fade = None
            return self._styled.look if fresh or last is None else last.picture
        return self._faded(moved.look, camera, now_s)

    def _stir(self, moved: Moved, fresh: bool) -> None:
        """Note what has moved since the last two arrivals: in such a place a fade is seen by nobody."""
        if fresh or not self._stirred:
            self._stirred = (moved.moving, *self._stirred[:1])
        else:
            self._stirred = (cv2.max(self._stirred[0], moved.moving), *self._stirred[1:])

    def _begun_fade(self, last: _Beat | None, now_s: float) -> _Fade | None:
        """From the picture on air to the one that has just arrived; None where there is nothing to fade from."""
        since_s = FADE_S if self._arrived_s is None else now_s - self._arrived_s
        self._arrived_s = now_s
        if last is None or since_s <= self._beat_s * 1.5:
            return None
        # The first beat shows a part of the new picture already.
        return _Fade(Styled(last.picture, last.camera), now_s - self._beat_s, min(FADE_S, since_s))

    def _faded(self, look: Pixels, camera: Pixels, now_s: float) -> Pixels:
        """`look` with what is left of the picture before, moved from the last beat's frame to this one's."""
        left = self._fade.left(now_s) if self._fade is not None else 0.0
        if self._fade is None or left <= 0.0:
            self._fade = None
            return look
        before = moved_to(self._search, camera, self._fade.before, borrow=False, finest=FINEST_OF_A_BEAT)
        if before.cut:
            self._fade = None
            return look
        self._fade.before = Styled(before.look, camera)
        left_still = self._fade.left(now_s, STILL_FADE_S)
        stirred = cv2.max(self._stirred[0], self._stirred[-1])
        share = enlarged(before.trust * (stirred * np.float32(left - left_still) + np.float32(left_still)))
        return cv2.blendLinear(look, before.look, 1.0 - share, share)
