"""The size inside the engine: the shape of the picture on air, at about as many pixels as its model is quick with."""

from __future__ import annotations

EMBEDDED_SIZE, OTHER_SIZE = (336, 192), (576, 320)
EMBEDDED_STEP, OTHER_STEP = 16, 64
"""px; the deepest layers of a U-Net see whole tokens only at such sizes."""
LEAST, MOST = 64, 2048


def engine_size(
    model: str, published: tuple[int, int], width: int | None = None, height: int | None = None
) -> tuple[int, int]:
    """Width and height inside the engine, px.

    Args:
        model: "embedded" or another.
        published: width and height on air, px; a face that is squeezed into another shape has its outlines smeared.
        width, height: what a person asked for; the one that is missing follows the shape.
    """
    size, step = (EMBEDDED_SIZE, EMBEDDED_STEP) if model == "embedded" else (OTHER_SIZE, OTHER_STEP)
    if width is not None and height is not None:
        return width, height
    aspect = published[0] / published[1]
    if height is not None:
        return _whole(height * aspect, step), height
    if width is not None:
        return width, _whole(width / aspect, step)
    longer = max(aspect, 1 / aspect)
    long = _whole((size[0] * size[1] * longer) ** 0.5, step)
    short = _whole(long / longer, step)
    return (long, short) if aspect >= 1 else (short, long)


def _whole(pixels: float, step: int) -> int:
    return min(MOST, max(LEAST, round(pixels / step) * step))
