"""One picture on its way through the program."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""RGB picture, uint8 0..255, `[H, W, 3]`, C-contiguous."""


@dataclass(frozen=True)
class View:
    """Which part of which source a framed picture shows.

    Attributes:
        opening: counts the openings of sources; two views of different openings show different things.
        x, y: (start, span) along an axis: a place of 0..1 in the picture shows the place start + span * place of the
            source, 0..1 as well. Mirrored, the span is below 0.
    """

    opening: int
    x: tuple[float, float]
    y: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Frame:
    """A picture with its number and the time it was taken.

    Attributes:
        pixels: RGB uint8 `[H, W, 3]`; never written to after the frame was made.
        index: counts up by one per captured frame, from 0.
        captured_at_s: `time.monotonic()` when the source gave it.
        source: of a styled picture, the camera frame it was made of as the engine saw it, of the same size; None
            of a captured frame, and where it is not known.
        view: what of the source the captured frame showed; None where it is not known.
    """

    pixels: Pixels
    index: int
    captured_at_s: float
    source: Pixels | None = None
    view: View | None = None
