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
    """Each frame with the number of beats of a constant rate nearest to which it is shown; 0 leaves it out.

    Args:
        frames: in order of time.
        time_base: seconds per tick.
        rate: beats per second.
    """
    beat = 0
    origin: int | None = None
    for frame in frames:
        if origin is None:
            # a start within the first beat is the stream's own delay, and no reason to show the first frame twice
            origin = frame.pts if 0 < frame.pts * time_base * rate < 1 else 0
        # halves go up: a frame that begins a little before or after its beat is that beat's
        end = int((frame.pts - origin + frame.duration) * time_base * rate + Fraction(1, 2))
        count = max(0 if beat else 1, end - beat)
        beat += count
        yield frame.item, count
