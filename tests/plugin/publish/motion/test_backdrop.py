"""What the engine drew of a place before something hid it is shown again when it is seen again."""

from __future__ import annotations

import numpy as np
from streamv2v_cam.publish.motion import Reprojector
from streamv2v_cam.publish.motion.backdrop import FORGOTTEN, SETTLED, Backdrop
from streamv2v_cam.system.opencv import cv2

SIZE = (192, 112)
WALL = cv2.resize(
    np.random.default_rng(1).integers(40, 200, (14, 24, 3)).astype(np.uint8), SIZE, interpolation=cv2.INTER_NEAREST
)
HAND = np.s_[30:90, 60:100]
INSIDE = np.s_[36:84, 66:94]


def hidden(colour: int = 230) -> np.ndarray:
    picture = WALL.copy()
    picture[HAND] = colour
    return picture


def drawn(camera: np.ndarray, tint: int = 0) -> np.ndarray:
    """A look that no map of brightness gives: colours change places, lines are drawn."""
    edges = cv2.Canny(cv2.cvtColor(camera, cv2.COLOR_RGB2GRAY), 30, 60)
    picture = camera[..., ::-1].copy() // 2 + tint
    picture[edges > 0] = 255 - tint
    return picture


def error(one: np.ndarray, other: np.ndarray, where: tuple[slice, slice] = INSIDE) -> float:
    return float(np.abs(one[where].astype(int) - other[where]).mean())


def test_what_a_hand_hid_is_the_engines_own_drawing_once_the_hand_is_gone_also_without_borrowing() -> None:
    for borrow in (True, False):
        reprojector = Reprojector(width=SIZE[0], height=SIZE[1])
        for number in range(4):
            camera = WALL if number < 2 else hidden()
            reprojector.arrived(drawn(camera), camera)
            for beat in range(8):  # until nothing of the picture before is left
                reprojector.picture(camera, borrow=borrow, now_s=number + beat / 30)
        shown = reprojector.picture(WALL, borrow=borrow, now_s=5.0)
        assert error(shown, drawn(WALL)) < 6 < error(drawn(hidden()), drawn(WALL))


def test_what_stays_becomes_the_backdrop_and_what_is_hidden_too_long_is_forgotten() -> None:
    box = np.s_[0:56, 0:96]
    backdrop = Backdrop()
    for camera, times in ((WALL, 1), (hidden(), SETTLED + 2)):
        for _ in range(times):
            backdrop.arrived(drawn(camera), camera)
    found = backdrop.behind(cv2.resize(hidden(), (96, 56), interpolation=cv2.INTER_AREA), box)
    assert found is not None
    look, _, share = found
    assert share[20:40, 35:45].min() == 1 and error(look[..., :3], drawn(hidden())) < 1
    backdrop = Backdrop()
    backdrop.arrived(drawn(WALL), WALL)
    wall = cv2.resize(WALL, (96, 56), interpolation=cv2.INTER_AREA)
    for number in range(FORGOTTEN + 1):
        restless = hidden(150 + 40 * (number % 3))
        backdrop.arrived(drawn(restless), restless)
        found = backdrop.behind(wall, box)
        assert found is not None and found[2][20:40, 35:45].max() == (1 if number < FORGOTTEN else 0), number


def test_another_look_another_size_and_a_new_beginning_show_nothing_of_the_old_one() -> None:
    box = np.s_[0:56, 0:96]
    wall = cv2.resize(WALL, (96, 56), interpolation=cv2.INTER_AREA)
    backdrop = Backdrop()
    assert backdrop.behind(wall, box) is None
    backdrop.arrived(drawn(WALL), WALL)
    backdrop.arrived(drawn(hidden(), tint=100), hidden())
    found = backdrop.behind(wall, box)
    assert found is not None
    assert found[2][20:40, 35:45].max() == 0, "behind the hand nothing of the new look is known"
    half = cv2.resize(WALL, (96, 56), interpolation=cv2.INTER_AREA)
    backdrop.arrived(half, half)
    assert backdrop.behind(wall, box) is None
    backdrop.forget()
    assert backdrop.behind(cv2.resize(half, (48, 28)), np.s_[0:28, 0:48]) is None
