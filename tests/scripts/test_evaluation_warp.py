"""The bench's warp error: sequences of known answer, and the flaws of the published metric, none of which it has."""

from __future__ import annotations

import sys
from itertools import pairwise

import cv2
import numpy as np
import pytest
from evaluation.flow import Motion, dis, motion, motions_of, raft
from evaluation.warp import mean_error, ratio, warp_errors

HEIGHT, WIDTH = 96, 128


@pytest.fixture(scope="module")
def texture() -> np.ndarray:
    """Smooth random texture, larger than a frame, RGB uint8."""
    rng = np.random.default_rng(5)
    rough = rng.standard_normal((HEIGHT + 40, WIDTH + 60, 3)).astype(np.float32)
    return np.clip(128 + 220 * cv2.GaussianBlur(rough, (0, 0), 3), 0, 255).astype(np.uint8)


def panned(texture: np.ndarray, step: int, count: int = 4) -> list[np.ndarray]:
    return [np.ascontiguousarray(texture[:HEIGHT, step * n : step * n + WIDTH]) for n in range(count)]


def no_motion(count: int) -> list[Motion]:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    return [Motion(np.stack([x, y], axis=-1), np.ones((HEIGHT, WIDTH), bool))] * count


def test_a_pan_has_next_to_no_warp_error_although_every_pixel_changes(texture: np.ndarray) -> None:
    frames = panned(texture, step=3)
    error = mean_error(warp_errors(frames, motions_of(frames)))
    plain = mean_error(warp_errors(frames, no_motion(3)))
    assert plain.l1 > 5
    assert error.l1 < 0.1 * plain.l1
    assert error.mse < 0.05 * plain.mse


def test_noise_of_one_grey_level_scores_its_true_size_and_not_what_wrapping_bytes_make_of_it() -> None:
    rng = np.random.default_rng(1)
    frames = [np.round(128 + rng.normal(0, 0.5**0.5, (HEIGHT, WIDTH, 3))).astype(np.uint8) for _ in range(4)]
    error = mean_error(warp_errors(frames, no_motion(3)))
    wrapped = np.mean([np.abs(after - before).mean() for before, after in pairwise(frames)])
    assert wrapped > 50, "the flaw itself: bytes that wrap"
    assert error.l1 == pytest.approx(0.83, abs=0.1)
    assert error.mse == pytest.approx(1 + 2 / 12, abs=0.1)  # the noise and the rounding of both frames


def test_getting_brighter_costs_as_much_as_getting_darker() -> None:
    dark, bright = (np.full((HEIGHT, WIDTH, 3), level, np.uint8) for level in (100, 103))
    up, down = warp_errors([dark, bright, dark], no_motion(2))
    assert up == down == (3.0, 9.0)


def moved_square(step: int) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """A square before a wall, before and after it moved right, with the exact flow both ways."""
    rng = np.random.default_rng(2)
    wall = rng.integers(0, 100, (HEIGHT, WIDTH, 3), np.uint8)
    square = rng.integers(150, 255, (30, 30, 3), np.uint8)
    before, after = wall.copy(), wall.copy()
    before[30:60, 40:70] = square
    after[30:60, 40 + step : 70 + step] = square
    flows = {name: np.zeros((HEIGHT, WIDTH, 2), np.float32) for name in ("back", "forth")}
    flows["forth"][30:60, 40:70, 0] = step
    flows["back"][30:60, 40 + step : 70 + step, 0] = -step
    return before, after, flows


def test_what_was_uncovered_is_left_out_on_the_side_of_the_frame_that_is_warped_onto() -> None:
    before, after, flows = moved_square(step=10)
    found = motion(before, after, lambda first, _: flows["back"] if first is after else flows["forth"])
    assert not found.trusted[30:60, 40:50].any(), "the wall that the square hid before"
    assert found.trusted[30:60, 50:80].all(), "the square itself, also where it covers wall now"
    assert found.trusted.sum() == HEIGHT * WIDTH - 30 * 10
    assert warp_errors([before, after], [found])[0].l1 == 0.0

    # The other side's mask, which the published metric takes: it leaves out good pixels and keeps the uncovered ones.
    other = motion(after, before, lambda first, _: flows["forth"] if first is before else flows["back"])
    assert warp_errors([before, after], [Motion(found.where, other.trusted)])[0].l1 > 1


def test_what_comes_in_from_outside_the_picture_is_left_out(texture: np.ndarray) -> None:
    before, after = panned(texture, step=6, count=2)
    trusted = motion(before, after, dis).trusted
    assert not trusted[:, WIDTH - 5 :].any() and trusted[:, 10 : WIDTH - 20].mean() > 0.95


@pytest.mark.parametrize("count", [3, 5])
def test_a_stream_of_another_length_is_refused_and_not_cut(texture: np.ndarray, count: int) -> None:
    frames = panned(texture, step=2)
    with pytest.raises(ValueError, match="4 pictures are wanted"):
        warp_errors(panned(texture, step=2, count=count), motions_of(frames))


def test_a_late_stream_scores_worse_than_one_that_is_on_time(texture: np.ndarray) -> None:
    steps = np.cumsum([0, 1, 8, 1, 8, 1])
    frames = [np.ascontiguousarray(texture[:HEIGHT, step : step + WIDTH]) for step in steps]
    motions = motions_of(frames)
    late = [frames[0], *frames[:-1]]
    assert mean_error(warp_errors(late, motions)).l1 > 5 * mean_error(warp_errors(frames, motions)).l1


def test_pictures_of_another_size_than_the_flow_are_refused(texture: np.ndarray) -> None:
    frames = panned(texture, step=2)
    small = [frame[:64] for frame in frames]
    with pytest.raises(ValueError, match=r"\(96, 128\) are wanted"):
        warp_errors(small, motions_of(frames))


def test_nothing_is_put_in_relation_to_a_source_that_has_no_error() -> None:
    assert ratio(2.0, 4.0) == 0.5 and ratio(2.0, 0.0) is None and ratio(2.0, 0.05, least=0.1) is None


def test_raft_says_what_is_missing(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=r"none\.pth and are not there"):
        raft(tmp_path / "none.pth")
    (tmp_path / "raft.pth").write_bytes(b"")
    for name in ("torchvision", "torchvision.models", "torchvision.models.optical_flow"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ValueError, match="Install the torchvision that goes with its torch"):
        raft(tmp_path / "raft.pth")
