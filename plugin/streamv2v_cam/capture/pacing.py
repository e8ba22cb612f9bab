"""A steady beat for sources that have no clock of their own."""

from __future__ import annotations

import time


class Pacer:
    """Waits so that calls come `fps` times a second; after a delay it goes on from now, without a burst."""

    def __init__(self, fps: float) -> None:
        self._period_s = 1.0 / fps
        self._next_s: float | None = None

    def wait(self) -> float:
        """Sleep until the next beat; its time, `time.monotonic()` seconds."""
        now_s = time.monotonic()
        if self._next_s is None or now_s > self._next_s + self._period_s:
            self._next_s = now_s
        time.sleep(max(0.0, self._next_s - now_s))
        beat_s = self._next_s
        self._next_s += self._period_s
        return beat_s
