"""Sizes in pixels: the engine's for a clip of another shape, and what h264 can hold. Pure."""

from __future__ import annotations

CELL = 8
"""The engine's sizes are whole latent cells of 8 x 8 pixels."""
_LEAST, _MOST = 64, 2048


def engine_size(aspect: float, budget_width: int, budget_height: int) -> tuple[int, int]:
    """Width and height for the engine: the clip's aspect, about as many pixels as the budget.

    Args:
        aspect: displayed width over height of the clip.
        budget_width, budget_height: the size that was set; only its area counts.

    Returns:
        Multiples of 8 from 64 to 2048 whose aspect is nearest among those of about that area; a clip
        narrower or wider than 64 to 2048 can be is squeezed.
    """
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
