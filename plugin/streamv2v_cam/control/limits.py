"""How much may be asked: a bucket that fills at a steady rate and is emptied by requests."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


class Bucket:
    """Lets `burst` requests pass at once and `rate` a second for good.

    Args:
        rate: requests a second.
        burst: requests at once, after a pause.
        clock: seconds, monotonic.
    """

    def __init__(self, rate: float, burst: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._left, self._at_s = burst, clock()

    def take(self) -> bool:
        """Whether one more may pass."""
        now_s = self._clock()
        self._left = min(self._burst, self._left + (now_s - self._at_s) * self._rate)
        self._at_s = now_s
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


@dataclass(frozen=True)
class Limits:
    """The buckets of one server, for all who ask together.

    Attributes:
        changes: changes of live values with the token, by request or WebSocket; a dragged slider needs 60 a second.
        saving: what is written to disk or opens a device.
        reading: everything that only reads, with the token.
        strangers: requests that bring no valid token to where one is needed, and exchanges of tickets.
    """

    changes: Bucket = field(default_factory=lambda: Bucket(1000, 2000))
    saving: Bucket = field(default_factory=lambda: Bucket(4, 60))
    reading: Bucket = field(default_factory=lambda: Bucket(500, 1000))
    strangers: Bucket = field(default_factory=lambda: Bucket(10, 50))
