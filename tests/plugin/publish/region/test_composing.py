"""Look and outside in one picture: what goes over, what stays exactly, and what is outside."""

from __future__ import annotations

import numpy as np
import pytest
from streamv2v_cam.publish.region.composing import composed
from streamv2v_cam.publish.region.edges import edge_of
from streamv2v_cam.publish.region.outside import Palette, blurred_outside, camera_outside, colour_outside
from streamv2v_cam.system.opencv import cv2

CHANCE = np.random.default_rng(3)
WIDTH, HEIGHT = 320, 180


def noise(low: int, high: int) -> np.ndarray:
    small = CHANCE.integers(low, high, (9, 16, 3)).astype(np.uint8)
    return cv2.resize(small, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)


def disc() -> np.ndarray:
    mask = np.zeros((90, 160), np.float32)
    cv2.circle(mask, (80, 50), 25, 1.0, -1)
    return mask


def camera() -> np.ndarray:
    """A light disc before a dark wall, a little off the mask's."""
    picture = noise(20, 60)
    cv2.circle(picture, (163, 103), 52, (210, 190, 180), -1)
    return picture


def small_of(picture: np.ndarray) -> np.ndarray:
    return cv2.resize(picture, (160, 90), interpolation=cv2.INTER_AREA)


def test_far_from_the_edge_each_side_is_exactly_itself() -> None:
    look, newest = noise(80, 200), camera()
    answer = composed(look, camera_outside(newest), edge_of(disc(), small_of(newest), 0.0), newest)
    assert np.array_equal(answer[90:110, 150:170], look[90:110, 150:170])
    assert np.array_equal(answer[:20], newest[:20])


def test_it_is_what_blending_the_whole_picture_would_be() -> None:
    look, newest = noise(80, 200), camera()
    edge = edge_of(disc(), small_of(newest), 0.2)
    answer = composed(look, camera_outside(newest), edge, newest)
    slope, offset = (cv2.resize(field, (WIDTH, HEIGHT)) for field in (edge.slope, edge.offset))
    share = np.clip(slope * cv2.cvtColor(newest, cv2.COLOR_RGB2GRAY) + offset, 0.0, 1.0)[..., None]
    wanted = look * share + newest * (1.0 - share)
    apart = np.abs(answer - wanted)
    assert np.percentile(apart, 99) < 3.0
    assert apart.max() < 12.0


def test_the_edge_is_drawn_to_that_of_the_camera() -> None:
    newest = camera()
    white, black = np.full_like(newest, 255), np.zeros_like(newest)
    wanted = np.zeros((HEIGHT, WIDTH), np.float32)
    cv2.circle(wanted, (163, 103), 52, 255.0, -1)

    def off(small: np.ndarray | None) -> float:
        answer = composed(white, camera_outside(black), edge_of(disc(), small, 0.0), newest)
        return float(np.abs(answer[..., 0] - wanted).mean())

    assert off(small_of(newest)) < 0.6 * off(None)


def test_a_feather_makes_the_way_from_one_to_the_other_longer() -> None:
    widths = []
    for feather in (0.0, 0.5, 1.0):
        share = edge_of(disc(), None, feather).share
        widths.append(int(((share > 0.05) & (share < 0.95)).sum()))
    assert widths[0] < widths[1] < widths[2]


@pytest.mark.parametrize("shape", [(90, 160), (160, 90), (90, 90)])
def test_a_mask_that_is_everywhere_gives_the_look_itself_and_one_that_is_nowhere_the_outside(
    shape: tuple[int, int],
) -> None:
    look = np.ascontiguousarray(noise(80, 200)[:, : 180 * shape[1] // shape[0]])
    outside = colour_outside("#0040ff", look.shape[1], look.shape[0])
    ones = np.ones(shape, np.float32)
    assert composed(look, outside, edge_of(ones, None, 0.1), look) is look
    answer = composed(look, outside, edge_of(0 * ones, None, 0.1), look)
    assert (answer == (0, 64, 255)).all()


def test_what_is_out_of_focus_holds_nothing_of_what_is_inside() -> None:
    newest = np.full((90, 160, 3), 40, np.uint8)
    mask = disc()
    newest[mask > 0.5] = 250
    soft = blurred_outside(newest, cv2.dilate(mask, np.ones((5, 5))), WIDTH, HEIGHT)(np.s_[0:HEIGHT, 0:WIDTH])
    assert abs(int(soft[0, 0, 0]) - 40) <= 1
    assert int(soft[100, 105].max()) < 60


def test_a_palette_has_the_colours_of_its_sample() -> None:
    sample, look = noise(10, 120), noise(60, 220)
    sample[..., 2] //= 4
    moved = Palette(sample).outside(look)(np.s_[0:HEIGHT, 0:WIDTH]).reshape(-1, 3).astype(float)
    assert np.abs(moved.mean(axis=0) - sample.reshape(-1, 3).mean(axis=0)).max() < 6.0
    assert np.abs(moved.std(axis=0) / sample.reshape(-1, 3).std(axis=0) - 1.0).max() < 0.25
