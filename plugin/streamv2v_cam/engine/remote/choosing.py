"""How pictures are written on a line: by what was asked for, what the other side reads, and what the line carries."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from .flight import Flight

CHOICES = ("auto", "jpeg", "h264", "raw")
"""What may be asked for; "auto" is JPEG, and H.264 while the line is too slow for it."""
SLOW_S, POOR = 0.012, 75
"""A JPEG that takes so long, or that must be as poor as this to pass, is for another line than this one."""
TRIAL_S, LONGEST_TRIAL_S = 60.0, 900.0
"""After so long in H.264 a JPEG is tried again; each time in vain doubles it."""


class CodecChoice:
    """Picks the codec of each picture in one direction.

    Args:
        asked: one of `CHOICES`.
        readable: codecs that the other side reads beside JPEG and raw.
        writable: codecs that this side writes beside them.
        flight: of that direction.
        clock: seconds, monotonic.

    Attributes:
        now: the codec of the next picture.
    """

    def __init__(
        self,
        asked: str,
        readable: Collection[str],
        writable: Collection[str],
        flight: Flight,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._asked, self._flight, self._clock = asked, flight, clock
        self._writable = set(writable)
        self._trial_s, self._since_s = TRIAL_S / 2, clock()
        self.now = "raw" if asked == "raw" else "jpeg"
        self.allow(readable)

    def allow(self, readable: Collection[str]) -> None:
        """The other side has said what it reads."""
        self._both = self._writable & set(readable)
        if self._asked == "h264" and "h264" in self._both:
            self._go("h264")

    def give_up(self) -> None:
        """H.264 cannot be written here after all."""
        self._both = set()
        if self.now == "h264":
            self._go("jpeg")

    def follow(self) -> str:
        """The codec of the next picture, after a look at the line."""
        if self._asked != "auto" or "h264" not in self._both:
            return self.now
        if self.now == "h264":
            if self._clock() - self._since_s > self._trial_s:
                self._go("jpeg")
        elif self._slow():
            # JPEG that had lasted for a while was no trial in vain
            lasted = self._clock() - self._since_s > TRIAL_S
            self._trial_s = TRIAL_S if lasted else min(LONGEST_TRIAL_S, 2 * self._trial_s)
            self._go("h264")
        return self.now

    def _slow(self) -> bool:
        carrying_s = self._flight.carrying_s()
        return carrying_s is not None and (carrying_s > SLOW_S or self._flight.quality <= POOR)

    def _go(self, codec: str) -> None:
        self.now, self._since_s = codec, self._clock()
        self._flight.begin_anew(wary=codec == "h264")
