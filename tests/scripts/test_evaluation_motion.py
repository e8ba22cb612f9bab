"""The bench of motion, on drawn clips whose truth is known: it tells a moved picture from a held one, and a pop."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from evaluation.reprojection.command import parse, rows_of, summary, table
from evaluation.reprojection.figures import MOST_DB, places_of, steadiness
from evaluation.reprojection.imitation import EnginePace, imitate

FPS = 30.0


def walking(count: int = 24, *, step: int = 2) -> list[np.ndarray]:
    """A textured square that walks before a textured wall, RGB uint8 `[96, 160, 3]`."""
    wall = cv2.resize(
        np.random.default_rng(1).integers(40, 120, (12, 20, 3)).astype(np.uint8),
        (160, 96),
        interpolation=cv2.INTER_CUBIC,
    )
    patch = cv2.resize(
        np.random.default_rng(3).integers(130, 250, (6, 6, 3)).astype(np.uint8),
        (40, 40),
        interpolation=cv2.INTER_LINEAR,
    )
    frames = []
    for number in range(count):
        frame = wall.copy()
        frame[28:68, 20 + step * number : 60 + step * number] = patch
        frames.append(frame)
    return frames


def test_an_engine_of_five_a_second_gives_each_sixth_frame_one_period_late() -> None:
    schedule = EnginePace(5.0).schedule(20, FPS)
    assert schedule[:6] == [None] * 6
    assert schedule[6:12] == [0] * 6 and schedule[12:18] == [6] * 6


def test_a_clip_that_is_over_before_anything_is_styled_is_refused() -> None:
    with pytest.raises(ValueError, match="is over before"):
        EnginePace(5.0).schedule(4, FPS)
    with pytest.raises(ValueError, match="neither may be below 0"):
        EnginePace(-1.0).schedule(40, FPS)


def test_moved_is_nearer_to_the_truth_than_held_and_less_than_a_grey_level_off_where_things_stand(
    tmp_path: Path,
) -> None:
    from evaluation.clips import Clip

    frames = walking()
    styled = [255 - frame for frame in frames]
    asked = parse(["clip", "--cache", str(tmp_path), "--out", str(tmp_path / "sheets")])
    rows = {row["way"]: row for row in rows_of(asked, Clip("walk", frames, FPS), styled, "a look", EnginePace(5.0))}
    # motion is found on halved pictures, and these are small
    assert rows["reproject"]["psnr"] > rows["hold"]["psnr"] + 1.5
    assert rows["reproject+borrow"]["psnr_low"] > rows["hold"]["psnr_low"] + 2
    assert rows["reproject"]["moving"] < rows["hold"]["moving"]
    assert rows["reproject"]["still"] < rows["hold"]["still"] + 1.0
    assert rows["reproject"]["processor_ms"] > rows["hold"]["processor_ms"] >= 0
    assert (tmp_path / "sheets" / "walk-a-look-5.png").stat().st_size > 1000
    assert (tmp_path / "sheets" / "walk-a-look-5.mp4").stat().st_size > 1000
    means = summary(list(rows.values()))
    assert len(table(means).splitlines()) == 4 and means[0]["cells"] == 1


def test_a_picture_held_for_ever_is_perfect_on_a_clip_that_stands_still() -> None:
    frames = [walking(1)[0]] * 20
    shown = imitate(frames, frames, FPS, EnginePace(10.0), "reproject")
    assert all(np.array_equal(picture, frames[0]) for picture in shown.pictures)
    places = places_of(frames, FPS, EnginePace(10.0))
    assert places.still[-1].all() and not places.moving[-1].any()
    assert MOST_DB == 60.0


def test_a_pop_at_an_arrival_is_told_from_an_even_walk() -> None:
    even = [np.full((4, 4, 3), 10 * number, np.uint8) for number in range(12)]
    popping = [np.full((4, 4, 3), 60 * (number // 6), np.uint8) for number in range(12)]
    assert steadiness(even, [6])["jerk_arrival"] == steadiness(even, [6])["jerk_else"] == 0
    found = steadiness(popping, [6])
    assert found["change_arrival"] == 60 and found["change_else"] == 0 and found["jerk_arrival"] == 60


def test_there_is_no_fourth_way() -> None:
    with pytest.raises(ValueError, match="there are hold, reproject"):
        imitate(walking(), walking(), FPS, EnginePace(5.0), "guess")
