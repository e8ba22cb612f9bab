"""Motion between the engine's pictures, in a publisher at work: when it is on air and when it must not be."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from patience import until
from streamv2v_cam.airstate import EngineState, EngineStatus
from streamv2v_cam.capture.framing import axes_of
from streamv2v_cam.frame import Frame, Pixels, View
from streamv2v_cam.mailbox import Mailbox
from streamv2v_cam.publish import PublisherThread
from streamv2v_cam.publish.motion import Reprojector
from streamv2v_cam.store import ControlStore
from streamv2v_cam.system.opencv import cv2
from streamv2v_cam.system.shrinking import shrunk_frames
from streamv2v_cam.telemetry import Telemetry

WIDTH, HEIGHT = 192, 112


class Eye:
    name = "eye"

    def __init__(self) -> None:
        self.last: Pixels | None = None

    def send(self, pixels: Pixels) -> None:
        self.last = pixels

    def close(self) -> None:
        pass


def scene(at: int) -> Pixels:
    """A bright textured square at column `at` before a dark wall, RGB uint8 `[112, 192, 3]`."""
    wall = np.random.default_rng(1).integers(20, 60, (14, 24, 3)).astype(np.uint8)
    picture = cv2.resize(wall, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    patch = np.random.default_rng(3).integers(150, 255, (8, 8, 3)).astype(np.uint8)
    picture[36:76, at : at + 40] = cv2.resize(patch, (40, 40), interpolation=cv2.INTER_LINEAR)
    return picture


def place_of(picture: Pixels) -> float:
    """The column in the middle of the square, in a look that is the negative: where it is dark."""
    dark = (picture.mean(axis=2)[40:72] < 110).mean(axis=0)
    return float((dark * np.arange(WIDTH)).sum() / max(dark.sum(), 1e-6))


class Show:
    """A publisher, a camera in which a square walks, and an engine that styles when it is told."""

    def __init__(self, **options: Any) -> None:
        self.store, self.telemetry = ControlStore(), Telemetry()
        self.styled, self.raw = Mailbox[Frame](), Mailbox[Frame]()
        self.eye, self.at, self._number = Eye(), 40, 0
        self.publisher = PublisherThread(
            store=self.store,
            styled=self.styled,
            raw=self.raw,
            engine_status=lambda: EngineStatus(EngineState.RUNNING),
            camera_lost=lambda: None,
            telemetry=self.telemetry,
            width=WIDTH,
            height=HEIGHT,
            **options,
        )
        self.publisher.add_sink(self.eye)

    def capture(self, at: int, *, mirror: bool = False, opening: int = 1) -> Frame:
        self.at, self._number = at, self._number + 1
        view = View(opening, *axes_of(WIDTH, HEIGHT, WIDTH, HEIGHT, mirror=mirror))
        pixels = cv2.flip(scene(at), 1) if mirror else scene(at)
        frame = Frame(pixels, self._number, time.monotonic(), view=view)
        self.raw.put(frame)
        return frame

    def style(self, frame: Frame) -> None:
        self.styled.put(Frame(255 - frame.pixels, frame.index, frame.captured_at_s, frame.pixels, frame.view))

    def walk(self, to: int) -> None:
        while self.at < to:
            self.capture(self.at + 2)
            time.sleep(0.02)

    def shown_at(self) -> float:
        return -1.0 if self.eye.last is None else place_of(self.eye.last)


@pytest.fixture
def show() -> Iterator[Show]:
    made = Show()
    made.publisher.start()
    made.style(made.capture(40))
    assert until(lambda: made.shown_at() > 0)
    yield made
    made.publisher.stop()


def test_the_look_goes_where_the_camera_sees_the_square_without_a_new_picture_of_the_engine(show: Show) -> None:
    show.walk(to=60)
    assert until(lambda: abs(show.shown_at() - (60 + 20)) < 3), show.shown_at()


def test_held_it_stays_where_the_engine_drew_it_until_motion_is_wanted_again(show: Show) -> None:
    show.store.apply({"motion": "hold"})
    show.walk(to=60)
    assert until(lambda: abs(show.shown_at() - (40 + 20)) < 1), show.shown_at()
    show.store.apply({"motion": "reproject"})
    show.capture(60)
    assert until(lambda: abs(show.shown_at() - (60 + 20)) < 3), show.shown_at()


def test_a_frozen_picture_moves_no_more(show: Show) -> None:
    show.walk(to=50)
    assert until(lambda: abs(show.shown_at() - 70) < 3)
    show.store.apply({"mode": "freeze"})
    assert until(lambda: str(show.publisher.on_air.state) == "freeze")
    frozen = show.eye.last
    show.walk(to=64)
    assert show.eye.last is frozen


def test_after_privacy_nothing_of_before_comes_back(show: Show) -> None:
    show.store.apply({"mode": "privacy"})
    assert until(lambda: str(show.publisher.on_air.state) == "privacy")
    assert until(lambda: show.publisher._moving._ready is None and show.publisher._moving._arrived is None)
    show.style(show.capture(100))
    places = []
    show.store.apply({"mode": "effect"})
    assert until(lambda: str(show.publisher.on_air.state) == "live")
    assert until(lambda: places.append(show.shown_at()) or abs(places[-1] - 120) < 3)


def test_both_delays_are_told_the_one_of_what_moves_and_the_one_of_the_look(show: Show) -> None:
    old = show.capture(40)
    time.sleep(0.2)
    show.walk(to=44)
    show.style(old)
    assert until(lambda: show.telemetry.snapshot().look_p95_ms > 200)
    for at in range(45, 60):
        show.capture(at)
        time.sleep(0.03)
    assert 0 < show.telemetry.snapshot().latency_p50_ms < show.telemetry.snapshot().look_p95_ms


def test_a_picture_of_the_engine_without_its_camera_frame_is_shown_as_it_is(show: Show) -> None:
    plain = np.full((HEIGHT // 2, WIDTH // 2, 3), 30, np.uint8)
    show.styled.put(Frame(plain, 9, time.monotonic()))
    assert until(lambda: show.eye.last is not None and (show.eye.last == 30).all())


def test_a_fault_in_moving_leaves_the_engines_picture_on_air(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(show.publisher._moving._reprojector, "picture", lambda *_, **__: 1 / 0)
    show.walk(to=50)
    assert until(lambda: abs(show.shown_at() - 60) < 1), "held"
    monkeypatch.undo()
    show.walk(to=54)
    assert until(lambda: abs(show.shown_at() - 74) < 3), "and moved again once it can be"


def test_a_mirror_pressed_between_two_pictures_of_the_engine_turns_the_one_on_air(show: Show) -> None:
    show.walk(to=50)
    assert until(lambda: abs(show.shown_at() - 70) < 3)
    show.capture(50, mirror=True)
    assert until(lambda: abs(show.shown_at() - (WIDTH - 1 - 70)) < 3), show.shown_at()


def test_another_source_leaves_the_engines_last_picture_as_it_is_until_the_engine_has_seen_it(show: Show) -> None:
    show.walk(to=50)
    assert until(lambda: abs(show.shown_at() - 70) < 3)
    other = show.capture(120, opening=2)
    assert until(lambda: abs(show.shown_at() - 60) < 1), "as the engine drew it"
    show.style(other)
    assert until(lambda: abs(show.shown_at() - 140) < 1)


def test_a_look_that_hides_a_face_takes_back_at_once_what_was_borrowed(show: Show) -> None:
    flat = np.full((HEIGHT, WIDTH, 3), 77, np.uint8)
    source = show.raw.latest
    assert source is not None
    show.styled.put(Frame(flat, source.index, source.captured_at_s, source.pixels, source.view))
    assert until(lambda: show.eye.last is not None and (show.eye.last == 77).all())
    show.store.apply({"borrow": False, "detail": 1.0})
    for at in range(50, 150, 9):
        show.capture(at)
        time.sleep(0.04)
        assert show.eye.last is not None and (show.eye.last == 77).all()


def test_where_nobody_is_found_the_whole_look_is_on_air_and_it_is_said_why(show: Show) -> None:
    wall = np.full((HEIGHT, WIDTH, 3), 120, np.uint8)
    frame = Frame(wall, 99, time.monotonic(), view=show.capture(40).view)
    show.raw.put(frame)
    show.styled.put(Frame(wall // 2, 99, frame.captured_at_s, wall, frame.view))
    show.store.apply({"region": "person", "outside": "colour", "outside_colour": "#ff0000"})
    assert until(lambda: "Nobody is seen" in show.publisher.region_told)
    assert until(lambda: show.eye.last is not None and (show.eye.last == 60).all())
    show.store.apply({"motion": "hold"})
    assert show.publisher.region_told == "The look is on the whole picture while motion is off."
    show.store.apply({"region": "whole"})
    assert show.publisher.region_told == ""


def test_a_still_camera_larger_than_the_engine_is_seen_as_still_by_what_the_engine_was_given() -> None:
    fine = np.random.default_rng(4).integers(0, 255, (720, 1280, 3)).astype(np.uint8)
    source = shrunk_frames.of(Frame(fine, 0, 0.0), 336, 192)  # as the engine's feeder does
    reprojector = Reprojector(width=336, height=192)
    look = np.random.default_rng(5).integers(0, 255, (192, 336, 3)).astype(np.uint8)
    reprojector.arrived(look, source)
    assert np.array_equal(reprojector.picture(fine, now_s=0.0), look)
