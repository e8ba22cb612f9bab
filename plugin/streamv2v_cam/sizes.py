"""Sizes in pixels: the engine's for a picture of any shape, and what h264 can hold. Pure."""

from __future__ import annotations

import re
from pathlib import PurePath

CELL = 8
"""The engine's sizes are whole latent cells of 8 x 8 pixels."""
EMBEDDED_SIZE = (336, 192)
OTHER_SIZE = (576, 320)
SDXL_SIZE = (680, 384)
"""As many pixels as SDXL-Turbo was made for; fewer than other models of its family would like."""
_LEAST, _MOST = 64, 2048
# nobody sees a circle that is 2 % wider than high, and what was tried and compiled for the usual size stays in use
_ROUND_ENOUGH = 0.02


def usual_size(model: str) -> tuple[int, int]:
    """Width and height a model has where nothing else was asked, px; its area is what a machine is thought to carry."""
    if model == "embedded":
        return EMBEDDED_SIZE
    # nothing but its name is known of a model of the hub
    return SDXL_SIZE if re.search(r"sdxl|xl(?![a-z])", PurePath(model).name.lower()) else OTHER_SIZE


def size_for(model: str, aspect: float, width: int | None = None, height: int | None = None) -> tuple[int, int]:
    """Width and height inside the engine, px: what was given, and what was not from the shape of the picture.

    Args:
        model: its usual area counts where neither side was given.
        aspect: displayed width over height of the picture.
        width, height: what was asked for, px; None follows the aspect.
    """
    if width and height:
        return width, height
    if width:
        return width, _bounded(round(width / aspect / CELL) * CELL)
    if height:
        return _bounded(round(height * aspect / CELL) * CELL), height
    return engine_size(aspect, *usual_size(model))


def engine_size(aspect: float, budget_width: int, budget_height: int) -> tuple[int, int]:
    """Width and height for the engine: the picture's aspect, about as many pixels as the budget.

    Args:
        aspect: displayed width over height of the picture.
        budget_width, budget_height: the usual size. It is kept, or turned, where its shape is within 2 %;
            otherwise only its area counts.

    Returns:
        Multiples of 8 from 64 to 2048 whose aspect is nearest among those of about that area; a picture
        narrower or wider than 64 to 2048 can be is squeezed.
    """
    for width, height in ((budget_width, budget_height), (budget_height, budget_width)):
        if abs(width / height / aspect - 1) <= _ROUND_ENOUGH:
            return width, height
    area = budget_width * budget_height
    ideal = (area * aspect) ** 0.5
    best: tuple[float, int, int] | None = None
    for cells in range(max(1, int(ideal * 0.9) // CELL), int(ideal * 1.1) // CELL + 2):
        width = _bounded(cells * CELL)
        height = _bounded(round(width / aspect / CELL) * CELL)
        # 1 % of wrong shape weighs as much as 4 % of wrong area: a stretched face shows, a few pixels do not
        error = 4 * abs(width / height / aspect - 1) + abs(width * height / area - 1)
        if best is None or error < best[0]:
            best = (error, width, height)
    assert best is not None
    return best[1], best[2]


def even(width: int, height: int) -> tuple[int, int]:
    """The next even size: h264 in 4:2:0 halves the colours in both directions."""
    return width + width % 2, height + height % 2


def _bounded(side: int) -> int:
    return min(_MOST, max(_LEAST, side))
