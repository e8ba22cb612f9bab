"""The engine's size follows the picture's shape."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamv2v_cam.sizes import engine_size, even, size_for


@pytest.mark.parametrize(
    ("aspect", "size"),
    [(16 / 9, (336, 192)), (4 / 3, (288, 216)), (1.0, (256, 256)), (9 / 16, (192, 336))],
)
def test_usual_shapes_get_whole_cells_of_about_the_same_area(aspect: float, size: tuple[int, int]):
    assert engine_size(aspect, 336, 192) == size


@given(aspect=st.floats(0.3, 3.5), width=st.sampled_from([256, 336, 512, 768]))
def test_any_ordinary_shape_is_kept_within_five_percent(aspect: float, width: int):
    found_width, found_height = engine_size(aspect, width, width)
    assert found_width % 8 == found_height % 8 == 0
    assert found_width / found_height == pytest.approx(aspect, rel=0.05)
    assert found_width * found_height == pytest.approx(width * width, rel=0.25)


@given(aspect=st.floats(0.01, 100))
def test_even_absurd_shapes_give_a_size_the_engine_takes(aspect: float):
    assert all(64 <= side <= 2048 and side % 8 == 0 for side in engine_size(aspect, 336, 192))


def test_a_side_that_was_given_stays_and_the_other_follows_the_shape():
    assert size_for("embedded", 4 / 3, width=320) == (320, 240)
    assert size_for("embedded", 9 / 16, height=512) == (288, 512)
    assert size_for("embedded", 9 / 16, 512, 512) == (512, 512)


@pytest.mark.parametrize("aspect", [16 / 9, 9 / 16])
def test_the_usual_size_of_every_model_is_kept_lying_and_standing(aspect: float):
    assert sorted(size_for("embedded", aspect)) == [192, 336]
    assert sorted(size_for("some/model", aspect)) == [320, 576]
    for model in ("stabilityai/sdxl-turbo", "models/juggernautXL_v9.safetensors", "some/animagine-xl-3.1"):
        assert sorted(size_for(model, aspect)) == [384, 680]
    assert sorted(size_for("some/voxlike-model", aspect)) == [320, 576]


def test_odd_sizes_go_up_by_one():
    assert even(65, 49) == (66, 50)
    assert even(640, 480) == (640, 480)
