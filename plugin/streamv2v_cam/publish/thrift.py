"""What motion may take of the processor: detail is left out, then every second picture, before the engine pays."""

from __future__ import annotations

from collections.abc import Callable

from streamv2v.tuning.autotune import usable_cores

MOST_SHARE = 0.07
"""Of all cores together, while the engine draws on the same ones."""
MOST_SHARE_BESIDE = 0.25
"""While it draws elsewhere, on a card."""
ROOM_TO_GROW = 0.85
"""More is drawn again only where it would take so much less than it may."""
LEAST_SAMPLES = 8
CALM_BEATS = 90
"""After a change more is drawn again no sooner than so many beats later."""
MOST_SKIPPED = 3
FORGOTTEN = 0.9997
"""Detail that is not drawn is thought a little cheaper at every beat: the load of the machine may have passed."""


class Thrift:
    """Decides for each beat, from what pictures have cost.

    Args:
        period_s: time between two beats.
        shared: whether the engine draws on this processor.
        cores: that this process may use; None counts them.
    """

    def __init__(self, period_s: float, *, shared: Callable[[], bool] = lambda: True, cores: int | None = None) -> None:
        self._period_s, self._shared, self._cores = period_s, shared, cores or usable_cores()
        self._plain_s = self._detail_s = 0.0
        self._samples, self._calm = 0, CALM_BEATS
        self._beat = 0
        self.every, self.detail = 1, False

    def due(self) -> bool:
        """Whether a picture is moved for this beat; ask once a beat."""
        self._beat += 1
        return self._beat % self.every == 0

    def spent(self, cost_s: float, *, detail: bool) -> None:
        """A picture was moved, with detail or without, and took so much of a core's time."""
        if detail:
            self._detail_s += (max(0.0, cost_s - self._plain_s) - self._detail_s) / 8
        else:
            self._plain_s += (cost_s - self._plain_s) / (8 if self._samples else 1)
            self._detail_s *= FORGOTTEN
        self._samples += 1
        if self._samples >= LEAST_SAMPLES:
            self._choose()

    def _choose(self) -> None:
        share = MOST_SHARE if self._shared() else MOST_SHARE_BESIDE
        may_s = share * self._cores * self._period_s
        ways = [(1, True), *((every, False) for every in range(1, MOST_SKIPPED + 1))]
        now = ways.index((self.every, self.detail))
        self._calm += 1
        for number, (every, detail) in enumerate(ways):
            cost_s = (self._plain_s + (self._detail_s if detail else 0.0)) / every
            if cost_s <= may_s * (ROOM_TO_GROW if number < now else 1.0):
                break
        else:
            number = len(ways) - 1
        if number > now or (number < now and self._calm >= CALM_BEATS):
            (self.every, self.detail), self._calm = ways[number], 0
