"""Framing that changes under a styled picture: what the camera would show is what the picture then shows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamv2v_cam.capture.framing import axes_of, frame
from streamv2v_cam.frame import View
from streamv2v_cam.publish.motion import reframed
from streamv2v_cam.system.opencv import cv2

WIDTH, HEIGHT = 160, 96
SOURCE = cv2.resize(
    np.random.default_rng(2).integers(0, 255, (6, 8, 3)).astype(np.uint8), (320, 240), interpolation=cv2.INTER_CUBIC
)


def framed(**how: Any) -> tuple[np.ndarray, View]:
    view = View(1, *axes_of(320, 240, WIDTH, HEIGHT, **how))
    return frame(SOURCE, WIDTH, HEIGHT, **how), view


def test_a_mirrored_picture_is_mirrored_to_the_very_pixel() -> None:
    plain, was = framed()
    _, now = framed(mirror=True)
    assert np.array_equal(reframed(plain, was, now), cv2.flip(plain, 1))
    assert np.array_equal(reframed(reframed(plain, was, now), now, was), plain)


@pytest.mark.parametrize(
    "how",
    [
        {"zoom": 1.5},
        {"zoom": 2.0, "pan_x": 1.0, "pan_y": -1.0},
        {"zoom": 2.0, "pan_x": 0.6, "mirror": True},
        {"zoom": 1.2, "mirror": True},
    ],
    ids=str,
)
def test_a_picture_cut_into_shows_what_the_camera_framed_so_shows(how: dict[str, Any]) -> None:
    plain, was = framed()
    wanted, now = framed(**how)
    found = reframed(plain, was, now)
    assert np.abs(found.astype(int) - wanted)[4:-4, 4:-4].mean() < 4
    assert np.abs(plain.astype(int) - wanted)[4:-4, 4:-4].mean() > 15, "as it was it shows something else"


def test_bars_are_taken_into_account() -> None:
    plain, was = framed()
    wanted, now = framed(fit="fit")
    found = reframed(plain, was, now)
    inner = np.s_[22:-22, 20:-20]  # inside the bars, and what was cut away before
    assert np.abs(found.astype(int) - wanted)[inner].mean() < 4


@given(
    how=st.fixed_dictionaries(
        {
            "fit": st.sampled_from(["crop", "fit"]),
            "zoom": st.floats(1, 4),
            "pan_x": st.floats(-1, 1),
            "pan_y": st.floats(-1, 1),
            "mirror": st.booleans(),
        }
    ),
    size=st.tuples(st.integers(16, 2000), st.integers(16, 2000)),
)
def test_what_is_not_bars_lies_inside_the_source(how: dict[str, Any], size: tuple[int, int]) -> None:
    (x, x_span), (y, y_span) = axes_of(*size, WIDTH, HEIGHT, **how)
    for start, span, pixels in ((x, x_span, WIDTH), (y, y_span, HEIGHT)):
        middle = start + span / 2
        assert -1 / pixels <= middle <= 1 + 1 / pixels
        if how["fit"] == "crop":
            assert min(start, start + span) > -1e-9 and max(start, start + span) < 1 + 1e-9
