"""The last styled picture, moved along with the camera, on drawn scenes whose motion is known."""

from __future__ import annotations

import numpy as np
import pytest
from streamv2v_cam.frame import Pixels
from streamv2v_cam.publish.motion import Reprojector
from streamv2v_cam.system.opencv import cv2

SIZE = (192, 112)
BEAT_S = 1 / 30


def scene(at: int, *, seed: int = 3, background: int = 1) -> Pixels:
    """A textured square at column `at` before a textured background; RGB uint8 `[112, 192, 3]`."""
    wall = np.random.default_rng(background).integers(40, 120, (14, 24, 3)).astype(np.uint8)
    picture = cv2.resize(wall, SIZE, interpolation=cv2.INTER_CUBIC)
    patch = np.random.default_rng(seed).integers(130, 250, (8, 8, 3)).astype(np.uint8)
    picture[36:76, at : at + 40] = cv2.resize(patch, (40, 40), interpolation=cv2.INTER_LINEAR)
    return picture


def look(camera: Pixels) -> Pixels:
    """What an engine makes of a frame here: its negative."""
    return 255 - camera


def apart(one: Pixels, other: Pixels) -> float:
    return float(np.abs(one.astype(int) - other).mean())


@pytest.fixture
def reprojector() -> Reprojector:
    made = Reprojector(width=SIZE[0], height=SIZE[1])
    made.arrived(look(scene(60)), scene(60))
    return made


def test_a_picture_at_its_own_frame_is_the_styled_one_bit_for_bit(reprojector: Reprojector) -> None:
    assert np.array_equal(reprojector.picture(scene(60), now_s=0.0), look(scene(60)))


def test_what_moved_is_shown_where_the_camera_sees_it_now(reprojector: Reprojector) -> None:
    for step in range(1, 7):
        newest = scene(60 + 2 * step)
        found = reprojector.picture(newest, now_s=step * BEAT_S)
    held, moved = apart(look(scene(60)), look(newest)), apart(found, look(newest))
    assert moved < held / 2, (moved, held)


def test_where_the_camera_stands_still_the_picture_does_bit_for_bit(reprojector: Reprojector) -> None:
    noise = np.random.default_rng(9)
    still = np.s_[:, :40]
    first = reprojector.picture(scene(60), now_s=0.0)
    for step in range(1, 6):
        noisy = np.clip(scene(60 + 2 * step) + noise.normal(0, 1.0, (112, 192, 3)), 0, 255).astype(np.uint8)
        assert np.array_equal(reprojector.picture(noisy, now_s=step * BEAT_S)[still], first[still])


def test_a_camera_that_cuts_to_something_else_is_answered_with_the_picture_as_it_was(reprojector: Reprojector) -> None:
    before = reprojector.picture(scene(60), now_s=0.0)
    other = np.random.default_rng(5).integers(0, 255, (112, 192, 3)).astype(np.uint8)
    assert np.array_equal(reprojector.picture(other, now_s=BEAT_S), before)
    assert reprojector.holding
    reprojector.arrived(look(other), other)
    assert np.array_equal(reprojector.picture(other, now_s=2 * BEAT_S), look(other)), "and no fade afterwards"


def test_a_jump_of_the_exposure_is_not_taken_for_motion(reprojector: Reprojector) -> None:
    before = reprojector.picture(scene(60), now_s=0.0)
    brighter = np.clip((scene(60).astype(np.float32) + 8) * 1.3 - 8, 0, 255).astype(np.uint8)
    assert apart(reprojector.picture(brighter, now_s=BEAT_S), before) < 2


def test_a_look_that_must_not_borrow_shows_nothing_that_the_engine_did_not_draw() -> None:
    flat = np.full((112, 192, 3), 77, np.uint8)
    reprojector = Reprojector(width=2 * SIZE[0], height=2 * SIZE[1])
    reprojector.arrived(flat, scene(60))
    for step in range(6):
        newest = cv2.resize(scene(60 + 12 * step, seed=step), (2 * SIZE[0], 2 * SIZE[1]))
        shown = reprojector.picture(newest, detail=1.0, borrow=False, now_s=step * BEAT_S)
        assert (shown == 77).all(), f"step {step}"


def test_an_arrival_is_faded_in_over_a_few_beats(reprojector: Reprojector) -> None:
    camera = scene(60)
    reprojector.picture(camera, now_s=0.0)
    reprojector.picture(camera, now_s=0.2)  # nothing new, and yet a beat
    other = np.full_like(camera, 10)
    reprojector.arrived(other, camera)
    way = [apart(reprojector.picture(camera, now_s=0.2 + BEAT_S * beat), other) for beat in range(1, 6)]
    assert way[0] > way[1] > way[2] >= way[3] == 0.0, way
    assert way[0] < apart(look(camera), other), "the first beat shows a part of it already"


def test_no_detail_adds_exactly_nothing_and_some_adds_the_cameras_fine_lines() -> None:
    published = (4 * SIZE[0], 4 * SIZE[1])
    fine = cv2.resize(scene(60), published, interpolation=cv2.INTER_CUBIC)
    fine[200:280:4, 260:380] = np.clip(fine[200:280:4, 260:380].astype(int) - 60, 0, 255)
    small = cv2.resize(fine, SIZE, interpolation=cv2.INTER_AREA)
    plain, detailed = Reprojector(width=published[0], height=published[1]), None
    plain.arrived(small, small)
    without = plain.picture(fine, detail=0.0, now_s=0.0)
    assert np.array_equal(without, cv2.resize(small, published, interpolation=cv2.INTER_CUBIC))
    detailed = plain.picture(fine, detail=1.0, now_s=0.0)
    assert apart(detailed[200:280, 260:380], fine[200:280, 260:380]) < apart(
        without[200:280, 260:380], fine[200:280, 260:380]
    )


def test_without_a_styled_picture_there_is_nothing_to_move() -> None:
    with pytest.raises(LookupError, match="none has arrived yet"):
        Reprojector(width=64, height=48).picture(np.zeros((48, 64, 3), np.uint8), now_s=0.0)


def test_an_engine_of_another_size_goes_on_in_the_same_shape_and_is_faded_in(reprojector: Reprojector) -> None:
    camera = scene(60)
    reprojector.picture(camera, now_s=0.0)
    reprojector.picture(camera, now_s=0.2)
    half = cv2.resize(look(camera), (96, 56), interpolation=cv2.INTER_AREA)
    whole = cv2.resize(half, SIZE, interpolation=cv2.INTER_CUBIC)
    reprojector.arrived(half, camera)
    first = reprojector.picture(camera, now_s=0.2 + BEAT_S)
    assert first.shape == look(camera).shape and apart(first, look(camera)) < 12, "softer, at the same places"
    for step in range(2, 9):
        found = reprojector.picture(camera, now_s=0.2 + step * BEAT_S)
    assert np.array_equal(found, whole)
