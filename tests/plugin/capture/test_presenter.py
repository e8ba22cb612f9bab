"""The drawn presenter: the same for the same time, and alive."""

from __future__ import annotations

import numpy as np
import pytest
from streamv2v_cam.capture.presenter import draw
from streamv2v_cam.capture.presenter.motion import WAVE_EVERY_S, pose_at

WIDTH, HEIGHT = 320, 180


def test_the_same_time_gives_the_same_picture() -> None:
    assert np.array_equal(draw(1.25, WIDTH, HEIGHT), draw(1.25, WIDTH, HEIGHT))


@pytest.mark.parametrize("size", [(320, 180), (180, 320), (200, 200), (64, 48)])
def test_any_size_is_filled(size: tuple[int, int]) -> None:
    picture = draw(0.5, *size)
    assert picture.shape == (size[1], size[0], 3) and picture.dtype == np.uint8
    assert picture.std() > 20


def test_the_figure_moves_between_two_frames_and_far_over_a_second() -> None:
    now, next_frame, later = (draw(t_s, WIDTH, HEIGHT).astype(int) for t_s in (2.0, 2.0 + 1 / 30, 3.0))
    near, far = np.abs(next_frame - now).mean(), np.abs(later - now).mean()
    assert 0 < near < far


def test_the_mouth_opens_and_rests_the_eyes_blink_and_the_hand_waves() -> None:
    poses = [pose_at(number / 30) for number in range(int(WAVE_EVERY_S * 30))]
    for part in ("mouth", "lids", "wave"):
        values = [getattr(pose, part) for pose in poses]
        assert min(values) < 0.05 and max(values) > 0.9, part
        assert min(values) >= 0 and max(values) <= 1, part


def test_the_face_has_skin_and_the_head_has_hair() -> None:
    picture = draw(0.0).astype(int)
    red, green, blue = (picture[300:420, 540:740, channel] for channel in range(3))
    assert ((red > green + 20) & (green > blue) & (red > 170)).mean() > 0.4
    assert picture[120:170, 600:680].mean() < 110
