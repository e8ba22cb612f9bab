"""CaptureThread: keeps the newest framed picture coming, whatever the source does."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from ..errors import SourceError
from ..frame import Frame, Pixels, View
from ..interfaces import Source
from ..store import ControlStore
from ..telemetry import Telemetry
from .cameras import CameraInfo
from .framing import axes_of, frame

FIRST_RETRY_S = 0.5
LONGEST_RETRY_S = 2.0
"""A camera that is back should be on air soon, and a failed try costs next to nothing."""
LOOK_S = 0.1
STOOD_STILL_S = 1.0
"""A look at the source that comes later than this was held up by more than a busy machine."""
CLOSE_S = 2.0

log = logging.getLogger(__name__)


class FrameSlot(Protocol):
    """Where captured frames go: a `Mailbox[Frame]`, or anything else with its `put`."""

    def put(self, item: Frame, /) -> None: ...


class CaptureThread:
    """Reads a source, frames its pictures to the published size and puts them into a slot.

    A source that is lost is closed and opened again, for ever, with growing pauses. Each opened source is
    read in a thread of its own, which is given up when it hangs: no device can hold up `stop()`.

    Args:
        open: opens the source; called again after each loss (`SourceOpener` finds the same camera).
        store: the live controls; framing follows them from the next picture on.
        width, height: published size.
        mailbox: takes each `Frame`; must not block.
        telemetry: counts captured frames.
        hang_s: without a picture for so long, the source counts as lost.
        open_s: the same for the first picture; cameras may take long to open.

    Attributes:
        lost_reason: why there is no picture, one line; None while there is one or before the first try ended.
        ended: set when a source that has an end reached it.
        source_name: what is being read, for people; empty before it opened.
        camera: the one that the newest picture is of; None where that is no camera.
    """

    def __init__(
        self,
        open: Callable[[], Source],
        *,
        store: ControlStore,
        width: int,
        height: int,
        mailbox: FrameSlot,
        telemetry: Telemetry,
        hang_s: float = 10.0,
        open_s: float = 30.0,
    ) -> None:
        self._open = open
        self._framer = _Framer(store, width, height)
        self._mailbox = mailbox
        self._telemetry = telemetry
        self._hang_s, self._open_s = hang_s, open_s
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._switching = threading.Event()
        self._resting, self._let_go = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)
        self._index = 0
        self.lost_reason: str | None = None
        self.ended = threading.Event()
        self.source_name = ""
        self.camera: CameraInfo | None = None

    def start(self) -> None:
        """Begin; returns at once, the source is opened in the background."""
        self._thread.start()

    def stop(self) -> None:
        """End within a few seconds, even when the source hangs; safe to call twice."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(CLOSE_S + 1.0)

    def switch(self, open: Callable[[], Source]) -> None:
        """Go over to another source; the last picture stays on air until the new one gives its first.

        A source that rests is replaced, and rests on.
        """
        self._open = open
        self.ended.clear()
        self._switching.set()
        self._wake.set()

    def rest(self) -> None:
        """Let go of the source until `wake`; returns once no picture comes any more, after a few seconds at most."""
        self._let_go.clear()
        self._resting.set()
        self._wake.set()
        self._let_go.wait(CLOSE_S + 1.0)

    def wake(self) -> None:
        """Open the source again after a rest; returns at once."""
        self._resting.clear()
        self._wake.set()

    @property
    def resting(self) -> bool:
        """Whether the source was let go of: whether it could be read is not known then."""
        return self._resting.is_set()

    @property
    def _unwanted(self) -> bool:
        """Whether what is being read is not to be read any further."""
        return self._stopping.is_set() or self._switching.is_set() or self._resting.is_set()

    def _run(self) -> None:
        pause_s = FIRST_RETRY_S
        while not self._stopping.is_set():
            self._switching.clear()
            if self._resting.is_set():
                self.lost_reason = None
                self._let_go.set()
                self._sleep(None)
                continue
            self._framer.opening += 1
            reading = _Reading(self._open, self._take)
            self._watch(reading)
            reached_end = reading.finished and reading.error is None
            hung = not (reading.finished or self._unwanted)
            reading.give_up(wait_s=0.0 if hung else CLOSE_S)
            if self._unwanted:
                pause_s = FIRST_RETRY_S
                continue
            if reached_end:
                self.ended.set()
                self._sleep(None)
                continue
            reason = reading.error or self._silence(reading)
            if reason != self.lost_reason:
                # before the first picture the run itself tells the person, and may end
                log.log(logging.WARNING if self._index else logging.INFO, "source lost: %s", reason)
            self.lost_reason = reason
            if reading.pictures:
                pause_s = FIRST_RETRY_S
            self._sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_RETRY_S)

    def _watch(self, reading: _Reading) -> None:
        """Until the reading ends, hangs, or is no longer wanted."""
        silence = Silence()
        while not (reading.finished or self._unwanted):
            allowance_s = self._hang_s if reading.pictures else self._open_s
            if silence.seconds(reading.last_sign_s, time.monotonic()) > allowance_s:
                return
            reading.done.wait(LOOK_S)
            self.source_name = reading.name or self.source_name

    def _silence(self, reading: _Reading) -> str:
        if reading.pictures:
            return f"The {reading.name} has been silent for {self._hang_s:g} s."
        return f"The source did not open within {self._open_s:g} s."

    def _sleep(self, seconds: float | None) -> None:
        """Wait until it is time, or until stop or switch; None waits for those alone."""
        if not (self._stopping.is_set() or self._switching.is_set()):
            self._wake.wait(seconds)
        self._wake.clear()

    def _take(self, pixels: Pixels, source: Source) -> None:
        captured_at_s = time.monotonic()
        self._telemetry.captured()
        framed, view = self._framer(pixels)
        self._mailbox.put(Frame(framed, self._index, captured_at_s, view=view))
        self._index += 1
        self.lost_reason = None
        self.source_name, self.camera = source.name, getattr(source, "camera", None)


class Silence:
    """How long a source has given no sign; what passed while this program itself stood still does not count."""

    def __init__(self) -> None:
        self._sign_s: float | None = None
        self._looked_s = 0.0
        self._seconds = 0.0

    def seconds(self, sign_s: float, now_s: float) -> float:
        """To be asked several times a second.

        Args:
            sign_s: when the source last gave a sign, seconds of the monotonic clock.
            now_s: of the same clock.

        Returns:
            Seconds since that sign; a program that was stopped (a closed lid, Ctrl-Z) has missed a second at most.
        """
        if sign_s != self._sign_s:
            self._sign_s, self._looked_s, self._seconds = sign_s, sign_s, 0.0
        self._seconds += min(now_s - self._looked_s, STOOD_STILL_S)
        self._looked_s = now_s
        return self._seconds


class _Reading:
    """One opening of a source and the thread that reads it until it ends, breaks or is given up."""

    def __init__(self, open: Callable[[], Source], take: Callable[[Pixels, Source], None]) -> None:
        self._open, self._take = open, take
        self._lock = threading.Lock()
        self._given_up = False
        self.done = threading.Event()
        self.name = ""
        self.error: str | None = None
        self.pictures = 0
        self.last_sign_s = time.monotonic()
        self._thread = threading.Thread(target=self._read_all, name="source", daemon=True)
        self._thread.start()

    @property
    def finished(self) -> bool:
        return self.done.is_set()

    def give_up(self, *, wait_s: float) -> None:
        """No picture is taken from here on; a source that answers is closed, one that hangs is left behind."""
        with self._lock:
            self._given_up = True
        self._thread.join(wait_s)

    def _read_all(self) -> None:
        source: Source | None = None
        try:
            source = self._open()
            self.name = source.name
            while (pixels := source.read()) is not None:
                with self._lock:
                    if self._given_up:
                        return
                    self._take(pixels, source)
                self.pictures += 1
                self.last_sign_s = time.monotonic()
        except SourceError as error:
            self.error = str(error)
        except Exception as error:
            log.exception("source failed")
            self.error = f"The source failed: {error}"
        finally:
            if source is not None:
                with contextlib.suppress(Exception):
                    source.close()
            self.done.set()


class _Framer:
    """Framing with the controls of the moment; a picture that repeats is framed once."""

    def __init__(self, store: ControlStore, width: int, height: int) -> None:
        self._store, self._width, self._height = store, width, height
        self._key: Any = None
        self._source: Pixels | None = None
        self._framed: tuple[Pixels, View] | None = None
        self.opening = 0

    def __call__(self, pixels: Pixels) -> tuple[Pixels, View]:
        controls = self._store.current.controls
        how: dict[str, Any] = dict(
            fit=controls.fit, zoom=controls.zoom, pan_x=controls.pan_x, pan_y=controls.pan_y, mirror=controls.mirror
        )
        if self._framed is None or pixels is not self._source or how != self._key:
            axes = axes_of(pixels.shape[1], pixels.shape[0], self._width, self._height, **how)
            self._framed = frame(pixels, self._width, self._height, **how), View(self.opening, *axes)
            self._source, self._key = pixels, how
        return self._framed
