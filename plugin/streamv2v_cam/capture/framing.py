"""Framing: any picture becomes one of the published size; pure functions of pixels and numbers."""

from __future__ import annotations

import numpy as np

from ..frame import Pixels
from ..media.fitting import BAR_GREY
from ..system.opencv import cv2


def frame(
    pixels: Pixels,
    width: int,
    height: int,
    *,
    fit: str = "crop",
    zoom: float = 1.0,
    pan_x: float = 0.0,
    pan_y: float = 0.0,
    mirror: bool = False,
) -> Pixels:
    """Cut or letterbox `pixels` to `width` x `height`.

    Args:
        pixels: RGB uint8 `[H, W, 3]`, any size.
        width, height: of the result, in pixels.
        fit: "crop" fills the picture and cuts the rest, "fit" shows all of it with bars.
        zoom: 1..4; cuts into the picture around the point that the pans choose.
        pan_x, pan_y: -1..1 over what is cut away; -1 shows the left or top end, as it is on air.
        mirror: flip left and right.

    Returns:
        RGB uint8 `[height, width, 3]`, contiguous; `pixels` itself where nothing had to change.
    """
    left, top, cut_width, cut_height = crop_box(
        pixels.shape[1],
        pixels.shape[0],
        width,
        height,
        fit=fit,
        zoom=zoom,
        pan_x=-pan_x if mirror else pan_x,
        pan_y=pan_y,
    )
    whole = (cut_height, cut_width) == pixels.shape[:2]
    cut = pixels if whole else pixels[top : top + cut_height, left : left + cut_width]
    scale = min(width / cut_width, height / cut_height)
    inner_width = width if fit == "crop" else min(width, max(1, round(cut_width * scale)))
    inner_height = height if fit == "crop" else min(height, max(1, round(cut_height * scale)))
    if (cut_width, cut_height) != (inner_width, inner_height):
        cut = cv2.resize(cut, (inner_width, inner_height), interpolation=_interpolation(cut_width / inner_width))
    if (inner_width, inner_height) != (width, height):
        bars = np.full((height, width, 3), BAR_GREY, dtype=np.uint8)
        x, y = (width - inner_width) // 2, (height - inner_height) // 2
        bars[y : y + inner_height, x : x + inner_width] = cut
        cut = bars
    if mirror:
        cut = cv2.flip(cut, 1)
    return np.ascontiguousarray(cut)


def axes_of(
    source_width: int,
    source_height: int,
    width: int,
    height: int,
    *,
    fit: str = "crop",
    zoom: float = 1.0,
    pan_x: float = 0.0,
    pan_y: float = 0.0,
    mirror: bool = False,
) -> tuple[tuple[float, float], tuple[float, float]]:
    """What `frame` of the same arguments shows: (start, span) along x and along y, as in `View`."""
    left, top, cut_width, cut_height = crop_box(
        source_width, source_height, width, height, fit=fit, zoom=zoom, pan_x=-pan_x if mirror else pan_x, pan_y=pan_y
    )
    scale = min(width / cut_width, height / cut_height)
    axes = []
    for start, cut, source, size in ((left, cut_width, source_width, width), (top, cut_height, source_height, height)):
        inner = size if fit == "crop" else min(size, max(1, round(cut * scale)))
        per_pixel = cut / inner
        axes.append(((start - (size - inner) // 2 * per_pixel) / source, size * per_pixel / source))
    (x_start, x_span), y = axes
    return ((x_start + x_span, -x_span) if mirror else (x_start, x_span)), y


def _interpolation(shrink: float) -> int:
    """What resizes best: averaging areas costs four times as much and shows only where much gets lost."""
    if shrink > 2:
        return cv2.INTER_AREA
    return cv2.INTER_LINEAR if shrink > 1 else cv2.INTER_CUBIC


def crop_box(
    source_width: int,
    source_height: int,
    width: int,
    height: int,
    *,
    fit: str,
    zoom: float,
    pan_x: float,
    pan_y: float,
) -> tuple[int, int, int, int]:
    """Left, top, width and height in source pixels of the part that is shown; always inside the source."""
    cut_width, cut_height = float(source_width), float(source_height)
    if fit == "crop":
        cut_width = min(cut_width, source_height * width / height)
        cut_height = min(cut_height, source_width * height / width)
    whole_width = max(1, round(cut_width / zoom))
    whole_height = max(1, round(cut_height / zoom))
    left = round((source_width - whole_width) * (pan_x + 1) / 2)
    top = round((source_height - whole_height) * (pan_y + 1) / 2)
    return left, top, whole_width, whole_height
