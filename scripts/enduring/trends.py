"""Whether a figure grows: its slope by least squares over the means of equal stretches, and the bound of that. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

STRETCHES = 10
"""Neighbours in time are alike; the means of so few stretches are as good as independent."""
STUDENT = 2.306
"""Of a two-sided bound of 95 % with STRETCHES - 2 = 8 degrees of freedom."""


@dataclass(frozen=True)
class Trend:
    """How a figure goes.

    Attributes:
        slope: a minute.
        bound: of the slope, on both sides, with 95 % confidence.
        allowed: what may be called flat, a minute.
        step: the one change between two neighbours without which it would be flat; 0 where no single one makes it so.
    """

    slope: float
    bound: float
    allowed: float
    step: float = 0.0

    @property
    def verdict(self) -> str:
        """ "flat" where even the upper bound is within what is allowed, "grows" where even the lower is above it.

        What is fetched once, when it is first asked for, grows once: that is said, and is not called growing.
        """
        if self.step:
            return f"one step of {self.step:.1f}, flat beside it"
        if self.slope + self.bound <= self.allowed:
            return "flat"
        return "grows" if self.slope - self.bound > self.allowed else "not told: too short a run"


def trend(minutes: Sequence[float], values: Sequence[float], allowed: float) -> Trend:
    """The trend of values, each taken at a time in minutes.

    Raises:
        ValueError: fewer values than stretches.
    """
    if len(values) < STRETCHES:
        raise ValueError(f"a trend needs {STRETCHES} values, not {len(values)}")
    found = _fitted(minutes, values, allowed)
    if found.verdict != "grows":
        return found
    level = np.asarray(values, dtype=float).copy()
    changes = np.diff(level)
    where = int(changes.argmax())
    level[where + 1 :] -= changes[where]
    without = _fitted(minutes, level, allowed)
    return replace(found, step=float(changes[where])) if without.verdict == "flat" else found


def _fitted(minutes: Sequence[float], values: Sequence[float] | np.ndarray, allowed: float) -> Trend:
    times = np.array([part.mean() for part in np.array_split(np.asarray(minutes, dtype=float), STRETCHES)])
    means = np.array([part.mean() for part in np.array_split(np.asarray(values, dtype=float), STRETCHES)])
    away = times - times.mean()
    spread = float((away**2).sum())
    slope = float((away * (means - means.mean())).sum() / spread)
    rest = means - means.mean() - slope * away
    error = float(np.sqrt((rest**2).sum() / (STRETCHES - 2) / spread))
    return Trend(slope, STUDENT * error, allowed)
