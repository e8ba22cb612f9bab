"""Camera frames kept until the pictures made of them are back."""

from __future__ import annotations

import numpy as np
from streamv2v_cam.engine.fed import MOST_KEPT, FedFrames
from streamv2v_cam.frame import Pixels


def picture(number: int) -> Pixels:
    return np.full((2, 2, 3), number % 256, np.uint8)


def test_the_frame_of_a_picture_is_found_however_many_slots_it_passed() -> None:
    fed = FedFrames()
    for number in range(9):
        fed.note(number + 1, 100 + number, picture(number))
        if number % 2 == 0:
            fed.taken(number + 1)
    for number in (0, 2, 4):
        found = fed.shown(100 + number)
        assert found is not None and found[0, 0, 0] == number


def test_what_the_engine_skipped_or_has_shown_is_forgotten() -> None:
    fed = FedFrames()
    for number in range(5):
        fed.note(number + 1, number, picture(number))
    fed.taken(1)
    fed.taken(4)
    assert fed.shown(1) is None and fed.shown(2) is None, "skipped"
    assert fed.shown(3) is not None
    assert fed.shown(0) is None, "older than what was shown"
    assert fed.shown(4) is not None, "may still be taken"


def test_an_engine_that_takes_nothing_costs_a_bounded_number_of_frames() -> None:
    fed = FedFrames()
    for number in range(3 * MOST_KEPT):
        fed.note(number + 1, number, picture(number))
    assert len(fed._kept) == MOST_KEPT
    assert fed.shown(3 * MOST_KEPT - 1) is not None and fed.shown(0) is None
