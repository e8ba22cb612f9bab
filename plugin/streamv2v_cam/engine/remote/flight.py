"""Which pictures are on the line: the newest wins, at most two at a time, as large as the line carries."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

MOST = 2
"""Pictures on the line in one direction; what would be a third waits, and a newer one takes its place."""
BEST, WORST, FIRST = 92, 50, 85
"""JPEG quality: on a line with room to spare, on one without, and before anything is known."""
QUEUING_S, PASSING_S = 0.06, 0.02
"""Longer on the way than the shortest of late: so much is a queue somewhere, so little is none."""


class Flight:
    """One direction of a line, its sending side; `sent` and `arrived` may come from two threads.

    Attributes:
        quality: JPEG quality for the next picture, so that its bytes pass without waiting.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.quality = FIRST
        self._clock = clock
        self._out: deque[tuple[int, float]] = deque()
        self._ways_s: deque[float] = deque(maxlen=64)
        self._change = threading.Condition()

    def wait_room(self, timeout_s: float) -> bool:
        """Whether another picture may go; waits so long for room."""
        with self._change:
            return self._change.wait_for(lambda: len(self._out) < MOST, timeout_s)

    def sent(self, sequence: int) -> None:
        with self._change:
            self._out.append((sequence, self._clock()))

    def arrived(self, sequence: int) -> None:
        """The other side has that picture, and so all before it."""
        with self._change:
            while self._out and self._out[0][0] <= sequence:
                self._follow(self._clock() - self._out.popleft()[1])
            self._change.notify_all()

    def unanswered_s(self) -> float:
        """How long the oldest picture on the line has been there; 0 where there is none."""
        with self._change:
            return self._clock() - self._out[0][1] if self._out else 0.0

    def _follow(self, way_s: float) -> None:
        self._ways_s.append(way_s)
        over_s = way_s - min(self._ways_s)
        if over_s > QUEUING_S:
            self.quality = max(WORST, self.quality - 5)
        elif over_s < PASSING_S:
            self.quality = min(BEST, self.quality + 1)
