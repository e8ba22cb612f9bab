"""The look on a part of the picture: where it is, and that whatever is uncertain shows the whole look."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from patience import until
from streamv2v_cam.capture.presenter import draw
from streamv2v_cam.frame import Frame, Pixels, View
from streamv2v_cam.publish.region import Region
from streamv2v_cam.publish.region.region import FORBIDDEN, NO_SUCH_LOOK, NOBODY, SEEKING
from streamv2v_cam.publish.region.seeking import Found, Seeker, worked

from streamv2v import Controls

WIDTH, HEIGHT = 640, 360
PRESENTER = np.ascontiguousarray(draw(1.0, WIDTH, HEIGHT))
LOOK = np.full_like(PRESENTER, (250, 0, 250))
FACE, CHEST, WALL = np.s_[150:240, 290:350], np.s_[310:350, 250:390], np.s_[5:60, 5:60]
HERE = View(1, (0.0, 1.0), (0.0, 1.0))


class Show:
    """A region with a camera's newest frame, as the publisher asks it."""

    def __init__(self, **options: Any) -> None:
        self.newest: Frame | None = None
        self.region = Region(lambda: self.newest, **options)

    def capture(self, pixels: Pixels = PRESENTER, *, later_s: float = 0.0, view: View = HERE) -> Frame:
        self.newest = Frame(pixels, 0, time.monotonic() + later_s, view=view)
        return self.newest

    def picture(self, frame: Frame | None = None, *, may_borrow: bool = True, look: Pixels = LOOK, **asked: Any):
        return self.region.picture(look, frame or self.capture(), Controls(**asked), may_borrow=may_borrow)

    def settled(self, **asked: Any) -> Pixels:
        """The picture once somebody was sought."""
        self.picture(**asked)
        assert until(lambda: self.region.seeker.found is not None or self.region.seeker.failed)
        return self.picture(**asked)


@pytest.fixture
def show() -> Iterator[Show]:
    made = Show()
    yield made
    made.region.stop()


def test_a_look_on_the_whole_picture_is_left_as_it_is_and_nothing_is_sought(show: Show) -> None:
    assert show.picture() is LOOK
    assert show.region.seeker.cost_s == 0.0


def test_behind_the_person_is_the_look_and_the_person_is_the_cameras(show: Show) -> None:
    answer = show.settled(region="background")
    assert np.array_equal(answer[WALL], LOOK[WALL])
    assert np.array_equal(answer[FACE], PRESENTER[FACE])
    assert np.array_equal(answer[CHEST], PRESENTER[CHEST])
    assert show.region.told == ""


def test_on_the_person_is_the_look_and_the_rest_is_one_colour(show: Show) -> None:
    answer = show.settled(region="person", outside="colour", outside_colour="#10ff20")
    assert (answer[WALL] == (0x10, 0xFF, 0x20)).all()
    assert np.array_equal(answer[CHEST], LOOK[CHEST])


def test_on_the_face_is_the_look_and_the_chest_is_the_cameras(show: Show) -> None:
    answer = show.settled(region="face")
    assert np.array_equal(answer[FACE], LOOK[FACE])
    assert np.array_equal(answer[CHEST], PRESENTER[CHEST])


def test_a_blurred_outside_is_the_camera_out_of_focus(show: Show) -> None:
    answer = show.settled(region="person", outside="blur")
    shelf = np.s_[20:250, 450:600]
    assert abs(float(answer[shelf].mean()) - float(PRESENTER[shelf].mean())) < 8.0
    assert answer[shelf].std() < 0.7 * PRESENTER[shelf].std()


def test_the_outside_in_the_colours_of_another_look(show: Show) -> None:
    show.region = Region(lambda: show.newest, sample=lambda name: LOOK if name == "pink" else None)
    grey = np.full_like(LOOK, 90)
    answer = show.settled(region="person", outside="palette", outside_look="pink", look=grey)
    assert np.abs(answer[WALL].astype(int) - LOOK[WALL]).max() < 4
    assert np.array_equal(answer[FACE], grey[FACE])
    assert show.picture(region="person", outside="palette", outside_look="nothing", look=grey) is grey
    assert show.region.told == NO_SUCH_LOOK
    show.region.stop()


@pytest.mark.parametrize("outside", ["camera", "blur"])
@pytest.mark.parametrize("region", ["person", "background", "face"])
def test_where_the_look_may_take_nothing_of_the_camera_the_whole_look_is_shown(
    show: Show, region: str, outside: str
) -> None:
    show.settled(region=region, outside=outside)
    assert show.picture(region=region, outside=outside, may_borrow=False) is LOOK
    assert show.region.told == FORBIDDEN


def test_a_colour_outside_is_allowed_there_and_nothing_of_the_camera_is_in_it(show: Show) -> None:
    black = np.zeros_like(LOOK)
    asked = dict(region="person", outside="colour", outside_colour="#ffffff", look=black, may_borrow=False)
    answer = show.settled(**asked)
    assert (answer.max(axis=2) == answer.min(axis=2)).all()  # a grey between black and white alone
    assert (answer[WALL] == 255).all()
    assert (answer[FACE] == 0).all()


def test_nobody_in_the_picture_means_the_whole_look(show: Show) -> None:
    empty = np.full_like(PRESENTER, 120)
    show.picture(show.capture(empty), region="person")
    assert until(lambda: show.region.seeker.found is not None)
    assert show.picture(show.capture(empty), region="person") is LOOK
    assert show.region.told == NOBODY["person"]


def test_until_somebody_was_sought_the_whole_look_is_shown(show: Show) -> None:
    assert show.picture(region="background") is LOOK
    assert show.region.told == SEEKING


def test_a_network_that_cannot_be_run_means_the_whole_look_and_is_told(
    show: Show, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("streamv2v_cam.publish.region.networks.FOLDER", tmp_path)
    assert show.settled(region="person") is LOOK
    assert "cannot be sought" in show.region.told


class Once(Seeker):
    """Seeks in one frame, and never again."""

    def want(self, kind: str) -> None:
        frame = self._newest()
        if self.found is None and kind and frame is not None:
            self.found = self.sought(kind, frame)


def test_a_mask_goes_along_with_the_person_between_two_answers(show: Show) -> None:
    show.region = Region(lambda: show.newest, seeker=Once(lambda: show.newest))
    asked = dict(region="person", outside="colour", outside_colour="#000000")
    before = np.flatnonzero(show.picture(**asked)[330, :, 0] > 125)
    moved = show.picture(show.capture(np.roll(PRESENTER, 24, axis=1)), **asked)
    after = np.flatnonzero(moved[330, :, 0] > 125)
    assert 16 <= after.mean() - before.mean() <= 30


@pytest.mark.parametrize(
    "change",
    [{"later_s": 5.0}, {"view": View(1, (1.0, -1.0), (0.0, 1.0))}, {"pixels": np.roll(255 - PRESENTER, 200, axis=0)}],
    ids=["too old", "another framing", "another scene"],
)
def test_a_mask_that_does_not_belong_to_the_picture_any_more_means_the_whole_look(
    show: Show, change: dict[str, Any]
) -> None:
    show.region = Region(lambda: show.newest, seeker=Once(lambda: show.newest))
    assert show.picture(region="background") is not LOOK
    assert show.picture(show.capture(**change), region="background") is LOOK
    assert show.region.told == SEEKING


def test_a_beat_in_which_nothing_changed_gives_the_same_picture_again(show: Show) -> None:
    show.region = Region(lambda: show.newest, seeker=Once(lambda: show.newest))
    frame = show.capture()
    first = show.picture(frame, region="background")
    assert show.picture(frame, region="background") is first


def test_a_look_whose_colours_are_wanted_may_come_later(show: Show) -> None:
    looks: dict[str, Pixels] = {}
    show.region = Region(lambda: show.newest, sample=looks.get)
    asked = dict(region="person", outside="palette", outside_look="pink", look=np.full_like(LOOK, 90))
    show.settled(**asked)
    assert show.region.told == NO_SUCH_LOOK
    looks["pink"] = LOOK
    show.picture(**asked)
    assert show.region.told == ""
    show.region.stop()


class Told(Seeker):
    """Finds what it is told to."""

    def want(self, kind: str) -> None:
        if kind != self._wanted:
            self.found, self._wanted = None, kind


def test_a_mask_of_the_face_is_not_mixed_into_that_of_the_person(show: Show) -> None:
    seeker = Told(lambda: None)
    show.region = Region(lambda: show.newest, seeker=seeker)
    face, person = np.zeros((144, 256), np.float32), np.ones((144, 256), np.float32)
    frame = show.capture()
    for region, mask in (("face", face), ("person", person)):
        show.picture(frame, region=region, outside="colour")
        seeker.found = Found(frame, worked(frame.pixels), mask)
        answer = show.picture(frame, region=region, outside="colour")
    assert np.array_equal(answer, LOOK)
    show.region.stop()
