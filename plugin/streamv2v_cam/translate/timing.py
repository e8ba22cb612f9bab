"""When each picture of a clip is shown: its own time, or the beats of a constant rate. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True)
class Timed(Generic[Item]):
    """Something with its time.

    Attributes:
        item: the picture.
        pts: when it is shown, in ticks.
        duration: how long, in ticks.
    """

    item: Item
    pts: int
    duration: int


def at_rate(frames: Iterable[Timed[Item]], time_base: Fraction, rate: Fraction) -> Iterator[tuple[Item, int]]:
    """Each frame with the number of beats of a constant rate at which it is the newest; 0 leaves it out.

    Args:
        frames: in order of time.
        time_base: seconds per tick.
        rate: beats per second.
    """
    beat = 0
    for frame in frames:
        end_s = (frame.pts + frame.duration) * time_base
        count = 0
        while beat / rate < end_s:
            beat, count = beat + 1, count + 1
        yield frame.item, count
