"""Slates and the cover: legible, cached, and the cover silent."""

from __future__ import annotations

import numpy as np
import pytest
from streamv2v_cam.airstate import AirState
from streamv2v_cam.publish.lettering import shortened, text_width, wrapped
from streamv2v_cam.publish.slate import KEPT, Slate, privacy_cover

SIZES = [(1280, 720), (640, 360), (320, 240), (720, 1280), (64, 36)]


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("state", list(AirState))
def test_every_state_has_a_slate_in_every_size(state: AirState, width: int, height: int) -> None:
    picture = Slate(width, height).picture(state, "The camera is not plugged in. " * 12, "reading 40 %")
    assert picture.shape == (height, width, 3) and picture.dtype == np.uint8


def test_the_same_words_give_the_same_array_and_old_ones_are_let_go() -> None:
    slate = Slate(160, 90)
    first = slate.picture(AirState.STARTING, "", "1 %")
    assert slate.picture(AirState.STARTING, "", "1 %") is first
    for number in range(KEPT + 1):
        slate.picture(AirState.STARTING, "", f"{number + 2} %")
    assert slate.picture(AirState.STARTING, "", "1 %") is not first
    assert len(slate._kept) <= KEPT


def test_reason_progress_and_hope_are_seen_on_the_slate() -> None:
    slate = Slate(640, 360)
    pictures = [
        slate.picture(AirState.ENGINE_RESTARTING),
        slate.picture(AirState.ENGINE_RESTARTING, "out of memory"),
        slate.picture(AirState.ENGINE_RESTARTING, "", "reading 40 %"),
        slate.picture(AirState.ENGINE_RESTARTING, given_up=True),
        slate.picture(AirState.CAMERA_LOST),
    ]
    for number, one in enumerate(pictures):
        for other in pictures[number + 1 :]:
            assert not np.array_equal(one, other)


def test_nobody_can_write_into_a_picture_that_is_shown_again() -> None:
    for picture in (Slate(64, 36).picture(AirState.STARTING), privacy_cover(64, 36)):
        with pytest.raises(ValueError, match="read-only"):
            picture[0, 0] = 0


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_cover_is_the_same_every_time_and_calm(width: int, height: int) -> None:
    cover = privacy_cover(width, height)
    assert cover.shape == (height, width, 3)
    assert np.array_equal(cover, privacy_cover(width, height))


def test_text_is_broken_between_words_and_shortened_where_it_is_too_long() -> None:
    lines = list(wrapped("one two three four five six seven", 120, size=20, lines=3))
    assert 1 < len(lines) <= 3
    assert all(text_width(line, size=20) <= 120 for line in lines)
    assert lines[-1].endswith("...")
    assert list(wrapped("short", 500, size=20, lines=3)) == ["short"]
    assert list(wrapped("", 500, size=20, lines=3)) == []
    assert text_width(shortened("x" * 200, 100, size=20), size=20) <= 100
