"""Clips of which the engine styles every N-th frame: none missing, none out of place, cuts kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from plugin.translate.clips import make, shown
from plugin.translate.test_clip import translate
from streamv2v_cam.errors import SettingsError
from streamv2v_cam.frame import Pixels
from streamv2v_cam.system.opencv import cv2
from streamv2v_cam.translate.every import styled_every

SIZE = (96, 64)


def scene(at: int, *, seed: int = 3) -> Pixels:
    """A textured square at column `at` before a wall, RGB uint8 `[64, 96, 3]`."""
    wall = np.random.default_rng(seed).integers(20, 90, (8, 12, 3)).astype(np.uint8)
    picture = cv2.resize(wall, SIZE, interpolation=cv2.INTER_CUBIC)
    patch = np.random.default_rng(7).integers(140, 250, (6, 6, 3)).astype(np.uint8)
    picture[16:48, at : at + 32] = cv2.resize(patch, (32, 32), interpolation=cv2.INTER_LINEAR)
    return picture


class Negative:
    """An engine that gives negatives and takes some frames ahead; counts them."""

    def __init__(self, ahead: int = 0) -> None:
        self.ahead, self.styled = ahead, 0

    def __call__(self, frames: Iterable[Pixels]) -> Iterator[Pixels]:
        taken: list[Pixels] = []
        for frame in frames:
            self.styled += 1
            taken.append(255 - frame)
            if len(taken) > self.ahead:
                yield taken.pop(0)
        yield from taken


def run(frames: list[Pixels], every: int, engine: Negative, **options: Any) -> list[Pixels]:
    return list(styled_every(engine, frames, every, **{"size": SIZE, "borrow": True, **options}))


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 9, 10])
@pytest.mark.parametrize("every", [1, 2, 4, 30])
@pytest.mark.parametrize("ahead", [0, 3])
def test_there_is_a_picture_for_each_frame_and_the_first_the_nth_and_the_last_are_the_engines_own(
    count: int, every: int, ahead: int
) -> None:
    frames = [scene(2 * number) for number in range(count)]
    engine = Negative(ahead)
    pictures = run(frames, every, engine)
    keys = sorted({*range(0, count, every), count - 1})
    assert len(pictures) == count and engine.styled == len(keys)
    assert all(np.array_equal(pictures[key], 255 - frames[key]) for key in keys)


def test_what_lies_between_is_nearer_to_the_truth_than_either_side() -> None:
    frames = [scene(3 * number) for number in range(5)]
    middle = run(frames, 4, Negative())[2].astype(int)
    truth = 255 - frames[2].astype(int)
    sides = [np.abs(255 - frames[key].astype(int) - truth).mean() for key in (0, 4)]
    assert np.abs(middle - truth).mean() < min(sides) / 2


def test_a_cut_between_two_styled_frames_stays_one() -> None:
    other = [scene(40, seed=11)] * 4
    frames = [scene(0)] * 4 + [255 - frame // 2 for frame in other]
    pictures = run(frames, 7, Negative())
    for picture, frame in zip(pictures, frames, strict=True):
        assert np.abs(picture.astype(int) - (255 - frame.astype(int))).mean() < 3


def test_a_look_that_must_not_borrow_shows_only_what_the_engine_drew() -> None:
    frames = [scene(9 * number) for number in range(5)]
    flat = lambda taken: (np.full((64, 96, 3), 77, np.uint8) for _ in taken)  # noqa: E731
    pictures = list(styled_every(flat, frames, 4, size=SIZE, borrow=False))
    assert len(pictures) == 5 and all((picture == 77).all() for picture in pictures)


@pytest.mark.parametrize("slots", [1, 3])
def test_a_clip_keeps_its_frames_and_times_whatever_is_styled(tmp_path: Path, slots: int) -> None:
    source = make(tmp_path / "in.mp4", frames=11)
    summary = translate(source, tmp_path / "out.mp4", slots=slots, every=3)
    before, after = shown(source), shown(tmp_path / "out.mp4")
    assert summary["frames_in"] == summary["frames_out"] == 11
    assert [seconds for seconds, _ in after] == pytest.approx([seconds for seconds, _ in before], abs=0.001)
    assert list(np.argsort([grey for _, grey in after])) == list(range(11)), "each at its place"


@pytest.mark.parametrize("every", [0, -2, 31])
def test_nonsense_is_refused_before_anything_is_done(tmp_path: Path, every: int) -> None:
    with pytest.raises(SettingsError, match="from 1"):
        translate(tmp_path / "no clip.mp4", tmp_path / "out.mp4", every=every)
    assert not (tmp_path / "out.mp4").exists()
