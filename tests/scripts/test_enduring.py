"""What is counted in a long show, and whether it is said to grow."""

from __future__ import annotations

import mmap
import os
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import numpy as np
import pytest
from enduring.company import MOVED, value_at
from enduring.restarts import Count, leaks
from enduring.sampling import Sampler, holding
from enduring.trends import trend

from streamv2v.controls import Controls, describe_controls

linux = pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="needs Linux's /proc")
MINUTES = np.linspace(0, 5, 60)


def test_noise_is_flat_and_growth_that_is_larger_than_the_noise_grows():
    noise = np.random.default_rng(1).normal(0, 0.3, 60)
    assert trend(MINUTES, 400 + noise, 0.5).verdict == "flat"
    found = trend(MINUTES, 400 + 2 * MINUTES + noise, 0.5)
    assert found.verdict == "grows" and found.slope == pytest.approx(2, abs=found.bound)
    assert trend(MINUTES, 400 - 2 * MINUTES + noise, 0.5).verdict == "flat"


def test_a_slope_whose_bound_leaves_both_open_is_not_told():
    noise = np.random.default_rng(1).normal(0, 10, 60)
    assert "too short" in trend(MINUTES, 400 + noise, 0.5).verdict
    with pytest.raises(ValueError, match="10 values"):
        trend([0, 1], [1, 1], 0.5)


def test_what_is_fetched_once_is_a_step_and_two_steps_are_growth() -> None:
    once, twice = np.where(MINUTES > 2.8, 9.0, 0.0), np.where(MINUTES > 1.5, 9.0, 0.0) + np.where(MINUTES > 4, 9.0, 0.0)
    found = trend(MINUTES, 400 + once, 0.5)
    assert found.step == pytest.approx(9) and "one step of 9.0" in found.verdict
    assert trend(MINUTES, 400 + twice, 0.5).verdict == "grows"
    assert trend(MINUTES, 400 + once + 2 * MINUTES, 0.5).verdict == "grows"


@linux
def test_handles_threads_and_memory_of_a_process_are_those_it_has():
    before = holding(os.getpid())
    # memory of its own: what was freed in this process before may serve an ordinary allocation
    held = mmap.mmap(-1, 32 << 20)
    held.write(b"x" * (32 << 20))
    with open(os.devnull) as one, open(os.devnull) as two:
        after = holding(os.getpid())
        assert after.handles == before.handles + 2, (one, two)
    assert after.rss_mb > before.rss_mb + 20 and after.threads >= 1
    held.close()


@linux
def test_a_piece_of_shared_memory_that_outlives_its_use_is_counted(tmp_path: Path):
    sampler = Sampler(os.getpid(), tmp_path)
    piece = SharedMemory(create=True, size=1 << 20)
    try:
        sampler.holdings()
        before = sampler.shared_pieces
        assert before >= 1 and sampler.shared_mb >= 1
    finally:
        piece.close()
        piece.unlink()
    assert sampler.shared_pieces == before - 1
    (tmp_path / "left").touch()
    assert sampler.temporary_files == 1


@pytest.mark.parametrize("number", range(8))
def test_the_hand_gives_every_control_values_that_it_allows(number: int):
    for name, rule in describe_controls().items():
        if rule["kind"] in MOVED:
            Controls().patched({name: value_at(rule, number, 2.5 * number)})


def test_a_leak_is_what_the_last_count_has_more_of_and_what_outlives_the_run():
    first = Count(10, 20, 12, 3, 2, 0, 150.0)
    clean = [
        Count(0, 18, 12, 3, 2, 0, 140.0),
        first,
        Count(100, 20, 12, 3, 2, 0, 153.0),
        Count(100, 9, 3, 1, 0, 0, 153),
    ]
    assert leaks(clean) == []
    leaking = [*clean[:2], Count(100, 110, 12, 3, 2, 0, 190.0), Count(100, 99, 3, 1, 1, 4, 190.0)]
    assert leaks(leaking) == [
        "handles: 20 after 10 restarts, 110 after 100",
        "host_mb: 150.0 after 10 restarts, 190.0 after 100",
        "shared_pieces: 1 after the end of the run",
        "temporary_files: 4 after the end of the run",
    ]
