"""Two forms of one network tried on the frames on air, and the faster one kept.

Both give the same picture to rounding, so a trial costs nothing that anybody sees: calls are answered by one and the
other in turns, and timed. What is measured is what counts, this machine under the load of this moment.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

GAIN = 0.05
"""The other form has to be that much faster than the one in use, as a share: so two alike never change places."""
CALLS = 9
"""Timed calls of each form; the first of each is not counted."""


class TrialOnAir:
    """A network in the running one's place that finds out by itself which of two forms answers.

    Args:
        plain: the form that there was.
        other: the form that may be faster.
        use: "plain" or "other" where the answer is known; "" tries.
        takes: whether the other form answers a call by itself; one that it hands on is no measure.
        clock: seconds.

    Attributes:
        used: the form in use, or the one that a trial has to beat.
        times_ms: what the last trial found, median of each form; empty before its end.
        failed: why the other form is not used any more; "" while it can be.
    """

    def __init__(
        self,
        plain: Callable[..., Any],
        other: Callable[..., Any],
        *,
        use: str = "",
        takes: Callable[..., bool] = lambda *args, **kwargs: True,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._forms, self._clock = {"plain": plain, "other": other}, clock
        self.used, self._takes = use or "plain", takes
        self.times_ms: dict[str, float] = {}
        self.failed = ""
        self._taken: dict[str, list[float]] | None = None if use else {"plain": [], "other": []}

    @property
    def trying(self) -> bool:
        """Whether a trial runs."""
        return self._taken is not None

    def again(self) -> None:
        """Try anew, as when the load of the machine has changed."""
        if not self.failed:
            self._taken = {"plain": [], "other": []}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Answered by one form. An error of the other form is answered by the plain one, which then stays."""
        if self._taken is not None and not self._takes(*args, **kwargs):
            return self._forms["plain"](*args, **kwargs)
        taken = self._taken
        name = self.used if taken is None else min(taken, key=lambda form: len(taken[form]))
        began_s = self._clock()
        try:
            found = self._forms[name](*args, **kwargs)
        except Exception as error:
            if name == "plain":
                raise
            self.failed, self.used, self._taken = f"{type(error).__name__}: {error}"[:200], "plain", None
            return self._forms["plain"](*args, **kwargs)
        if taken is not None:
            taken[name].append((self._clock() - began_s) * 1000)
            if all(len(times) > CALLS for times in taken.values()):
                self._decide(taken)
        return found

    def _decide(self, taken: dict[str, list[float]]) -> None:
        self.times_ms = {name: statistics.median(times[1:]) for name, times in taken.items()}
        best = min(self.times_ms, key=lambda name: self.times_ms[name])
        if self.times_ms[best] < self.times_ms[self.used] * (1 - GAIN):
            self.used = best
        self._taken = None
