"""Matching in a window: a source is compared with destinations near its own place, not with all of them.

What a token looks like moves little between two frames, so its best match is near. The picture's grid of
tokens is cut into tiles; all sources of a tile are compared, in one matrix product, with the
destinations of the tile and of a margin of `window` tokens on every side, and with a few from all over
the picture for what has moved far. That is O(N k) for k candidates in place of O(N^2).

It needs one destination at every place, so that places stay what they are: of the two tokens of a place,
the bank's and the current frame's, one is drawn as destination and the other is the source
(`place_split`). The merged bank then has its token j at place j again, and no places need be kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

TILE = 8
"""Tokens a side of a tile: its products are large enough for a matrix unit, its margin not too much of them."""
GLOBAL = 64
"""Destinations from all over the picture that every source is compared with."""


class Windows(NamedTuple):
    """Index tables of one grid; constant, made once.

    sources: the tiles' sources, `[tiles, S]`.
    candidates: the destinations each tile is compared with, `[tiles, k]`.
    slot: where a source's result lies among the tiles', `[N]`.
    """

    sources: Tensor
    candidates: Tensor
    slot: Tensor


def place_split(rows: int, tokens: int, *, generator: torch.Generator | None, device: torch.device) -> Tensor:
    """An order of 2N positions for each row, `[B, 2N]` int64, in which source j and destination j share a place.

    Which of place j's tokens, j or N + j, is the destination is drawn at random.
    """
    place = torch.arange(tokens // 2, device=device)
    drawn = torch.rand(rows, tokens // 2, generator=generator, device=generator.device if generator else device)
    later = (drawn < 0.5).to(device, torch.int64)
    half = tokens // 2
    return torch.cat([place + half * later, place + half * (1 - later)], dim=1)


def candidates_of(grid: tuple[int, int], window: int) -> int:
    """How many destinations a source is compared with; N where the windows would hold as many as all."""
    height, width = grid
    near = min(height, TILE + 2 * window) * min(width, TILE + 2 * window)
    return min(height * width, near + GLOBAL)


def window_tables(grid: tuple[int, int], window: int, device: torch.device) -> Windows:
    """The tables for a grid (h, w) of tokens and a margin of `window` tokens."""
    height, width = grid
    index = torch.arange(height * width).view(height, width)
    sources, candidates = [], []
    slot = torch.zeros(height * width, dtype=torch.int64)
    step = -(-height * width // GLOBAL)
    everywhere = index.flatten()[step // 2 :: step]
    everywhere = everywhere.repeat(-(-GLOBAL // len(everywhere)))[:GLOBAL]
    for top, first_row in _starts(height, window):
        for left, first_column in _starts(width, window):
            # the last tile of a side is shifted inwards, so that all tiles are of one size
            tile = index[top : top + TILE, left : left + TILE].flatten()
            slot[tile] = torch.arange(len(tile)) + sum(map(len, sources))
            near = index[first_row : first_row + TILE + 2 * window, first_column : first_column + TILE + 2 * window]
            sources.append(tile)
            candidates.append(torch.cat([near.flatten(), everywhere]))
    return Windows(*(table.to(device) for table in (torch.stack(sources), torch.stack(candidates), slot)))


def match_in_windows(tables: Windows) -> Callable[[Tensor, Tensor], Tensor]:
    """A matching function, as `matching.match_all` is one, that looks only into the windows of `tables`."""

    def match(sources: Tensor, destinations: Tensor) -> Tensor:
        near = sources[:, tables.sources.flatten()].unflatten(1, tables.sources.shape)
        there = destinations[:, tables.candidates.flatten()].unflatten(1, tables.candidates.shape)
        best = (near @ there.transpose(-1, -2)).argmax(dim=-1)
        found = tables.candidates.expand(len(best), -1, -1).gather(2, best)
        return found.flatten(1)[:, tables.slot]

    return match


def _starts(side: int, window: int) -> list[tuple[int, int]]:
    """First token of every tile along a side, and of its window, which never leaves the picture."""
    tile, reach = min(TILE, side), min(side, TILE + 2 * window)
    tops = [min(start, side - tile) for start in range(0, side, TILE)]
    return [(top, min(max(top - window, 0), side - reach)) for top in tops]
