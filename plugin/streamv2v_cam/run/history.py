"""History: the last minutes in figures and the last events in words, so that a page opened later sees the past."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from ..telemetry import TelemetrySnapshot
from .news import BAD, Event, Sight, news

LOOK_S = 0.25
PERIOD_S = 2.0
LENGTH = 300
"""Samples kept: ten minutes."""
EVENTS = 10
NAMES = ("styled_fps", "motion_ms", "look_ms", "late", "host_mb", "engine_mb")
"""What each sample holds beside its state: styled pictures a second; delays of what moves and of a drawing, ms, None
where no look was on air; beats missed since the sample before; memory of both processes, MB, None where there is
none."""
NOTHING = (None,) * len(NAMES)

log = logging.getLogger(__name__)


class History:
    """Looks at a run several times a second, in a thread of its own, and keeps what it saw in bounded memory.

    Args:
        sight: how the run is; quick.
        figures: of the last seconds.
        engine_pid: the engine's process; None while there is none.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        sight: Callable[[], Sight],
        figures: Callable[[], TelemetrySnapshot],
        engine_pid: Callable[[], int | None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sight, self._figures, self._engine_pid, self._clock = sight, figures, engine_pid, clock
        self._lock = threading.Lock()
        self._before = Sight()
        self._events: deque[tuple[float, Event]] = deque(maxlen=EVENTS)
        self._samples: deque[tuple[int, str, tuple[float | None, ...]]] = deque(maxlen=LENGTH)
        self._number, self._sampled_s, self._late = 0, clock(), 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="history", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Safe to call twice, or before `start`."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(2.0)

    def look(self) -> None:
        """Look once: what is new becomes an event; every two seconds the figures become a sample."""
        sight, now_s = self._sight(), self._clock()
        found = list(news(self._before, sight))
        sample = self._sample() if now_s >= self._sampled_s + PERIOD_S else None
        with self._lock:
            self._before = sight
            for event in found:
                self._tell(now_s, event)
            if sample is not None:
                # a machine that slept, or a program that was stopped: nothing is known of that time
                for _ in range(min(LENGTH, int((now_s - self._sampled_s) / PERIOD_S) - 1)):
                    self._keep("", NOTHING)
                self._sampled_s = now_s
                self._keep(str(sight.state or ""), sample)

    def _keep(self, state: str, sample: tuple[float | None, ...]) -> None:
        self._number += 1
        self._samples.append((self._number, state, sample))

    def _tell(self, now_s: float, event: Event) -> None:
        """Keep an event; one of those troubles that have gone on since takes the place it had before."""
        troubles = list(itertools.takewhile(lambda told: told[1].kind == BAD, reversed(self._events)))
        for told in troubles:
            if told[1] == event:
                self._events.remove(told)
        self._events.append((now_s, event))

    def told(self, after: int = 0) -> dict[str, Any]:
        """The past, plain values.

        Args:
            after: number of the last sample that is known already; 0 for all of them.

        Returns:
            period_s between two samples; number of the newest; state and each of `NAMES`: lists, oldest first, without
            state and values for a time in which the program stood still; age_s of the newest; events, oldest first,
            each with age_s, kind and text.
        """
        with self._lock:
            now_s = self._clock()
            # a page that knows a larger number has it from an earlier run
            known = after if after <= self._number else 0
            samples = [sample for sample in self._samples if sample[0] > known]
            events = [
                {"age_s": round(now_s - at_s, 1), "kind": event.kind, "text": event.text}
                for at_s, event in self._events
            ]
            return {
                "period_s": PERIOD_S,
                "length": LENGTH,
                "number": self._number,
                "age_s": round(now_s - self._sampled_s, 1),
                "state": [state for _, state, _ in samples],
                **{name: [values[place] for _, _, values in samples] for place, name in enumerate(NAMES)},
                "events": events,
            }

    def _sample(self) -> tuple[float | None, ...]:
        figures = self._figures()
        late, self._late = figures.late - self._late, figures.late
        return (
            round(figures.engine_fps, 1),
            round(figures.latency_p50_ms) or None,
            round(figures.look_p50_ms) or None,
            late,
            _memory_mb(None),
            _memory_mb(pid) if (pid := self._engine_pid()) is not None else None,
        )

    def _run(self) -> None:
        failing = False
        while not self._stopping.wait(LOOK_S):
            try:
                self.look()
                failing = False
            except Exception:
                if not failing:
                    log.exception("the last minutes are not kept")
                failing = True


def _memory_mb(pid: int | None) -> int | None:
    """Resident memory of a process, of this one for None."""
    import psutil

    try:
        return psutil.Process(pid).memory_info().rss >> 20
    except psutil.Error:
        return None
