"""Over several beats: newcomers, noise, repeats, late and quick engines, and what a reset leaves."""

from __future__ import annotations

import numpy as np
from streamv2v_cam.publish.motion import Reprojector
from streamv2v_cam.system.opencv import cv2

WIDTH, HEIGHT = 168, 96
BEAT_S = 1 / 30


def room(seed: int = 0) -> np.ndarray:
    """A wall with soft blotches, RGB uint8 [96, 168, 3]."""
    noise = np.random.default_rng(seed).normal(0, 1, (HEIGHT // 4, WIDTH // 4, 3)).astype(np.float32)
    return np.clip(128 + 40 * cv2.resize(noise, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), 0, 255).astype(
        np.uint8
    )


def with_disc(x: float, wall: np.ndarray | None = None) -> np.ndarray:
    """A shaded disc at `x` before a wall."""
    picture = room() if wall is None else wall.copy()
    ball = room(1)
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.circle(mask, (round(x * 16), 48 * 16), 20 * 16, 255, -1, cv2.LINE_AA, 4)
    ball = cv2.warpAffine(
        ball, np.array([[1, 0, x - 60], [0, 1, 0]], np.float32), (WIDTH, HEIGHT), borderMode=cv2.BORDER_WRAP
    )
    share = mask[..., None] / np.float32(255)
    lit = np.clip(ball.astype(np.float32) + 60, 0, 255)
    return np.round(picture * (1 - share) + lit * share).astype(np.uint8)


def look(frame: np.ndarray) -> np.ndarray:
    """A look: turned to warm and dark, the way an engine's picture differs from the camera's."""
    return (frame * np.array([0.9, 0.6, 0.3]) + np.array([20, 10, 60])).astype(np.uint8)


def apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(np.float32) - other).mean())


def reprojector(width: int = WIDTH, height: int = HEIGHT) -> Reprojector:
    return Reprojector(width=width, height=height)


def test_a_newcomer_is_filled_with_the_looks_own_tones_where_that_is_allowed() -> None:
    empty, now = room(), with_disc(84)
    own = reprojector()
    own.arrived(look(empty), empty)
    borrowed = own.picture(now, now_s=0.0)
    other = reprojector()
    other.arrived(look(empty), empty)
    warped_only = other.picture(now, borrow=False, now_s=0.0)
    assert apart(borrowed, look(now)) < 0.6 * apart(warped_only, look(now))


def test_two_newcomers_far_apart_are_each_filled_as_if_there_were_no_other() -> None:
    empty, left, right = room(), with_disc(24), with_disc(144)
    both = left.copy()
    both[:, WIDTH // 2 :] = right[:, WIDTH // 2 :]

    def filled(now: np.ndarray) -> np.ndarray:
        motion = reprojector()
        motion.arrived(look(empty), empty)
        return motion.picture(now, now_s=0.0)

    assert apart(filled(both), look(both)) < 0.7 * apart(look(empty), look(both))
    assert apart(filled(both)[:, : WIDTH // 2], filled(left)[:, : WIDTH // 2]) < 0.5
    assert apart(filled(both)[:, WIDTH // 2 :], filled(right)[:, WIDTH // 2 :]) < 0.5


def test_a_cameras_noise_moves_nothing() -> None:
    frame, noise = with_disc(60), np.random.default_rng(3)
    motion = reprojector()
    motion.arrived(look(frame), frame)
    for number in range(4):
        grainy = np.clip(frame + noise.normal(0, 3, frame.shape), 0, 255).astype(np.uint8)
        assert np.array_equal(motion.picture(grainy, now_s=number * BEAT_S), look(frame))


def test_the_same_frame_again_is_the_same_array() -> None:
    frame, now = with_disc(60), with_disc(64)
    motion = reprojector(2 * WIDTH, 2 * HEIGHT)
    motion.arrived(look(frame), frame)
    first = motion.picture(now, now_s=0.0)
    assert motion.picture(now, now_s=BEAT_S) is first
    assert motion.picture(now.copy(), now_s=2 * BEAT_S) is first


def test_an_engine_as_quick_as_the_camera_is_shown_without_a_fade() -> None:
    motion = reprojector()
    for number in range(4):
        frame = with_disc(60 + number)
        motion.arrived(look(frame), frame)
        shown = motion.picture(frame, now_s=number * BEAT_S)
        assert apart(shown, look(frame)) < (0.5 if number else 0.01)


def test_after_a_reset_nothing_of_the_old_look_is_left() -> None:
    frame = with_disc(60)
    motion = reprojector()
    motion.arrived(np.full_like(frame, 255), frame)
    for number in range(6):
        motion.picture(frame, now_s=number * BEAT_S)
    motion.reset()
    motion.arrived(look(frame), frame)
    assert np.array_equal(motion.picture(frame, now_s=6 * BEAT_S), look(frame))


def test_late_arrivals_of_several_slots_are_moved_to_the_newest_frame_without_borrowing() -> None:
    frames = [with_disc(50 + number) for number in range(12)]
    motion, held, moved = reprojector(), [], []
    for now in range(6, 12):
        made_of = frames[now - 6 - now % 3]
        if now % 3 == 0:
            motion.arrived(look(made_of), made_of)
        shown = motion.picture(frames[now], borrow=False, now_s=now * BEAT_S)
        moved.append(apart(shown, look(frames[now])))
        held.append(apart(look(made_of), look(frames[now])))
    assert np.mean(moved) < 0.85 * np.mean(held)
