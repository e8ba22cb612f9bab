"""Telemetry: what was counted and timed on the way of the frames, in bounded memory."""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from operator import itemgetter
from typing import Any

import numpy as np

from .frame import Frame

RATE_WINDOW_S = 2.0
TIMING_WINDOW_S = 10.0
RING_LENGTH = 1200
HISTOGRAM_MS = 20_000


@dataclass(frozen=True)
class TelemetrySnapshot:
    """All figures at one moment. Rates are per second, times in milliseconds; nan-free, 0 means none yet.

    Attributes:
        uptime_s: since the telemetry began.
        capture_fps, engine_fps, publish_fps: frames over the last two seconds (or the whole run).
        captured, styled, published: frames since the start.
        captured_dropped: captured frames the engine never saw, because a newer one replaced them.
        repeated: published pictures that had been published before (or were a slate).
        late: beats of the publisher that were missed.
        engine_ms: median time of the engine for one frame.
        latency_p50_ms, latency_p95_ms, latency_p99_ms: camera to air, looks only: how late what moves is seen.
            Where the picture was moved to a newer camera frame, that frame counts.
        look_p50_ms, look_p95_ms: from the camera frame that was styled to the first picture of it on air.
        interval_p50_ms, interval_p99_ms, interval_p999_ms, interval_max_ms: between two published pictures; of 99.9 %,
            and the longest.
    """

    uptime_s: float
    capture_fps: float
    engine_fps: float
    publish_fps: float
    captured: int
    styled: int
    published: int
    captured_dropped: int
    repeated: int
    late: int
    engine_ms: float
    latency_p50_ms: float
    latency_p95_ms: float
    latency_p99_ms: float
    look_p50_ms: float
    look_p95_ms: float
    interval_p50_ms: float
    interval_p99_ms: float
    interval_p999_ms: float
    interval_max_ms: float

    @property
    def intervals_ms(self) -> dict[str, float]:
        """Those between two published pictures by their names: p50, p99, p999, max."""
        found = self.interval_p50_ms, self.interval_p99_ms, self.interval_p999_ms, self.interval_max_ms
        return dict(zip(("p50", "p99", "p999", "max"), found, strict=True))

    def as_dict(self) -> dict[str, Any]:
        """Plain numbers, ready for JSON; times and rates rounded to two places."""
        return {name: round(value, 2) if isinstance(value, float) else value for name, value in asdict(self).items()}


class _Timing:
    """Durations in ms: a ring for the last seconds, a histogram of 1 ms bins for the whole run."""

    def __init__(self) -> None:
        self._ring: deque[tuple[float, float]] = deque(maxlen=RING_LENGTH)
        self._bins = np.zeros(HISTOGRAM_MS + 1, dtype=np.int64)

    def add(self, now_s: float, value_ms: float) -> None:
        self._ring.append((now_s, value_ms))
        self._bins[min(max(round(value_ms), 0), HISTOGRAM_MS)] += 1

    def seen(self, now_s: float, *, whole_run: bool) -> list[float] | np.ndarray:
        """The durations of the last seconds, or how many of the whole run fell into each bin."""
        if whole_run:
            return self._bins.copy()
        ring = list(self._ring)
        return [value_ms for _, value_ms in ring[bisect_right(ring, now_s - TIMING_WINDOW_S, key=itemgetter(0)) :]]


def _percentiles(seen: list[float] | np.ndarray, ranks: tuple[float, ...]) -> list[float]:
    """Of what `_Timing.seen` gave; 0 where that is nothing."""
    if isinstance(seen, np.ndarray):
        total = int(seen.sum())
        places = [rank / 100 * total for rank in ranks]
        return np.searchsorted(np.cumsum(seen), places).astype(float).tolist() if total else [0.0] * len(ranks)
    # np.percentile takes ten times as long for a few hundred values, and this is asked for all the time
    places = [rank / 100 * (len(seen) - 1) for rank in ranks]
    return np.interp(places, range(len(seen)), sorted(seen)).tolist() if seen else [0.0] * len(ranks)


class _Rate:
    """Counts events; their rate over the last two seconds or since the first."""

    def __init__(self) -> None:
        self._ring: deque[float] = deque(maxlen=RING_LENGTH)
        self._first_s: float | None = None
        self.total = 0

    def add(self, now_s: float) -> None:
        if self._first_s is None:
            self._first_s = now_s
        self._ring.append(now_s)
        self.total += 1

    def fps(self, now_s: float, *, whole_run: bool) -> float:
        if self._first_s is None:
            return 0.0
        age_s = now_s - self._first_s
        if whole_run:
            return (self.total - 1) / (self._ring[-1] - self._first_s) if self.total > 1 else 0.0
        window_s = min(RATE_WINDOW_S, max(age_s, 0.1))
        ring = list(self._ring)
        return (len(ring) - bisect_right(ring, now_s - window_s)) / window_s


class Telemetry:
    """Counts and times, fed by the threads on a frame's way; every method is cheap and thread-safe.

    Args:
        clock: seconds, monotonic; the one the frames' `captured_at_s` comes from.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._lock = threading.Lock()
        self._clock = clock
        self._began_s = clock()
        self._capture, self._engine, self._publish = _Rate(), _Rate(), _Rate()
        self._engine_ms, self._latency, self._look, self._interval = _Timing(), _Timing(), _Timing(), _Timing()
        self._shown: tuple[Frame | None, Frame | None] = (None, None)
        self._last_published_s: float | None = None
        self._dropped = self._repeated = self._late = 0

    def captured(self) -> None:
        """A source gave a picture."""
        with self._lock:
            self._capture.add(self._clock())

    def captured_dropped(self, count: int = 1) -> None:
        """`count` captured frames were replaced by newer ones before the engine took them."""
        with self._lock:
            self._dropped += count

    def engine_finished(self, frame: Frame, engine_ms: float) -> None:
        """The engine gave back `frame`, styled, after working `engine_ms` on it."""
        with self._lock:
            now_s = self._clock()
            self._engine.add(now_s)
            self._engine_ms.add(now_s, engine_ms)

    def published(self, frame: Frame | None, *, repeated: bool, late: int = 0, camera: Frame | None = None) -> None:
        """One beat of the publisher.

        Args:
            frame: the styled frame on air; None for the camera's own picture, a still, a slate or the cover.
            repeated: the same picture was on air the beat before.
            late: beats missed just before this one.
            camera: the newer camera frame that the styled one was moved to; None where it was not moved.
        """
        with self._lock:
            now_s = self._clock()
            self._publish.add(now_s)
            if self._last_published_s is not None:
                self._interval.add(now_s, (now_s - self._last_published_s) * 1000)
            self._last_published_s = now_s
            self._repeated += repeated
            self._late += late
            if frame is None:
                return
            moment = camera or frame
            shown, self._shown = self._shown, (frame, moment)
            if moment is not shown[1] and not repeated:
                self._latency.add(now_s, (now_s - moment.captured_at_s) * 1000)
            if frame is not shown[0]:
                self._look.add(now_s, (now_s - frame.captured_at_s) * 1000)

    def snapshot(self, *, whole_run: bool = False) -> TelemetrySnapshot:
        """The figures now: over the last seconds, or (for a summary) over the whole run to 1 ms."""
        timings = self._latency, self._look, self._interval, self._engine_ms
        with self._lock:
            # Nothing is worked out in here: the publisher's beat waits for this lock.
            now_s = self._clock()
            seen = [timing.seen(now_s, whole_run=whole_run) for timing in timings]
            rates = [rate.fps(now_s, whole_run=whole_run) for rate in (self._capture, self._engine, self._publish)]
            counts = self._capture.total, self._engine.total, self._publish.total
            dropped, repeated, late = self._dropped, self._repeated, self._late
        latency = _percentiles(seen[0], (50, 95, 99))
        look = _percentiles(seen[1], (50, 95))
        interval = _percentiles(seen[2], (50, 99, 99.9, 100))
        return TelemetrySnapshot(
            uptime_s=now_s - self._began_s,
            capture_fps=rates[0],
            engine_fps=rates[1],
            publish_fps=rates[2],
            captured=counts[0],
            styled=counts[1],
            published=counts[2],
            captured_dropped=dropped,
            repeated=repeated,
            late=late,
            engine_ms=_percentiles(seen[3], (50,))[0],
            latency_p50_ms=latency[0],
            latency_p95_ms=latency[1],
            latency_p99_ms=latency[2],
            look_p50_ms=look[0],
            look_p95_ms=look[1],
            interval_p50_ms=interval[0],
            interval_p99_ms=interval[1],
            interval_p999_ms=interval[2],
            interval_max_ms=interval[3],
        )
