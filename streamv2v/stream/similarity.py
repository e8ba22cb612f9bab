"""Is this frame still, or another scene? Cheap, deterministic answers from the uint8 picture on the host.

Unlike the stochastic similarity filter of StreamDiffusion (arXiv:2312.12491, section 3.5), which
compares whole frames and draws lots, this one looks block by block, so that a small moving mouth
counts, and always answers the same for the same frames.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..frames import Pixels

BLOCK = 16
"""Side of a block, px of the incoming frame."""
BINS = 32


def block_change(frame: Pixels, other: Pixels) -> float:
    """Largest mean absolute difference of any block, grey levels 0..255; infinite for other shapes."""
    if frame.shape != other.shape:
        return float("inf")
    difference = np.abs(_luma(frame) - _luma(other))
    rows = np.add.reduceat(difference, np.arange(0, difference.shape[0], BLOCK), axis=0)
    sums = np.add.reduceat(rows, np.arange(0, difference.shape[1], BLOCK), axis=1)
    heights = np.minimum(BLOCK, difference.shape[0] - np.arange(0, difference.shape[0], BLOCK))
    widths = np.minimum(BLOCK, difference.shape[1] - np.arange(0, difference.shape[1], BLOCK))
    return float((sums / np.outer(heights, widths)).max())


def histogram_change(histogram: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Total variation of two luma histograms, 0 (same) .. 1 (nothing in common)."""
    return float(np.abs(histogram - other).sum() / 2)


def luma_histogram(frame: Pixels) -> NDArray[np.float64]:
    """Shares of 32 luma levels on every fourth pixel, `[32]`, sum 1."""
    counts, _ = np.histogram(_luma(frame[::4, ::4]), bins=BINS, range=(0, 256))
    return counts / counts.sum()


def _luma(frame: Pixels) -> NDArray[np.float32]:
    return frame @ np.array([0.299, 0.587, 0.114], dtype=np.float32)


class StillFilter:
    """Says when the last picture may be repeated because nothing moved.

    A still frame is only skipped once every slot holds it: the frames in flight have come out before
    the stream rests, and the picture that is repeated is that of the still frame itself. The
    reference is the last frame that was processed, so slow drift adds up and is seen.

    Args:
        delay_frames: frames in flight behind the newest.
    """

    def __init__(self, delay_frames: int) -> None:
        self._delay_frames = delay_frames
        self._reference: Pixels | None = None
        self._still_frames = 0

    def may_repeat(self, frame: Pixels, threshold: float) -> bool:
        """Whether `frame` needs no processing; otherwise it is the new reference.

        Args:
            threshold: largest block change that counts as still, grey levels; 0 switches the filter off.
        """
        if threshold <= 0:
            self.forget()
            return False
        if self._reference is None or block_change(frame, self._reference) > threshold:
            self._reference, self._still_frames = frame.copy(), 0
            return False
        self._still_frames += 1
        return self._still_frames > self._delay_frames

    def forget(self) -> None:
        """The next frame is processed, whatever it shows."""
        self._reference, self._still_frames = None, 0


class SceneCut:
    """Sees cuts between consecutive frames by their luma histograms."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._last: NDArray[np.float64] | None = None

    def seen(self, frame: Pixels) -> bool:
        """Whether `frame` starts another scene than the frame before it."""
        if self._threshold <= 0:
            return False
        histogram = luma_histogram(frame)
        last, self._last = self._last, histogram
        return last is not None and histogram_change(histogram, last) > self._threshold

    def forget(self) -> None:
        """The next frame is not compared with the one before it."""
        self._last = None
