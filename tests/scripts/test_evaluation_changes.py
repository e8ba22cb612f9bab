"""The bench on what should pass: a ghost, a change of prompt, a drift - seen where they are and counted rightly."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from evaluation.clips import there_and_back
from evaluation.drift import drift, length_of, window_of
from evaluation.ghost import UPDATE_FRAME, crossing, ghost
from evaluation.settling import settling
from evaluation.still import Noise, held

QUIET = Noise(grain=2.0, blotches=1.0)


@pytest.fixture(scope="module")
def room() -> np.ndarray:
    y, x = np.mgrid[0:96, 0:128]
    return np.stack([60 + x // 2, 80 + y // 2, 90 + 0 * x], axis=-1).astype(np.uint8)


@pytest.mark.parametrize("slots", [1, 2, 4])
def test_the_hand_is_there_when_every_interval_updates_in_all_slots_and_gone_after_four_frames(
    room: np.ndarray, slots: int
) -> None:
    crossed, empty = crossing(room, 30, QUIET, slots=slots), held(room, 30, QUIET)
    there = [n for n in range(30) if (crossed.frames[n] != empty[n]).any()]
    assert len(there) == 4 and crossed.left == there[-1] + 1
    assert {UPDATE_FRAME - slot for slot in range(slots)} <= set(there)
    for number in there:
        changed = (crossed.frames[number] != empty[number]).any(axis=-1)
        assert 0.03 < changed.mean() < 0.5 and not (changed & ~crossed.path).any()


def test_a_stream_without_memory_has_no_ghost(room: np.ndarray) -> None:
    crossed, empty = crossing(room, 30, QUIET, slots=2), held(room, 30, QUIET)
    found = ghost(empty, crossed.frames, crossed.path, crossed.left)
    assert (found.peak, found.worst, found.frames, found.gone) == (0.0, 0.0, 0, True)


def test_a_fading_ghost_is_seen_and_its_frames_are_counted(room: np.ndarray) -> None:
    crossed, empty = crossing(room, 30, QUIET, slots=1), held(room, 30, QUIET)
    haunted = [frame.copy() for frame in empty]
    for age, level in enumerate((40, 20, 10, 5, 2, 0)):
        frame = haunted[crossed.left + age].astype(int)
        frame[crossed.path] += level
        haunted[crossed.left + age] = frame.astype(np.uint8)
    found = ghost(empty, haunted, crossed.path, crossed.left)
    assert found.peak == pytest.approx(40) and found.worst == pytest.approx(40)
    assert (found.frames, found.gone) == (5, True)
    assert found.per_frame[:6] == pytest.approx([40, 20, 10, 5, 2, 0])


@pytest.mark.parametrize("kept", [0.0, 0.1, 0.3])
def test_the_share_of_the_hand_that_is_left_is_found_under_noise_that_is_not_the_same(
    room: np.ndarray, kept: float
) -> None:
    crossed, empty = crossing(room, 30, Noise(0, 0), slots=1), held(room, 30, Noise(0, 0))
    rng = np.random.default_rng(0)
    haunted = [frame.astype(np.float32) for frame in crossed.frames]
    hand = np.stack(crossed.frames[crossed.left - 4 : crossed.left]).astype(np.float32) - room
    most = np.take_along_axis(hand, np.abs(hand).sum(-1, keepdims=True).argmax(0)[None], 0)[0]
    haunted[crossed.left] += kept * most
    noisy = [np.clip(f + rng.normal(0, 2, f.shape), 0, 255).astype(np.uint8) for f in haunted]
    found = ghost(empty, noisy, crossed.path, crossed.left)
    assert found.share == pytest.approx(kept, abs=0.02)
    assert found.peak > 1


def test_a_ghost_that_stays_is_said_to_stay(room: np.ndarray) -> None:
    crossed, empty = crossing(room, 30, QUIET, slots=1), held(room, 30, QUIET)
    found = ghost(empty, [frame + 9 for frame in empty], crossed.path, crossed.left)
    assert (found.frames, found.gone) == (30 - crossed.left, False)


def test_streams_of_two_lengths_are_refused(room: np.ndarray) -> None:
    with pytest.raises(ValueError, match="found 5 and 4 pictures"):
        ghost([room] * 5, [room] * 4, np.ones((96, 128), bool), 2)
    with pytest.raises(ValueError, match="found 5 and 4 pictures"):
        settling([room] * 5, [room] * 4, at=2, delay=0)
    with pytest.raises(ValueError, match="more than"):
        crossing(room, UPDATE_FRAME, QUIET, slots=1)


def grey(level: float) -> np.ndarray:
    return np.full((8, 8, 3), round(level), np.uint8)


@pytest.mark.parametrize("delay", [0, 1, 3])
def test_the_pictures_handed_out_before_a_change_has_settled_are_counted(delay: int) -> None:
    # Handed out with the change: 100, 60, 30, 12, then 2 away for good; 2 + a tenth of the way lies at 11.8.
    handed_out = [100.0] * 6 + [100, 60, 30, 12] + [2.0] * 12
    aligned = [grey(50 + gap) for gap in handed_out[delay:] + [2.0] * delay]
    found = settling(aligned, [grey(50)] * len(aligned), at=6, delay=delay)
    assert (found.frames, found.settled) == (4, True)
    assert found.apart == pytest.approx(100) and found.floor == pytest.approx(2)


def test_a_change_that_jumps_at_once_takes_no_frame() -> None:
    pictures = [grey(150)] * 6 + [grey(50)] * 14
    assert settling(pictures, [grey(50)] * 20, at=6, delay=0).frames == 0


def test_a_change_that_never_comes_is_no_settled_one_and_equal_looks_tell_nothing() -> None:
    stuck = settling([grey(150)] * 20, [grey(50)] * 20, at=6, delay=0)
    assert (stuck.frames, stuck.settled) == (14, False)
    assert settling([grey(50)] * 20, [grey(50)] * 20, at=6, delay=0).frames is None


def looped(count: int, *, darker_by: float) -> Iterator[tuple[int, np.ndarray]]:
    """Six frames there and back, the whole stream getting darker from its first picture to its last."""
    rng = np.random.default_rng(0)
    frames = [rng.integers(100, 200, (16, 16, 3), np.uint8) for _ in range(6)]
    for number, (index, frame) in enumerate(there_and_back(frames, count)):
        yield index, np.round(frame - darker_by * number / (count - 1)).astype(np.uint8)


def test_a_loop_goes_there_and_back_so_that_no_seam_is_a_cut() -> None:
    frames = [grey(level) for level in range(4)]
    assert [index for index, _ in there_and_back(frames, 9)] == [0, 1, 2, 3, 2, 1, 0, 1, 2]


def test_a_stream_that_gets_darker_is_seen_to() -> None:
    found = drift(looped(200, darker_by=20.0), count=200, window=20)
    assert found.colour == pytest.approx((-18, -18, -18), abs=1)
    assert found.away_last == pytest.approx(18, abs=1.5) and found.away_first < 2
    assert found.contrast == pytest.approx(1.0, abs=0.02) and found.pictures == 200


def test_a_steady_stream_does_not_drift() -> None:
    found = drift(looped(100, darker_by=0.0), count=100, window=10)
    assert found.colour == pytest.approx((0, 0, 0)) and found.contrast == found.sharpness == 1.0
    assert found.away_last == found.away_first == 0.0


def test_minutes_are_compared_when_there_are_ten_and_tenths_of_a_shorter_run() -> None:
    assert window_of(10 * 60 * 30, 30) == 1800 and window_of(60 * 60 * 30, 30) == 1800
    assert window_of(900, 30) == 90


@pytest.mark.parametrize("frames", [2, 7, 40])
def test_a_run_is_whole_rounds_so_that_both_windows_show_the_same_frames(frames: int) -> None:
    count = length_of(0.2, 30, frames)
    assert abs(count - 360) <= frames or count == 2 * (2 * frames - 2)
    order = [index for index, _ in there_and_back([grey(1)] * frames, count)]
    window = window_of(count, 30)
    assert set(order[:window]) & set(order[-window:])


def test_a_run_too_short_or_cut_off_is_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        drift(looped(7, darker_by=0.0), count=7, window=1)
    with pytest.raises(ValueError, match="100 pictures were announced, 50 came"):
        drift(looped(50, darker_by=0.0), count=100, window=10)
