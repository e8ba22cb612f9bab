"""Layers take turns by what they cost."""

from __future__ import annotations

import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamv2v.memory.update_schedule import balanced_turns

SD15 = [(4096, 320)] * 2 + [(1024, 640)] * 2 + [(256, 1280)] * 2 + [(64, 1280)]
SD15 += [(256, 1280)] * 3 + [(1024, 640)] * 3 + [(4096, 320)] * 3
"""Tokens and channels of the sixteen self-attention layers of SD 1.5 at 512x512."""
COSTS = [tokens**2 * channels for tokens, channels in SD15]


def loads(costs: list[int], interval: int) -> list[int]:
    turns = balanced_turns(costs, interval)
    return [sum(cost for cost, turn in zip(costs, turns, strict=True) if turn == here) for here in range(interval)]


@pytest.mark.parametrize("interval", [1, 2, 3, 4, 5, 8, 16])
def test_no_frame_of_sd15_does_more_than_its_share_as_far_as_five_equal_layers_allow(interval: int) -> None:
    dearest = max(COSTS)
    least_possible = max(sum(COSTS) / interval, math.ceil(5 / interval) * dearest)
    assert max(loads(COSTS, interval)) <= 1.01 * least_possible


def test_turns_by_number_would_do_worse() -> None:
    by_number = [sum(cost for layer, cost in enumerate(COSTS) if layer % 4 == turn) for turn in range(4)]
    assert max(by_number) >= max(loads(COSTS, 4))
    assert max(loads(COSTS, 8)) < max(
        sum(cost for layer, cost in enumerate(COSTS) if layer % 8 == turn) for turn in range(8)
    )


@given(st.lists(st.integers(1, 50), min_size=1, max_size=6), st.integers(1, 3))
def test_the_dearest_frame_stays_within_four_thirds_of_the_best_plan(costs: list[int], interval: int) -> None:
    plans = product(range(interval), repeat=len(costs))
    best = min(
        max(sum(cost for cost, turn in zip(costs, plan, strict=True) if turn == here) for here in range(interval))
        for plan in plans
    )
    assert max(loads(costs, interval)) <= 4 / 3 * best + 1e-9


@given(st.lists(st.integers(0, 50), max_size=20), st.integers(1, 30))
def test_every_layer_has_one_turn_and_the_same_one_each_time(costs: list[int], interval: int) -> None:
    turns = balanced_turns(costs, interval)
    assert len(turns) == len(costs)
    assert all(0 <= turn < interval for turn in turns)
    assert turns == balanced_turns(costs, interval)
