"""Between two pictures of the engine: the last one, moved to the camera's newest frame, ready before its beat."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ..frame import Frame, Pixels, View
from ..store import ControlStore
from ..system.shrinking import shrunk_frames
from .motion import Reprojector, reframed
from .permit import Permit
from .region import Region
from .thrift import Thrift

FIRST_LEAD_S = 0.015
LEAST_LEAD_S = 0.004
"""A picture is begun so long before its beat, at least: threads are not woken to the millisecond."""
MOST_OF_A_BEAT = 0.8
STALE_S = 0.25
"""A moved picture of a thread that gives nothing new for so long is not shown any more."""

NOT_MOVED = "The look is on the whole picture while motion is off."

log = logging.getLogger(__name__)


class LatestFrame(Protocol):
    """What frames are read from: a `Mailbox[Frame]` is one."""

    @property
    def latest(self) -> Frame | None: ...


@dataclass(frozen=True, eq=False)
class Moved:
    """A styled picture, moved.

    Attributes:
        pixels: RGB uint8 `[H, W, 3]` at the published size; the same array as before where nothing changed.
        styled: the picture of the engine that it was.
        camera: the camera's frame that it was moved to.
        borrows: whether anything of the camera's own picture may be in it.
        made_at_s: `time.monotonic()` when it was ready.
    """

    pixels: Pixels
    styled: Frame
    camera: Frame
    borrows: bool
    made_at_s: float


class Moving:
    """Prepares the picture of each beat in a thread of its own, so that no beat waits for it.

    Where the look is on a part of the picture alone, that is done here too, as both come from the same camera frame.

    It begins as late as its usual time allows, so that it sees the newest camera frame there is. One that is late all
    the same is shown a beat later. Where pictures cost more of the processor than they may, fewer are moved. It works
    only while it is asked: not in freeze, bypass, privacy or before a slate.

    Args:
        store: the live controls; those of motion, borrowing and region are read for every picture.
        styled: frames from the engine, with the camera frame each was made of.
        raw: captured frames, framed to the published size.
        width, height: published size, px.
        period_s: time between two beats.
        may_borrow: False forbids every look to draw from the camera's own frame.
        shared: whether the engine draws on this processor, so that it pays for what is done here.
        sample: a picture in the look of that name, for the colours outside of a region; None where there is none.
    """

    def __init__(
        self,
        *,
        store: ControlStore,
        styled: LatestFrame,
        raw: LatestFrame,
        width: int,
        height: int,
        period_s: float,
        may_borrow: bool = True,
        shared: Callable[[], bool] = lambda: True,
        sample: Callable[[str], Pixels | None] = lambda name: None,
    ) -> None:
        self._store, self._styled, self._raw = store, styled, raw
        self.region = Region(lambda: raw.latest, sample=sample, shared=shared)
        self._period_s = period_s
        self._permit = Permit(store, allowed=may_borrow)
        self._reprojector = Reprojector(width=width, height=height)
        self._thrift = Thrift(period_s, shared=shared)
        self._arrived: tuple[Frame, View | None] | None = None
        self._borrowed = self._draws_detail = False
        self._cost_s, self._spread_s = FIRST_LEAD_S, 0.0
        self._due_s: float | None = None
        self._called = threading.Event()
        self._stopping = False
        self._failing = False
        self._ready: Moved | None = None
        self._thread = threading.Thread(target=self._run, name="motion", daemon=True)

    def start(self) -> None:
        """Begin; nothing is done before `prepare`."""
        self._thread.start()

    def stop(self) -> None:
        """End; safe to call twice, and before `start`."""
        self._permit.end()
        self._stopping = True
        self._called.set()
        if self._thread.is_alive():
            self._thread.join(2.0)
        self.region.stop()

    @property
    def wanted(self) -> bool:
        """Whether the streamer wants motion between two pictures of the engine."""
        return self._store.current.controls.motion == "reproject"

    @property
    def region_told(self) -> str:
        """Why the look is on the whole picture although a part was asked for, for a person; "" otherwise."""
        if self._store.current.controls.region == "whole":
            return ""
        return self.region.told if self.wanted else NOT_MOVED

    def prepare(self, due_s: float | None) -> None:
        """Have a picture ready for the beat at `due_s` (monotonic); None: none is wanted, and what was is forgotten."""
        if due_s is None:
            self._ready = None
        if due_s is not None or self._due_s is not None:
            self._due_s = due_s
            self._called.set()

    def ready(self, styled: Frame, now_s: float, *, went_on: bool) -> Moved | None:
        """The newest picture that is ready; None where there is none that may stand for `styled`.

        Args:
            styled: the engine's newest frame.
            now_s: `time.monotonic()`.
            went_on: the beat before showed the look too, so that its picture may stay until the newest is moved.
        """
        moved = self._ready
        if moved is None or (moved.styled is not styled and not went_on):
            return None
        if moved.borrows and not (self._permit.holds_for(moved.styled) and self._permit.holds_for(styled)):
            return None
        behind = self._raw.latest is not moved.camera or moved.styled is not styled
        return None if behind and now_s - moved.made_at_s > STALE_S else moved

    def _run(self) -> None:
        while not self._stopping:
            self._called.wait()
            self._called.clear()
            due_s = self._due_s
            if due_s is None:
                self._forget()
                continue
            if not self._thrift.due():
                continue
            time.sleep(max(0.0, due_s - self._lead_s - time.monotonic()))
            self._work()

    @property
    def _lead_s(self) -> float:
        return min(max(self._cost_s + 2 * self._spread_s, 0.0) + LEAST_LEAD_S, MOST_OF_A_BEAT * self._period_s)

    def _work(self) -> None:
        began_s, spent_s = time.monotonic(), time.thread_time()
        try:
            moved = self._moved(began_s)
            moving_s = time.thread_time() - spent_s  # a region is asked for: it takes nothing from motion
            shown = self._on_its_region(*moved) if moved is not None else None
            self._failing = False
        except Exception:
            if not self._failing:
                log.exception("the picture could not be moved")
            self._failing = True
            self._forget()
            return
        ended_s = time.monotonic()
        if shown is None or self._due_s is None:
            return
        self._thrift.spent(moving_s, detail=self._draws_detail)
        self._ready = Moved(*shown, ended_s)
        off_s = ended_s - began_s - self._cost_s
        self._cost_s += off_s / 8
        self._spread_s += (abs(off_s) - self._spread_s) / 8

    def _moved(self, now_s: float) -> tuple[Pixels, Frame, Frame, bool] | None:
        styled, raw = self._styled.latest, self._raw.latest
        if styled is None or styled.source is None or raw is None:
            return None
        if styled.view and raw.view and styled.view.opening != raw.view.opening:
            # another source: until the engine has seen it, its last picture stays as it is
            self._forget()
            return None
        borrows = self._permit.holds_for(styled)
        if self._borrowed and not borrows:
            # a fade would carry what was borrowed into pictures that must not have it
            self._forget()
        self._borrowed = borrows
        self._arrive(styled, raw.view)
        detail = self._store.current.controls.detail if self._thrift.detail else 0.0
        self._draws_detail = borrows and detail > 0.0
        height, width = styled.pixels.shape[:2]
        small = shrunk_frames.of(raw, width, height)
        pixels = self._reprojector.picture(raw.pixels, small=small, detail=detail, borrow=borrows, now_s=now_s)
        return pixels, styled, raw, borrows

    def _on_its_region(
        self, pixels: Pixels, styled: Frame, raw: Frame, borrows: bool
    ) -> tuple[Pixels, Frame, Frame, bool]:
        shown = self.region.picture(pixels, raw, self._store.current.controls, may_borrow=borrows)
        return shown, styled, raw, borrows

    def _arrive(self, styled: Frame, view: View | None) -> None:
        """Give the reprojector a picture it has not seen, or the last one anew where the framing has changed."""
        before, self._arrived = self._arrived, (styled, view)
        if before is not None and before[0] is styled and before[1] == view:
            return
        assert styled.source is not None
        if before is not None and before[1] != view:
            self._reprojector.reset()
        if styled.view is None or view is None:
            self._reprojector.arrived(styled.pixels, styled.source)
        else:
            pictures = (reframed(picture, styled.view, view) for picture in (styled.pixels, styled.source))
            self._reprojector.arrived(*pictures)

    def _forget(self) -> None:
        self._ready = None
        self._arrived = None
        self._reprojector.reset()
        self.region.rest()
