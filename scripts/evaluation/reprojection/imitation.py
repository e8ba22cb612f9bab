"""A live run imitated: an engine of a given rate and delay, and a publisher that has a way with what it gets."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

try:
    from streamv2v_cam.publish.motion import Reprojector
except ImportError as error:  # the library can be had without the program
    raise ImportError("The reprojection bench needs the program's package; run `pip install -e .` first.") from error

WAYS = ("hold", "reproject", "reproject+borrow")


@dataclass(frozen=True)
class EnginePace:
    """How an engine keeps up.

    Attributes:
        rate: styled pictures a second.
        late_s: from a camera frame to its styled picture; None: one engine period, as an engine without a queue has.
    """

    rate: float
    late_s: float | None = None

    @property
    def delay_s(self) -> float:
        return 1.0 / self.rate if self.late_s is None else self.late_s

    def schedule(self, frames: int, fps: float) -> list[int | None]:
        """For each camera frame the newest one that is styled by then; None before the first.

        Raises:
            ValueError: nothing would ever be styled, or the clip is over before anything is.
        """
        if not self.rate > 0 or self.delay_s < 0:
            raise ValueError(f"An engine of {self.rate:g} pictures/s, {self.delay_s:g} s late: neither may be below 0.")
        taken = [int(number * fps / self.rate + 1e-6) for number in range(int(frames * self.rate / fps) + 1)]
        done = [(frame, frame + self.delay_s * fps - 1e-6) for frame in taken if frame < frames]
        answer = [max((frame for frame, at in done if at <= now), default=None) for now in range(frames)]
        if answer[-1] is None:
            raise ValueError(
                f"A clip of {frames} frames is over before an engine of {self.rate:g} pictures/s that is "
                f"{self.delay_s:g} s late has given one; take a longer clip or a quicker engine."
            )
        return answer


class Shown(NamedTuple):
    """What viewers saw.

    Attributes:
        first: number of the first camera frame at which there was a picture.
        pictures: one for each camera frame from there on, RGB uint8 `[H, W, 3]`.
        arrivals: frames at which a new styled picture was there, the very first left out.
        processor_ms: mean processor time of one picture.
    """

    first: int
    pictures: list[np.ndarray]
    arrivals: list[int]
    processor_ms: float


def imitate(
    frames: list[np.ndarray],
    styled: list[np.ndarray],
    fps: float,
    pace: EnginePace,
    way: str,
    *,
    size: tuple[int, int] | None = None,
    detail: float = 0.0,
) -> Shown:
    """Publish a clip live.

    Args:
        frames: the camera's, RGB uint8 `[H, W, 3]`.
        styled: what the engine makes of each of them, RGB uint8 `[h, w, 3]`.
        fps: of the camera and of what is published.
        way: one of `WAYS`.
        size: published width and height, px; the engine's unless given.
        detail: share of the camera's fine structure added, 0..1, where borrowing is allowed.
    """
    schedule = pace.schedule(len(frames), fps)
    publish = _way(way, size or (styled[0].shape[1], styled[0].shape[0]), detail)
    first = next(number for number, newest in enumerate(schedule) if newest is not None)
    pictures, arrivals = [], []
    began_s = time.thread_time()
    for now in range(first, len(frames)):
        newest = schedule[now]
        assert newest is not None
        arrived = now == first or newest != schedule[now - 1]
        if arrived and now > first:
            arrivals.append(now)
        pictures.append(publish(frames[now], (styled[newest], frames[newest]) if arrived else None, now / fps))
    spent_s = time.thread_time() - began_s
    return Shown(first, pictures, arrivals, 1000 * spent_s / len(pictures))


Publish = Callable[[np.ndarray, tuple[np.ndarray, np.ndarray] | None, float], np.ndarray]


def _way(way: str, size: tuple[int, int], detail: float) -> Publish:
    """`publish(newest frame, arrival, now_s)` -> picture."""
    if way not in WAYS:
        raise ValueError(f"There is no way {way!r} of publishing; there are {', '.join(WAYS)}.")
    reprojector = Reprojector(width=size[0], height=size[1])

    def reproject(frame: np.ndarray, arrival: tuple[np.ndarray, np.ndarray] | None, now_s: float) -> np.ndarray:
        if arrival is not None:
            reprojector.arrived(*arrival)
        return reprojector.picture(frame, detail=detail, borrow=way == "reproject+borrow", now_s=now_s)

    held: list[np.ndarray] = []

    def hold(frame: np.ndarray, arrival: tuple[np.ndarray, np.ndarray] | None, now_s: float) -> np.ndarray:
        if arrival is not None:
            reprojector.reset()
            reprojector.arrived(*arrival)
            # A picture asked for at its own camera frame is the styled picture itself, enlarged as ever.
            held[:] = [reprojector.picture(arrival[1], borrow=False, now_s=now_s)]
        return held[0]

    return hold if way == "hold" else reproject
