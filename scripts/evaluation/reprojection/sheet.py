"""What viewers saw, for people: the ways side by side at moments of much motion, and as a video."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from .imitation import Shown

MOMENTS = 4
APART = 6
"""Frames between two of them, at least."""


def side_by_side(
    path: Path, frames: Sequence[np.ndarray], styled: Sequence[np.ndarray], seen: Mapping[str, Shown]
) -> None:
    """A sheet: a row for each of the moments of most motion, columns camera, oracle and the ways."""
    rows = []
    for number in moments(frames, next(iter(seen.values())).first):
        rows.append(np.hstack(list(_columns(number, frames, styled, seen))))
    heading = np.full((24, rows[0].shape[1], 3), 255, np.uint8)
    width = frames[0].shape[1]
    for place, name in enumerate(("camera", "every frame styled", *seen)):
        cv2.putText(heading, name, (place * width + 6, 17), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (40, 40, 40), 1, cv2.LINE_AA)
    if not cv2.imwrite(str(path), np.vstack([heading, *rows])[..., ::-1]):
        raise OSError(f"{path} could not be written.")


def video(
    path: Path, frames: Sequence[np.ndarray], styled: Sequence[np.ndarray], seen: Mapping[str, Shown], fps: float
) -> None:
    """The same columns for every frame."""
    first = next(iter(seen.values())).first
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001), options={"crf": "20"})
        height, width = frames[0].shape[:2]
        stream.width, stream.height = (2 + len(seen)) * width // 2 * 2, height // 2 * 2
        stream.pix_fmt = "yuv420p"
        for number in range(first, len(frames)):
            row = np.hstack(list(_columns(number, frames, styled, seen)))
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(row[: stream.height, : stream.width]))
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))


def _columns(
    number: int, frames: Sequence[np.ndarray], styled: Sequence[np.ndarray], seen: Mapping[str, Shown]
) -> Iterator[np.ndarray]:
    yield frames[number]
    yield styled[number]
    for shown in seen.values():
        yield shown.pictures[number - shown.first]


def moments(frames: Sequence[np.ndarray], first: int, *, most: int = MOMENTS) -> list[int]:
    """Up to `most` frames before which most has moved, from number `first` on, no two of them close together."""
    change = {n: float(np.abs(frames[n].astype(int) - frames[n - 3]).mean()) for n in range(max(first, 3), len(frames))}
    chosen: list[int] = []
    for number in sorted(change, key=lambda n: -change[n]):
        if all(abs(number - other) > APART for other in chosen):
            chosen.append(number)
        if len(chosen) == most:
            break
    return sorted(chosen)
