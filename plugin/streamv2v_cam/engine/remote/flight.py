"""Which pictures are on the line: the newest wins, at most two of them wait, as large as the line carries."""

from __future__ import annotations

import statistics
import threading
import time
from collections import deque
from collections.abc import Callable

MOST = 2
"""Pictures on the line in one direction beside those that its own delay holds; what would be one more waits, and a
newer one takes its place."""
FAR_MOST = 16
"""All pictures on the line, however long it is."""
BEST, WORST, FIRST = 92, 50, 85
"""Quality: on a line with room to spare, on one without, and before anything is known."""
QUEUING_S, PASSING_S, DOWN = 0.06, 0.02, 5
"""Longer on the way than the shortest of late: so much is a queue somewhere and costs quality, so little is none."""
WARY = (0.03, 0.015, 4)
"""The same on a line that is known to be slow."""
RATE_S, LOOKED_AT = 0.5, 24


class Flight:
    """One direction of a line, its sending side; `sent` and `arrived` may come from two threads.

    Args:
        round_trip_s: how long a few bytes take there and back, 0 while that is not known.
        clock: seconds, monotonic.

    Attributes:
        quality: for the next picture, `WORST`..`BEST`, so that its bytes pass without waiting.
    """

    def __init__(
        self, round_trip_s: Callable[[], float] = lambda: 0.0, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.quality = FIRST
        self._round_trip_s, self._clock = round_trip_s, clock
        self._queuing_s, self._passing_s, self._down = QUEUING_S, PASSING_S, DOWN
        self._out: deque[tuple[int, float]] = deque()
        self._ways_s: deque[float] = deque(maxlen=64)
        self._arrivals_s: deque[float] = deque(maxlen=64)
        self._change = threading.Condition()

    def wait_room(self, timeout_s: float) -> bool:
        """Whether another picture may go; waits so long for room."""
        with self._change:
            return self._change.wait_for(lambda: len(self._out) < self._most(), timeout_s)

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

    def carrying_s(self) -> float | None:
        """What a picture of late takes longer than a few bytes, the middle one of two dozen; None before that many."""
        with self._change:
            round_trip_s = self._round_trip_s()
            if len(self._ways_s) < LOOKED_AT or not round_trip_s:
                return None
            return max(0.0, statistics.median(list(self._ways_s)[-LOOKED_AT:]) - round_trip_s)

    def begin_anew(self, *, wary: bool) -> None:
        """Pictures are written in another way from now on: what was seen of those before says nothing.

        Args:
            wary: the line is known to be slow.
        """
        with self._change:
            self._queuing_s, self._passing_s, self._down = WARY if wary else (QUEUING_S, PASSING_S, DOWN)
            self.quality = FIRST
            self._ways_s.clear()

    def _most(self) -> int:
        # what a long line holds between its ends is under way and waits for nobody
        now_s = self._clock()
        span_s = max(RATE_S, 2 * self._round_trip_s())
        rate = sum(at_s > now_s - span_s for at_s in self._arrivals_s) / span_s
        return min(FAR_MOST, MOST + round(rate * self._round_trip_s()))

    def _follow(self, way_s: float) -> None:
        self._arrivals_s.append(self._clock())
        self._ways_s.append(way_s)
        over_s = way_s - min(self._ways_s)
        if over_s > self._queuing_s:
            self.quality = max(WORST, self.quality - self._down)
        elif over_s < self._passing_s:
            self.quality = min(BEST, self.quality + 1)
