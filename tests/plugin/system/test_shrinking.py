"""Camera frames at the engine's size: one way for all, made once."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
from streamv2v_cam.frame import Frame
from streamv2v_cam.system.opencv import cv2
from streamv2v_cam.system.shrinking import ShrunkFrames, shrunk


def picture(width: int, height: int) -> np.ndarray:
    coarse = np.random.default_rng(0).integers(0, 255, (9, 16, 3)).astype(np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize("size", [(1280, 720), (640, 360), (1281, 721), (400, 230)], ids=str)
def test_a_picture_shrunk_is_the_mean_of_what_lies_under_each_pixel(size: tuple[int, int]) -> None:
    large = picture(*size)
    found = shrunk(large, 336, 192).astype(int)
    wanted = cv2.resize(large, (336, 192), interpolation=cv2.INTER_AREA)
    assert found.shape == (192, 336, 3)
    assert np.abs(found - wanted).mean() < 1


def test_a_frame_is_shrunk_once_for_all_who_ask_and_its_picture_goes_with_it() -> None:
    kept, frame = ShrunkFrames(), Frame(picture(640, 360), 0, 0.0)
    first = kept.of(frame, 320, 184)
    assert kept.of(frame, 320, 184) is first
    assert kept.of(frame, 160, 96).shape == (96, 160, 3), "another size is made anew"
    gone = weakref.ref(kept.of(frame, 320, 184))
    del frame, first
    gc.collect()
    assert gone() is None
