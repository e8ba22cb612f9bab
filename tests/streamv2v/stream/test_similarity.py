"""Stillness and scene cuts, decided from the picture alone."""

from __future__ import annotations

import numpy as np
import pytest

from streamv2v.stream.similarity import SceneCut, StillFilter, block_change, histogram_change, luma_histogram


def grey(level: int = 100, side: int = 40) -> np.ndarray:
    return np.full((side, side, 3), level, dtype=np.uint8)


def test_a_small_moving_mouth_counts_as_much_as_a_moving_room() -> None:
    mouth = grey()
    mouth[17:25, 20:28] = 160
    assert block_change(mouth, grey()) > 10
    assert np.abs(mouth.astype(float) - grey()).mean() < 3


def test_blocks_at_the_edge_are_means_too() -> None:
    edge = grey()
    edge[32:, 32:] = 150
    assert block_change(edge, grey()) == pytest.approx(50, abs=0.01)


def test_the_filter_is_off_at_zero_and_deterministic_above() -> None:
    off = StillFilter(0)
    assert not any(off.may_repeat(grey(), 0.0) for _ in range(5))
    for _ in range(3):
        on = StillFilter(2)
        assert [on.may_repeat(grey(), 1.0) for _ in range(5)] == [False, False, False, True, True]


def test_slow_drift_adds_up_and_is_seen() -> None:
    still = StillFilter(0)
    decisions = [still.may_repeat(grey(100 + step), 2.5) for step in range(7)]
    assert decisions == [False, True, True, False, True, True, False]


def test_a_cut_is_seen_once_and_noise_is_none() -> None:
    cut = SceneCut(0.35)
    noise = np.random.default_rng(0).integers(0, 6, (40, 40, 3), dtype=np.uint8)
    seen = [cut.seen(frame) for frame in (grey(), grey() + noise, grey(200), grey(200) + noise)]
    assert seen == [False, False, True, False]
    assert not any(SceneCut(0.0).seen(frame) for frame in (grey(), grey(200)))


def test_histograms_are_shares() -> None:
    assert luma_histogram(grey()).sum() == pytest.approx(1)
    assert histogram_change(luma_histogram(grey()), luma_histogram(grey(200))) == pytest.approx(1)
