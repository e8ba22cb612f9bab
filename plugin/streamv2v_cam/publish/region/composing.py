"""Look and outside in one picture, band by band: only where one goes over into the other anything is computed."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

from ...frame import Pixels
from ...system.opencv import cv2
from .edges import Edge
from .networks import Field

Window = tuple[slice, slice]
"""Rows and columns of the published picture."""
Outside = Callable[[Window], Pixels]
"""Gives that part of the picture outside of the region, RGB uint8; not written to."""

BANDS = 18
LEAST_CALM = 8
"""Columns of the mask; fewer between two that change are not worth a step of their own."""
MARGIN = np.ones((5, 5), np.uint8)
LEAST_CHANGE = 0.02
"""Where shares nearby differ by less, and are next to 0 or 1, they are one of the two."""


def composed(look: Pixels, outside: Outside, edge: Edge, newest: Pixels) -> Pixels:
    """`look` where the share is 1, `outside` where it is 0, both between.

    Args:
        look: RGB uint8 `[H, W, 3]`, not written to.
        outside: of the same size.
        edge: how the region ends, at any smaller size.
        newest: the camera's frame, RGB uint8 `[H, W, 3]`.

    Returns:
        RGB uint8 `[H, W, 3]`; `look` itself where it is everywhere.
    """
    height, width = look.shape[:2]
    rows, columns = edge.share.shape
    low, high = cv2.erode(edge.share, MARGIN), cv2.dilate(edge.share, MARGIN)
    if float(low.min()) > 1.0 - LEAST_CHANGE:
        return look
    soft = ((high > LEAST_CHANGE) & (low < 1.0 - LEAST_CHANGE)).astype(np.uint8)
    answer = look.copy()
    for top, bottom in _bands(rows):
        band = slice(top * height // rows, bottom * height // rows)
        middle = edge.share[(top + bottom) // 2]
        for left, right, changes in _runs(soft[top:bottom].any(axis=0)):
            x = slice(left * width // columns, right * width // columns)
            if changes:
                share = _share(edge, newest, (band, x))
                # OpenCV darkens where two weights do not make exactly 1
                answer[band, x] = cv2.blendLinear(look[band, x], outside((band, x)), share, np.float32(1.0) - share)
            elif middle[(left + right) // 2] < 0.5:
                answer[band, x] = outside((band, x))
    return answer


def _bands(rows: int) -> list[tuple[int, int]]:
    many = min(BANDS, rows)
    return [(number * rows // many, (number + 1) * rows // many) for number in range(many)]


def _runs(soft: np.ndarray) -> list[tuple[int, int, bool]]:
    """The columns in turn: first, one behind the last, and whether shares change there; short calm ones are joined."""
    steps = np.flatnonzero(np.diff(soft.astype(np.int8))) + 1
    bounds = [0, *steps.tolist(), soft.size]
    runs: list[tuple[int, int, bool]] = []
    for left, right in itertools.pairwise(bounds):
        changes = bool(soft[left]) or (left > 0 and right < soft.size and right - left < LEAST_CALM)
        if runs and runs[-1][2] == changes:
            left = runs.pop()[0]
        runs.append((left, right, changes))
    return runs


def _share(edge: Edge, newest: Pixels, window: Window) -> Field:
    """The share of the look in a part of the published picture, drawn to the edges of the camera's."""
    height, width = newest.shape[:2]
    rows, columns = edge.slope.shape
    down, across = rows / height, columns / width
    y, x = window[0].start, window[1].start
    size = (window[1].stop - x, window[0].stop - y)
    # as resizing the whole would: the middles of pixels lie half a pixel inside
    place = np.array([[across, 0.0, (x + 0.5) * across - 0.5], [0.0, down, (y + 0.5) * down - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    slope, offset = (
        cv2.warpAffine(field, place, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        for field in (edge.slope, edge.offset)
    )
    grey = cv2.cvtColor(newest[window], cv2.COLOR_RGB2GRAY)
    share = cv2.add(cv2.multiply(slope, grey, dtype=cv2.CV_32F), offset)
    return np.clip(share, 0.0, 1.0, out=share)
