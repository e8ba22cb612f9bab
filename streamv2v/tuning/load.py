"""What other programs take of the machine, and when that has changed for long enough to try things anew."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

CHANGE_CORES = 0.6
"""Less than that is how one and the same load wanders."""
SAMPLE_S = 2.0
STEADY = 3
"""Samples in a row that have to tell of a change: a page that opens is none."""
PAUSE_S = 45.0
"""Between two changes that are told; a load that comes and goes faster is not followed."""


class Others:
    """How many cores others have kept busy since this was made.

    Args:
        busy_s: seconds that all cores together have worked since some moment; None where that is not known, which
            counts as nothing.
        clock: seconds.
    """

    def __init__(self, busy_s: Callable[[], float] | None, clock: Callable[[], float] = time.perf_counter) -> None:
        self._busy_s, self._clock = busy_s or self._own_s, clock
        self._began = self._now()

    def cores(self) -> float:
        busy_s, own_s, clock_s = (now - then for now, then in zip(self._now(), self._began, strict=True))
        return max(0.0, busy_s - own_s) / clock_s if clock_s > 0 else 0.0

    def _now(self) -> tuple[float, float, float]:
        return self._busy_s(), self._own_s(), self._clock()

    @staticmethod
    def _own_s() -> float:
        times = os.times()
        return times.user + times.system


class LoadWatch:
    """Tells when others' load has become another one.

    Args:
        busy_s, clock: as in `Others`.

    Attributes:
        cores: the load that holds at present; None before the first sample.
    """

    def __init__(self, busy_s: Callable[[], float], clock: Callable[[], float] = time.perf_counter) -> None:
        self.cores: float | None = None
        self._busy_s, self._clock = busy_s, clock
        self._sample, self._sampled_s = Others(busy_s, clock), clock()
        self._told_s = clock()
        self._differing: list[float] = []

    def changed(self) -> bool:
        """Whether the load has changed since the last time this was true; call it as often as you like."""
        if self._clock() - self._sampled_s < SAMPLE_S:
            return False
        cores = self._sample.cores()
        self._sample, self._sampled_s = Others(self._busy_s, self._clock), self._clock()
        if self.cores is None:
            self.cores = cores
        if abs(cores - self.cores) <= CHANGE_CORES:
            self._differing = []
            return False
        self._differing.append(cores)
        if len(self._differing) < STEADY or self._clock() - self._told_s < PAUSE_S:
            return False
        self.cores, self._told_s = sum(self._differing[-STEADY:]) / STEADY, self._clock()
        self._differing = []
        return True
