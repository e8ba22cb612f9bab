"""SinkFeed: one sink in a thread of its own, so that a slow or dead one costs nobody else anything."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import SinkError
from ..frame import Pixels
from ..interfaces import Sink

NEWEST_DEPTH = 2
LATE_BEATS = 8
"""With so many beats waiting for a file every second new picture gives way to the one before it, with twice as many two
of three, and so on: a machine too busy to write them all costs smoothness, neither the recording nor its last seconds.
So at most some fifty different pictures wait; a repeated one takes no memory of its own, and next to no time."""
EVERY_FRAME_DEPTH = 1800
"""How many beats may wait for a file in all."""
FIRST_RETRY_S = 0.5
LONGEST_RETRY_S = 2.0
HUNG_S = 5.0
CLOSE_S = 3.0
FINISH_S = 30.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SinkStatus:
    """How one sink is doing.

    Attributes:
        name: for people.
        frames: pictures it took.
        dropped: pictures replaced by newer ones before it took them; for a file, by repeats of the one before.
        lost: why it takes none now, one line; None while it does.
        given_up: it will not be opened again.
        done: it took all it was meant to take and was closed.
    """

    name: str
    frames: int
    dropped: int
    lost: str | None
    given_up: bool
    done: bool


class SinkFeed:
    """Hands pictures to one sink.

    Args:
        sink: already open; None begins with `reopen`.
        reopen: opens it again after a loss, with growing pauses; None gives a lost sink up.
        name: how it is called before it was open.
        every_frame: a file: no beat may be left out. A queue that overflows is a loss.
        limit: close the sink after so many pictures.
    """

    def __init__(
        self,
        sink: Sink | None,
        *,
        reopen: Callable[[], Sink] | None = None,
        name: str = "sink",
        every_frame: bool = False,
        limit: int | None = None,
    ) -> None:
        self._sink, self._reopen = sink, reopen
        self._name = sink.name if sink is not None else name
        self._every_frame, self._limit = every_frame, limit
        self._change = threading.Condition()
        self._queue: deque[Pixels] = deque()
        self._stands = 0
        """Of a file: for how many beats the newest picture in the queue stands."""
        self._stopping = False
        self._frames = self._dropped = 0
        self._lost: str | None = None if sink is not None else f"The {name} is not open yet."
        self._given_up = False
        self._sending_since_s: float | None = None
        self.done = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"sink {self._name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def offer(self, pixels: Pixels, *, beats: int = 1, urgent: bool = False) -> None:
        """Take a picture without waiting.

        Args:
            pixels: RGB uint8 `[H, W, 3]`, not written to afterwards.
            beats: how many beats it stands for; a file gets it so many times, to keep wall-clock time.
            urgent: nothing older may be shown after this moment (privacy).
        """
        with self._change:
            if self._given_up or self.done.is_set() or self._stopping:
                return
            if not self._every_frame:
                if self._lost is None:
                    self._dropped += len(self._queue) if urgent else max(0, len(self._queue) + 1 - NEWEST_DEPTH)
                keep = 0 if urgent else NEWEST_DEPTH - 1
                while len(self._queue) > keep:
                    self._queue.popleft()
                self._queue.append(pixels)
            elif len(self._queue) + beats > EVERY_FRAME_DEPTH:
                self._lost = f"The {self._name} could not keep up and was ended after {self._frames} frames."
                self._given_up = True
                self._queue.clear()
            else:
                self._line_up(pixels, beats, urgent=urgent)
            self._change.notify()

    def _line_up(self, pixels: Pixels, beats: int, *, urgent: bool) -> None:
        """Put a picture, or in its place the one before it, at the end of a file's queue."""
        newest = self._queue[-1] if self._queue else None
        if (
            newest is not None
            and newest is not pixels
            and self._stands <= len(self._queue) // LATE_BEATS
            and not urgent
        ):
            if not self._dropped:
                log.warning(
                    "The %s cannot be written as fast as it comes; some of its pictures stand longer.", self._name
                )
            self._dropped += 1
            pixels = newest
        self._stands = self._stands + beats if pixels is newest else beats
        self._queue.extend([pixels] * beats)

    def stop(self) -> None:
        """Send what a file still has to get, close the sink; returns within a bounded time even if it hangs."""
        with self._change:
            self._stopping = True
            self._change.notify()
        if self._thread.is_alive():
            self._thread.join(FINISH_S if self._every_frame else CLOSE_S)

    @property
    def status(self) -> SinkStatus:
        lost, since_s = self._lost, self._sending_since_s
        if lost is None and since_s is not None and time.monotonic() - since_s > HUNG_S:
            lost = f"The {self._name} has taken no picture for {HUNG_S:g} s."
        return SinkStatus(self._name, self._frames, self._dropped, lost, self._given_up, self.done.is_set())

    @property
    def watched(self) -> bool | None:
        """Whether anybody takes what the sink is given; None where that cannot be seen. A file keeps every picture."""
        sink = self._sink
        if sink is None or self._given_up or self._stopping or self.done.is_set():
            return False
        return self._every_frame or getattr(sink, "watched", None)

    def _run(self) -> None:
        pause_s = FIRST_RETRY_S
        while (pixels := self._next()) is not None:
            try:
                if self._sink is None:
                    self._sink = self._open()
                    # Opening took its time: what was newest before may be what nobody should see any more.
                    newer = self._newer()
                    pixels = pixels if newer is None else newer
                self._send(self._sink, pixels)
                pause_s = FIRST_RETRY_S
                if self._limit is not None and self._frames >= self._limit:
                    break
            except SinkError as error:
                self._lose(str(error))
            except Exception as error:
                log.exception("sink failed")
                self._lose(f"The {self._name} failed: {error}")
            if self._lost is not None and not self._given_up:
                with self._change:
                    if not self._stopping:
                        self._change.wait_for(lambda: self._stopping, pause_s)
                pause_s = min(pause_s * 2, LONGEST_RETRY_S)
        self._finish()

    def _next(self) -> Pixels | None:
        """The next picture; None when it is time to end. A file first gets what is queued."""
        with self._change:
            self._change.wait_for(lambda: self._queue or self._stopping or self._given_up)
            if self._given_up or (self._stopping and not (self._every_frame and self._queue)):
                return None
            return self._queue.popleft()

    def _newer(self) -> Pixels | None:
        with self._change:
            return self._queue.pop() if self._queue and not self._every_frame else None

    def _open(self) -> Sink:
        if self._reopen is None:
            raise SinkError(f"The {self._name} is not open.")
        sink = self._reopen()
        self._name = sink.name
        return sink

    def _send(self, sink: Sink, pixels: Pixels) -> None:
        self._sending_since_s = time.monotonic()
        try:
            sink.send(pixels)
        finally:
            self._sending_since_s = None
        self._frames += 1
        if self._lost is not None and not self._given_up:
            log.warning("%s is back", self._name)
            self._lost = None

    def _lose(self, reason: str) -> None:
        if reason != self._lost:
            log.warning("sink lost: %s", reason)
        with self._change:
            self._lost = reason
            self._given_up = self._given_up or self._reopen is None
            if not self._every_frame:
                self._queue.clear()
        if self._sink is not None:
            with contextlib.suppress(Exception):
                self._sink.close()
            self._sink = None

    def _finish(self) -> None:
        if self._sink is not None:
            try:
                self._sink.close()
            except Exception as error:
                self._lost, self._given_up = str(error), True
            self._sink = None
        if self._lost is None:
            self.done.set()
