"""Whether an engine process is at work, slow, or hanging; and whether it was the host that stood still."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

USUAL_FRAMES = 32
SLOW_TIMES = 4.0
BUSY_TIMES = 10.0
IDLE_SHARE = 0.03
HOST_GAP_S = 1.0


@dataclass(frozen=True)
class Patience:
    """How long an engine may stay silent before it counts as hanging, in seconds.

    Attributes:
        load_s: while it loads, and for its first frame (which may compile); each step of progress counts anew.
        hang_s: afterwards, for a process that takes no processor time; stretched to four times its slowest frame of
            late, since a big model is only slow. One that computes, or is starved by other programs, has ten times it.
    """

    load_s: float = 600.0
    hang_s: float = 3.0


class Heartbeat:
    """Watches one engine process.

    Args:
        patience: how long it may be silent.
        cpu_s: seconds of processor time that it has taken so far.
        clock: seconds, monotonic.
    """

    def __init__(
        self, patience: Patience, cpu_s: Callable[[], float], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._patience, self._cpu_s, self._clock = patience, cpu_s, clock
        self._frames_s: deque[float] = deque(maxlen=USUAL_FRAMES)
        self._frames = 0
        self._heart_s = 0.0
        self._looked_s = clock()
        self._marked_cpu_s: float | None = None
        self._beat_s = self._looked_s

    def beat(self) -> None:
        """It gave a sign of life."""
        self._beat_s, self._marked_cpu_s = self._clock(), None

    def frame(self, seconds: float) -> None:
        """It finished a frame in so many seconds."""
        if self._frames == 1:
            # the first one may have compiled and says nothing about the later ones
            self._frames_s.clear()
        self._frames_s.append(seconds)
        self._frames += 1

    def silent_s(self, heart_s: float) -> float | None:
        """How long it has been silent, if that is too long; None while it is not. To be asked several times a second.

        Args:
            heart_s: the stamp of its main loop.
        """
        now_s = self._clock()
        gap_s, self._looked_s = now_s - self._looked_s, now_s
        if heart_s != self._heart_s or gap_s > HOST_GAP_S:
            # the stamp moved; or this process was stopped itself, and nobody knows what the engine did meanwhile
            self._heart_s = heart_s
            self.beat()
            return None
        silent_s = now_s - self._beat_s
        if self._marked_cpu_s is None:
            self._marked_cpu_s = self._cpu_s()
        if not self._frames:
            return silent_s if silent_s > self._patience.load_s else None
        allowed_s = max(self._patience.hang_s, SLOW_TIMES * max(self._frames_s))
        if silent_s <= allowed_s:
            return None
        idle = self._cpu_s() - self._marked_cpu_s < IDLE_SHARE * silent_s
        return silent_s if idle or silent_s > BUSY_TIMES * allowed_s else None


def processor_seconds(pid: int | None) -> float:
    """Seconds of processor time that the process has taken; 0 for one that is not there."""
    import psutil

    with contextlib.suppress(psutil.Error):
        times = psutil.Process(pid).cpu_times()
        return times.user + times.system
    return 0.0
