"""Only what changed is enlarged again, and it is the same picture to the last grey level."""

from __future__ import annotations

import numpy as np
import pytest
from streamv2v_cam.publish.motion.enlarging import Enlarger
from streamv2v_cam.system.opencv import cv2

SIZES = [((336, 192), (1280, 720)), ((192, 336), (720, 1280)), ((288, 216), (640, 480)), ((320, 184), (1366, 768))]


@pytest.mark.parametrize(("small", "large"), SIZES, ids=str)
def test_a_picture_enlarged_in_parts_is_the_picture_enlarged_as_a_whole(
    small: tuple[int, int], large: tuple[int, int]
) -> None:
    draw = np.random.default_rng(0)
    enlarge, picture = Enlarger(*large), draw.integers(0, 255, (small[1], small[0], 3)).astype(np.uint8)
    enlarge(picture)
    for across, down in ((1, 1), (90, 60), (small[0] // 2, small[1] - 10), small):
        picture = picture.copy()
        for _ in range(3):
            top, left = draw.integers(0, small[1] - down + 1), draw.integers(0, small[0] - across + 1)
            picture[top : top + down, left : left + across] = draw.integers(0, 255, (down, across, 3))
        before = enlarge(picture).copy()
        found = enlarge(picture)
        assert np.array_equal(found, cv2.resize(picture, large, interpolation=cv2.INTER_CUBIC))
        assert np.array_equal(found, before), "what was given away is not written to"


def test_nothing_new_is_the_same_picture_again_and_another_size_begins_anew() -> None:
    enlarge = Enlarger(64, 48)
    small = np.full((12, 16, 3), 90, np.uint8)
    first = enlarge(small)
    assert enlarge(small.copy()) is first
    assert enlarge(np.full((24, 32, 3), 30, np.uint8)).mean() == 30
    whole = np.zeros((48, 64, 3), np.uint8)
    assert enlarge(whole) is whole, "nothing to enlarge"
    assert enlarge(np.full((96, 128, 3), 7, np.uint8)).shape == (48, 64, 3)
