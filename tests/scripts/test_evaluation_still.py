"""The bench on what stands still: flicker, the noise of a camera, locked-off pixels, and what blur would win."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from evaluation.fidelity import edge_agreement, mean_edges, mean_sharpness, sharpness
from evaluation.flow import motions_of
from evaluation.still import Noise, flicker, held, locked_pixels


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    """Smooth random texture in the middle of the grey range, RGB uint8 [96, 128, 3]."""
    rough = np.random.default_rng(4).standard_normal((96, 128, 3)).astype(np.float32)
    return np.clip(128 + 250 * cv2.GaussianBlur(rough, (0, 0), 3), 40, 215).astype(np.uint8)


def test_grain_of_three_levels_flickers_by_three_levels(picture: np.ndarray) -> None:
    found = flicker(held(picture, 30, Noise(grain=3.0, blotches=0.0)))
    assert found.deviation == pytest.approx(3.0, rel=0.05)
    assert found.difference == pytest.approx(3.0 * 2 / np.pi**0.5, rel=0.05)


def test_blotches_flicker_too_and_are_still_there_after_a_blur(picture: np.ndarray) -> None:
    grain, blotches = (held(picture, 12, noise) for noise in (Noise(3.0, 0.0), Noise(0.0, 3.0)))
    blurred = [flicker([cv2.GaussianBlur(p, (0, 0), 2) for p in frames]).deviation for frames in (grain, blotches)]
    assert flicker(blotches).deviation > 1.5
    assert blurred[1] > 2 * blurred[0]


def test_a_picture_that_never_changes_does_not_flicker(picture: np.ndarray) -> None:
    assert flicker([picture] * 5) == (0.0, 0.0)


def test_slow_change_counts_as_deviation_and_hardly_as_difference(picture: np.ndarray) -> None:
    slow = [np.clip(picture.astype(int) + n, 0, 255).astype(np.uint8) for n in range(20)]
    found = flicker(slow)
    assert found.difference == pytest.approx(1.0) and found.deviation > 5


def test_the_same_seed_gives_the_same_noise_and_every_frame_its_own(picture: np.ndarray) -> None:
    first, again, other = (
        held(picture, 3, Noise(seed=1)),
        held(picture, 3, Noise(seed=1)),
        held(picture, 3, Noise(seed=2)),
    )
    np.testing.assert_array_equal(first, again)
    assert (first[0] != first[1]).any() and (first[0] != other[0]).any()


def test_the_noise_of_a_frame_is_the_same_whatever_is_filmed() -> None:
    noise = Noise(grain=3.0, blotches=2.0)
    dark, bright = (noise.frame(np.full((32, 32, 3), level, np.uint8), 7).astype(int) - level for level in (100, 150))
    np.testing.assert_array_equal(dark, bright)


def test_locked_off_is_what_never_moves_in_the_whole_clip(picture: np.ndarray) -> None:
    frames = []
    for number in range(5):
        frame = picture.copy()
        frame[30:60, 20 + 4 * number : 50 + 4 * number] = picture[:30, 90:120][::-1]
        frames.append(frame)
    locked = locked_pixels(motions_of(frames))
    assert locked is not None
    assert not locked[34:56, 24:62].any() and locked[80:, :].mean() > 0.9
    assert flicker(frames, locked).deviation < 0.2 < flicker(frames).deviation


def test_a_moving_camera_has_nothing_locked_off(picture: np.ndarray) -> None:
    frames = [np.roll(picture, 3 * number, axis=1) for number in range(4)]
    assert locked_pixels(motions_of(frames)) is None


def test_blur_wins_at_flicker_and_loses_at_sharpness_and_edges(picture: np.ndarray) -> None:
    sharp = held(picture, 8, Noise(grain=3.0, blotches=0.0))
    blurred = [cv2.GaussianBlur(frame, (0, 0), 6) for frame in sharp]
    assert flicker(blurred).deviation < flicker(sharp).deviation
    assert mean_sharpness(blurred) < 0.1 * mean_sharpness(sharp)
    assert mean_edges([picture] * 8, blurred) < mean_edges([picture] * 8, sharp) - 0.2


def test_edges_agree_with_themselves_whatever_the_tone_and_not_with_a_flat_picture(picture: np.ndarray) -> None:
    assert edge_agreement(picture, 255 - picture) == pytest.approx(1.0, abs=1e-3)
    assert edge_agreement(picture, np.full_like(picture, 90)) == 0.0
    assert abs(edge_agreement(picture, np.roll(picture, 40, axis=0))) < 0.3
    assert sharpness(np.full_like(picture, 90)) == 0.0
