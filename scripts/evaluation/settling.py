"""How long a change of prompt in mid-stream can be seen: frames until the picture is that of the new prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from streamv2v import Controls

TOLERANCE = 0.1
"""Settled: within this share of the way between the two looks from where the distance ends up."""
MOST_LEFT = 0.5
"""A stream whose distance ends up at more than this share of that between the looks has not settled at all."""
LEAST_APART = 1.0
"""Looks that differ by less, in grey levels, say nothing about a change."""


@dataclass(frozen=True)
class Settling:
    """A change of prompt, seen from outside.

    Attributes:
        frames: pictures handed out after the change that are not settled yet; None where the looks hardly differ.
        settled: False where it never came near; `frames` is all there were then.
        apart: distance of the two looks before the change, mean absolute, grey levels.
        floor: distance in the end: what stays because the two streams remember different pasts, grey levels.
        per_frame: distance of each picture handed out, from the one of the change on.
    """

    frames: int | None
    settled: bool
    apart: float
    floor: float
    per_frame: list[float]


def changed_stream(
    engine: Any, frames: Sequence[np.ndarray], old: Controls, new: Controls, *, at: int, fps: float
) -> list[np.ndarray]:
    """The clip with look `old` and, from frame `at` on, `new`; exactly one picture of each frame, in order."""
    engine.reset()
    pictures = [engine(frame, new if n >= at else old, now_s=n / fps) for n, frame in enumerate(frames)]
    return pictures[engine.delay_frames :] + engine.flush(new)


def settling(pictures: Sequence[np.ndarray], target: Sequence[np.ndarray], *, at: int, delay: int) -> Settling:
    """Compare a changed stream with one that had the new prompt from the start; both frame-aligned.

    Args:
        pictures, target: picture n of frame n, uint8 `[H, W, 3]`.
        at: frame with which the prompt changed.
        delay: frames a picture comes out later than it went in: the first picture handed out after the change is
            that of frame at - delay.
    Raises:
        ValueError: different lengths, or nothing before or after the change.
    """
    if len(pictures) != len(target):
        raise ValueError(f"Two streams of one length are wanted; found {len(pictures)} and {len(target)} pictures.")
    first = max(0, at - delay)
    gaps = [
        float(np.abs(one.astype(np.float32) - other.astype(np.float32)).mean())
        for one, other in zip(pictures, target, strict=True)
    ]
    if first < 1 or len(gaps) - first < 4:
        raise ValueError(f"A change needs frames before and after it; found it at {at} of {len(gaps)} frames.")
    apart, after = float(np.mean(gaps[:first])), gaps[first:]
    floor = float(np.median(after[-max(2, len(after) // 4) :]))
    limit = floor + TOLERANCE * max(0.0, apart - floor)
    late = [number for number, gap in enumerate(after) if gap > limit]
    frames = late[-1] + 1 if late else 0
    settled = frames < len(after) and floor <= MOST_LEFT * apart
    told = apart >= LEAST_APART
    return Settling((frames if settled else len(after)) if told else None, settled, apart, floor, after)
