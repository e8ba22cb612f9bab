"""Detail: the camera's fine structure, where the look has structure of its own, and exactly none at 0."""

from __future__ import annotations

import numpy as np
from streamv2v_cam.publish.motion import Reprojector
from streamv2v_cam.publish.motion.detail import with_detail
from streamv2v_cam.system.opencv import cv2

SMALL, LARGE = (84, 48), (336, 192)


def scene() -> np.ndarray:
    """Fine stripes on a coarse ramp left, a smooth wall right, RGB uint8 [192, 336, 3]."""
    y, x = np.mgrid[0:192, 0:336].astype(np.float32)
    coarse = 120 + 60 * np.sin(x / 14) * np.sin(y / 14)
    fine = 25 * np.sin(x * 2.4)
    left = x < 168
    return np.repeat(np.where(left, np.clip(coarse + fine, 0, 255), 120)[..., None], 3, axis=-1).astype(np.uint8)


def small(picture: np.ndarray) -> np.ndarray:
    return cv2.resize(picture, SMALL, interpolation=cv2.INTER_AREA)


def large(picture: np.ndarray) -> np.ndarray:
    return cv2.resize(picture, LARGE, interpolation=cv2.INTER_CUBIC)


def fine_of(picture: np.ndarray) -> np.ndarray:
    grey = picture.mean(axis=-1).astype(np.float32)
    return grey - cv2.blur(grey, (9, 9))


def test_no_detail_is_exactly_the_picture_itself() -> None:
    picture = large(small(scene()))
    assert with_detail(picture, scene(), small(scene()), small(scene()), 0.0) is picture


def test_fine_structure_comes_back_in_the_share_asked_for() -> None:
    camera = scene()
    look = small(camera)
    parts = [
        float(np.abs(fine_of(with_detail(large(look), camera, look, small(camera), share))[20:-20, 20:140]).mean())
        for share in (0.0, 0.5, 1.0)
    ]
    assert parts[0] < parts[1] < parts[2]
    assert parts[2] > 2 * parts[0]


def test_a_flat_look_gets_nothing_however_much_the_camera_shows() -> None:
    flat = np.full((48, 84, 3), 90, np.uint8)
    shown = with_detail(large(flat), scene(), flat, small(scene()), 1.0)
    assert (shown == 90).all()


def test_the_cameras_noise_is_not_drawn_even_where_the_look_follows_it() -> None:
    noisy = np.clip(scene() + np.random.default_rng(0).normal(0, 4, (192, 336, 1)), 0, 255).astype(np.uint8)
    look = small(noisy)
    shown = with_detail(large(look), noisy, look, small(noisy), 1.0)
    wall = (slice(20, -20), slice(200, 320))
    drawn = shown[wall].astype(np.float32) - large(look)[wall]
    assert np.abs(drawn).mean() < 0.2


def test_a_look_that_turns_light_to_dark_gets_dark_for_light() -> None:
    camera = scene()
    look = small(255 - camera)
    drawn = with_detail(large(look), camera, look, small(camera), 1.0).astype(np.float32) - large(look)
    seen = fine_of(camera)
    there = (slice(20, -20), slice(20, 140))
    assert (drawn.mean(axis=-1)[there] * seen[there]).mean() < 0


def test_a_reprojector_adds_detail_only_while_borrowing_is_allowed() -> None:
    camera = scene()
    pictures = []
    for detail, borrow in ((0.0, True), (1.0, False), (1.0, True)):
        motion = Reprojector(width=LARGE[0], height=LARGE[1])
        motion.arrived(small(camera), camera)
        pictures.append(motion.picture(camera, detail=detail, borrow=borrow, now_s=0.0))
    assert np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[0], pictures[2])
