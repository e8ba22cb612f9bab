"""What structure networks are shown of a camera's picture."""

from __future__ import annotations

import numpy as np
import pytest

from streamv2v.config import Structure
from streamv2v.errors import ConfigError
from streamv2v.steering import STRUCTURE_KINDS
from streamv2v.structure.hints import hint

SIDE = 96


def a_square() -> np.ndarray:
    """Dark on light, with a soft noise over it."""
    picture = np.full((SIDE, SIDE, 3), 200, dtype=np.uint8)
    picture[32:64, 32:64] = 40
    return picture + np.random.default_rng(0).integers(0, 6, picture.shape, dtype=np.uint8)


@pytest.mark.parametrize("kind", [kind for kind in STRUCTURE_KINDS if kind != "picture"])
def test_lines_are_bright_where_the_picture_has_edges_and_dark_elsewhere(kind: str) -> None:
    shown = hint(kind, a_square(), SIDE, SIDE)
    assert shown.shape == (SIDE, SIDE, 1) and shown.dtype == np.uint8
    border = shown[28:68, 28:68].copy()
    border[8:-8, 8:-8] = 0
    assert border.max() >= 200
    assert shown[:20].max() < 60 and np.percentile(shown, 40) < 30


@pytest.mark.parametrize("kind", STRUCTURE_KINDS)
def test_a_picture_without_edges_shows_none_of_its_noise(kind: str) -> None:
    calm = np.full((SIDE, SIDE, 3), 120, dtype=np.uint8)
    calm += np.random.default_rng(1).integers(0, 4, calm.shape, dtype=np.uint8)
    shown = hint(kind, calm, SIDE, SIDE)
    assert shown.max() < (140 if kind == "picture" else 64)


def test_every_size_becomes_the_engines() -> None:
    for size in ((SIDE, SIDE), (64, 48), (200, 104)):
        assert hint("picture", a_square(), *size).shape == (size[1], size[0], 3)
        assert hint("canny", a_square(), *size).shape == (size[1], size[0], 1)
    np.testing.assert_array_equal(hint("picture", a_square(), SIDE, SIDE), a_square())


def test_what_a_network_is_shown_is_told_by_its_name_or_said() -> None:
    assert Structure("lllyasviel/control_v11p_sd15_canny").kind == "canny"
    assert Structure("lllyasviel/control_v11f1e_sd15_tile").kind == "picture"
    assert Structure("nets/sketch-adapter/").kind == "lineart"
    assert Structure.parsed("./mine:softedge") == Structure("./mine", "softedge")
    assert Structure.parsed(r"C:\nets\canny") == Structure(r"C:\nets\canny", "canny")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("lllyasviel/control_v11f1p_sd15_depth", "'depth', which is not made here"),
        ("lllyasviel/control_v11p_sd15_openpose", "'pose', which is not made here"),
        ("./mine", "does not tell what it is shown"),
        ("./mine:colours", "'colours' for ./mine was refused"),
        ("", "none was given"),
    ],
)
def test_a_network_that_cannot_be_shown_anything_is_refused_in_one_line(source: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as refused:
        Structure.parsed(source)
    assert "\n" not in str(refused.value)
