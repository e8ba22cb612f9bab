"""Matching in windows: complete where a window holds everything, near where it does not."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import normalize

from streamv2v.memory.merging import match_all, merge_tokens
from streamv2v.memory.window_matching import GLOBAL, candidates_of, match_in_windows, place_split, window_tables

CPU = torch.device("cpu")
GRIDS = [(8, 8), (24, 24), (9, 20), (5, 31), (30, 17)]


def unit(grid: tuple[int, int], seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return normalize(torch.randn(2, grid[0] * grid[1], 6, generator=generator, dtype=torch.float64), dim=-1)


@pytest.mark.parametrize("grid", GRIDS)
def test_a_window_as_wide_as_the_picture_finds_what_comparing_with_all_finds(grid: tuple[int, int]) -> None:
    sources, destinations = unit(grid, 1), unit(grid, 2)
    everywhere = match_in_windows(window_tables(grid, 32, CPU))
    assert torch.equal(everywhere(sources, destinations), match_all(sources, destinations))


@pytest.mark.parametrize("window", [1, 3])
@pytest.mark.parametrize("grid", GRIDS)
def test_a_source_finds_the_best_of_its_own_candidates(grid: tuple[int, int], window: int) -> None:
    tables = window_tables(grid, window, CPU)
    sources, destinations = unit(grid, 3), unit(grid, 4)
    found = match_in_windows(tables)(sources, destinations)
    similarity = sources @ destinations.transpose(1, 2)
    tile_of = tables.slot // tables.sources.shape[1]
    for place in range(grid[0] * grid[1]):
        candidates = tables.candidates[tile_of[place]]
        assert tables.sources.flatten()[tables.slot[place]] == place
        assert torch.equal(similarity[:, place, found[:, place]].diagonal(), similarity[:, place, candidates].amax(-1))


@pytest.mark.parametrize("grid", GRIDS)
def test_the_candidates_hold_the_whole_window_and_some_from_all_over(grid: tuple[int, int]) -> None:
    window, (height, width) = 2, grid
    tables = window_tables(grid, window, CPU)
    tile_of = tables.slot // tables.sources.shape[1]
    for place in range(height * width):
        row, column = divmod(place, width)
        near = {
            y * width + x
            for y in range(max(0, row - window), min(height, row + window + 1))
            for x in range(max(0, column - window), min(width, column + window + 1))
        }
        assert near <= set(tables.candidates[tile_of[place]].tolist())
    far = tables.candidates[0, -GLOBAL:]
    assert far.min() < height * width / 8
    assert far.max() > height * width * 7 / 8


def test_a_large_picture_is_compared_with_a_small_part_of_it() -> None:
    assert candidates_of((64, 64), 4) == 16 * 16 + GLOBAL == window_tables((64, 64), 4, CPU).candidates.shape[1]
    assert candidates_of((16, 16), 4) == 256, "the window holds all there is"


def test_an_order_by_places_leaves_every_token_of_the_bank_at_its_place() -> None:
    order = place_split(3, 40, generator=torch.Generator().manual_seed(0), device=CPU)
    assert torch.equal(order.sort(dim=1).values, torch.arange(40).expand(3, 40))
    assert torch.equal(order[:, :20] % 20, torch.arange(20).expand(3, 20))
    assert torch.equal(order[:, 20:] % 20, torch.arange(20).expand(3, 20))
    assert 0 < (order[:, 20:] >= 20).sum() < 60, "either of the two tokens may be the destination"


def test_after_many_merges_a_still_pictures_tokens_are_where_they_were() -> None:
    grid, generator = (16, 16), torch.Generator().manual_seed(1)
    still = torch.randn(1, 256, 12, generator=generator, dtype=torch.float64)
    match = match_in_windows(window_tables(grid, 1, CPU))
    bank = still
    for _ in range(10):
        frame = still + 0.01 * torch.randn(still.shape, generator=generator, dtype=torch.float64)
        order = place_split(1, 512, generator=generator, device=CPU)
        bank = merge_tokens([torch.cat([frame, bank], dim=1)], order, match=match)[0]
    assert torch.nn.functional.cosine_similarity(bank, still, dim=-1).min() > 0.99
