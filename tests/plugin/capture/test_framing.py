"""Framing: any picture becomes one of the published size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamv2v_cam.capture.framing import BAR_GREY, crop_box, frame

sizes = st.integers(1, 90)
pans = st.floats(-1, 1)
framings = st.fixed_dictionaries(
    {"fit": st.sampled_from(["crop", "fit"]), "zoom": st.floats(1, 4), "pan_x": pans, "pan_y": pans}
)


def noise(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(width * 1000 + height).integers(0, 256, (height, width, 3), dtype=np.uint8)


@given(source_width=sizes, source_height=sizes, width=sizes, height=sizes, framing=framings, mirror=st.booleans())
def test_every_picture_gets_the_published_shape(source_width, source_height, width, height, framing, mirror) -> None:
    framed = frame(noise(source_width, source_height), width, height, mirror=mirror, **framing)
    assert framed.shape == (height, width, 3)
    assert framed.dtype == np.uint8
    assert framed.flags["C_CONTIGUOUS"]


@given(source_width=sizes, source_height=sizes, width=sizes, height=sizes)
def test_mirroring_twice_gives_the_framed_picture_back(source_width, source_height, width, height) -> None:
    picture = noise(source_width, source_height)
    once = frame(picture, width, height, mirror=True)
    assert np.array_equal(frame(once, width, height, mirror=True), frame(picture, width, height))


@given(source_width=sizes, source_height=sizes, width=sizes, height=sizes, framing=framings)
def test_the_cut_lies_inside_the_source(source_width, source_height, width, height, framing) -> None:
    left, top, cut_width, cut_height = crop_box(source_width, source_height, width, height, **framing)
    assert 0 <= left <= left + cut_width <= source_width
    assert 0 <= top <= top + cut_height <= source_height
    assert cut_width >= 1 and cut_height >= 1


def test_a_picture_of_the_published_size_is_passed_on_uncopied() -> None:
    picture = noise(64, 36)
    assert frame(picture, 64, 36) is picture


def test_crop_keeps_the_proportions_and_fit_shows_bars() -> None:
    picture = np.full((48, 64, 3), 200, dtype=np.uint8)
    assert (frame(picture, 64, 36) == 200).all()
    fitted = frame(picture, 64, 36, fit="fit")
    assert (fitted[:, :8] == BAR_GREY).all() and (fitted[:, -8:] == BAR_GREY).all()
    assert (fitted[:, 8:-8] == 200).all()


@pytest.mark.parametrize(("pan_x", "shown"), [(-1.0, "left"), (1.0, "right")])
@pytest.mark.parametrize("mirror", [False, True])
def test_pan_chooses_the_side_as_it_is_seen_on_air(pan_x: float, shown: str, mirror: bool) -> None:
    picture = np.zeros((40, 80, 3), dtype=np.uint8)
    picture[:, 40:] = 255
    on_air_left_is_bright = mirror
    framed = frame(picture, 40, 20, zoom=2, pan_x=pan_x, mirror=mirror)
    assert (framed > 127).all() == (on_air_left_is_bright if shown == "left" else not on_air_left_is_bright)


def test_zoom_shows_less_of_the_picture() -> None:
    ramp = np.repeat(np.arange(0, 250, 2, dtype=np.uint8)[None, :, None], 70, axis=0).repeat(3, axis=2)
    assert np.ptp(frame(ramp, 50, 28, zoom=2)) < 0.6 * np.ptp(frame(ramp, 50, 28))
