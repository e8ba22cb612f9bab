"""What other programs take of the machine, seen from a program that has child processes."""

from __future__ import annotations

import contextlib
import time


class OtherPrograms:
    """Asked again and again: how many cores others have kept busy since the last time."""

    def __init__(self) -> None:
        self._before = self._now()

    def __call__(self) -> float:
        before, self._before = self._before, self._now()
        busy_s, own_s, clock_s = (now - then for now, then in zip(self._before, before, strict=True))
        return max(0.0, busy_s - own_s) / clock_s if clock_s > 0 else 0.0

    @staticmethod
    def _now() -> tuple[float, float, float]:
        """Seconds that all cores worked, that this program and its children worked, and of the clock."""
        import psutil

        times = psutil.cpu_times()
        resting = times.idle + getattr(times, "iowait", 0.0)
        # the time of guests is in that of their users already
        busy_s = sum(times) - resting - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
        own_s = 0.0
        host = psutil.Process()
        for process in (host, *host.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                spent = process.cpu_times()
                own_s += spent.user + spent.system
        return busy_s, own_s, time.monotonic()
