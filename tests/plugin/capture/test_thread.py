"""The capture thread keeps pictures coming from small working sources that break in every way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from patience import until
from streamv2v_cam.capture import CameraInfo, CaptureThread
from streamv2v_cam.capture.thread import Silence
from streamv2v_cam.errors import SourceError
from streamv2v_cam.frame import Frame, Pixels
from streamv2v_cam.interfaces import Source
from streamv2v_cam.mailbox import Mailbox
from streamv2v_cam.store import ControlStore
from streamv2v_cam.telemetry import Telemetry

WIDTH, HEIGHT = 64, 36


class GreySource:
    """Gives grey pictures; after `lives` of them it dies, ends or hangs."""

    def __init__(self, grey: int, *, lives: int | None = None, then: str = "die") -> None:
        self.name = f"grey {grey}"
        self._picture = np.full((HEIGHT, WIDTH, 3), grey, np.uint8)
        self._lives, self._then = lives, then
        self.closed = False
        self.wake = threading.Event()

    def read(self) -> Pixels | None:
        time.sleep(0.005)
        if self._lives is not None:
            if self._lives == 0:
                if self._then == "hang":
                    self.wake.wait(60)
                if self._then == "end":
                    return None
                raise SourceError(f"The {self.name} was unplugged.")
            self._lives -= 1
        return self._picture.copy()

    def close(self) -> None:
        self.closed = True


class Rig:
    """A capture thread and what it writes to."""

    def __init__(self, open: Callable[[], Source], **times: float) -> None:
        self.store, self.telemetry, self.mailbox = ControlStore(), Telemetry(), Mailbox[Frame]()
        self.thread = CaptureThread(
            open,
            store=self.store,
            width=WIDTH,
            height=HEIGHT,
            mailbox=self.mailbox,
            telemetry=self.telemetry,
            **times,
        )
        self.thread.start()

    def shows(self, grey: int) -> bool:
        latest = self.mailbox.latest
        return latest is not None and int(latest.pixels[0, 0, 0]) == grey


@pytest.fixture
def start() -> Iterator[Callable[..., Rig]]:
    rigs: list[Rig] = []

    def build(open: Callable[[], Source], **times: float) -> Rig:
        rigs.append(Rig(open, **times))
        return rigs[-1]

    yield build
    for rig in rigs:
        rig.thread.stop()


def test_frames_are_numbered_framed_and_counted(start: Callable[..., Rig]) -> None:
    rig = start(lambda: GreySource(50))
    assert until(lambda: rig.telemetry.snapshot().captured >= 5)
    frame = rig.mailbox.latest
    assert frame is not None and frame.index >= 4
    assert frame.pixels.shape == (HEIGHT, WIDTH, 3)
    assert rig.thread.source_name == "grey 50" and rig.thread.lost_reason is None


def test_a_source_that_dies_is_reopened_and_its_frames_go_on_counting(start: Callable[..., Rig]) -> None:
    opened: list[GreySource] = []

    def open() -> Source:
        if len(opened) == 1:
            opened.append(GreySource(0))
            raise SourceError("The grey source is not plugged in.")
        opened.append(GreySource(10 * len(opened) + 10, lives=3 if not opened else None))
        return opened[-1]

    rig = start(open)
    assert until(lambda: rig.thread.lost_reason == "The grey 10 was unplugged.")
    assert until(lambda: rig.thread.lost_reason == "The grey source is not plugged in.")
    assert until(lambda: rig.shows(30))
    assert rig.thread.lost_reason is None
    latest = rig.mailbox.latest
    assert latest is not None and latest.index >= 3
    assert opened[0].closed


def test_a_source_that_fails_in_an_unforeseen_way_is_reopened_too(start: Callable[..., Rig]) -> None:
    calls: list[int] = []

    def open() -> Source:
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("a driver's surprise")
        return GreySource(70)

    rig = start(open)
    assert until(lambda: rig.shows(70))
    assert len(calls) == 2


def test_a_source_that_hangs_is_given_up_and_another_is_opened(start: Callable[..., Rig]) -> None:
    opened: list[GreySource] = []

    def open() -> Source:
        opened.append(GreySource(20 if not opened else 90, lives=None if opened else 2, then="hang"))
        return opened[-1]

    rig = start(open, hang_s=0.3)
    assert until(lambda: rig.thread.lost_reason is not None)
    assert "silent" in str(rig.thread.lost_reason)
    assert until(lambda: rig.shows(90))
    before = rig.telemetry.snapshot().captured
    opened[0].wake.set()
    assert until(lambda: opened[0].closed)
    assert until(lambda: rig.telemetry.snapshot().captured > before)
    assert rig.shows(90)


def test_a_source_that_hangs_is_silent_and_one_of_a_program_that_stood_still_is_not() -> None:
    hanging, stopped = Silence(), Silence()
    for tenth in range(111):
        assert hanging.seconds(100.0, 100.0 + tenth / 10) == pytest.approx(tenth / 10)
    assert stopped.seconds(100.0, 100.1) == pytest.approx(0.1)
    assert stopped.seconds(100.0, 3700.0) == pytest.approx(1.1)
    assert stopped.seconds(100.0, 3709.5) == pytest.approx(2.1)
    assert stopped.seconds(3709.6, 3709.7) == pytest.approx(0.1)


def test_stop_returns_although_the_source_hangs() -> None:
    source = GreySource(20, lives=1, then="hang")
    rig = Rig(lambda: source)
    assert until(lambda: rig.mailbox.latest is not None)
    stopper = threading.Thread(target=rig.thread.stop)
    stopper.start()
    stopper.join(30)
    assert not stopper.is_alive()
    assert not source.closed
    source.wake.set()


def test_the_end_of_a_source_is_no_loss(start: Callable[..., Rig]) -> None:
    source = GreySource(40, lives=3, then="end")
    rig = start(lambda: source)
    assert rig.thread.ended.wait(20)
    assert rig.thread.lost_reason is None and source.closed
    assert rig.telemetry.snapshot().captured == 3


def test_switching_goes_over_to_another_source_even_after_an_end(start: Callable[..., Rig]) -> None:
    rig = start(lambda: GreySource(40, lives=3, then="end"))
    assert rig.thread.ended.wait(20)
    rig.thread.switch(lambda: GreySource(60))
    assert until(lambda: rig.shows(60))
    assert not rig.thread.ended.is_set()
    rig.thread.switch(lambda: GreySource(80))
    assert until(lambda: rig.shows(80))


def test_which_camera_the_newest_picture_is_of_is_known_by_more_than_its_name(start: Callable[..., Rig]) -> None:
    camera = CameraInfo(2, "HD Webcam", "/dev/video2", 200, bus="usb-2")

    def open() -> Source:
        source = GreySource(40)
        source.camera = camera  # type: ignore[attr-defined]
        return source

    rig = start(open)
    assert until(lambda: rig.shows(40))
    assert rig.thread.camera is camera
    rig.thread.switch(lambda: GreySource(60))
    assert until(lambda: rig.shows(60))
    assert rig.thread.camera is None


def test_framing_follows_the_controls_from_the_next_picture_on(start: Callable[..., Rig]) -> None:
    class HalfSource(GreySource):
        def read(self) -> Pixels | None:
            picture = super().read()
            assert picture is not None
            picture[:, WIDTH // 2 :] = 255
            return picture

    rig = start(lambda: HalfSource(0))
    assert until(lambda: rig.shows(0))
    rig.store.apply({"mirror": True})
    assert until(lambda: rig.shows(255))


def test_a_source_that_rests_is_closed_and_gives_nothing_until_it_is_woken(start: Callable[..., Rig]) -> None:
    opened: list[GreySource] = []

    def open() -> GreySource:
        opened.append(GreySource(50 + len(opened)))
        return opened[-1]

    rig = start(open)
    assert until(lambda: rig.shows(50))
    rig.thread.rest()
    assert opened[0].closed
    captured = rig.telemetry.snapshot().captured
    other = GreySource(99)
    rig.thread.switch(lambda: other)
    time.sleep(0.3)
    assert rig.telemetry.snapshot().captured == captured and len(opened) == 1, "it rests on, whatever is chosen"
    rig.thread.wake()
    assert until(lambda: rig.shows(99))
    rig.thread.rest()
    assert other.closed


def test_a_lost_source_that_rests_is_not_tried_and_not_called_lost(start: Callable[..., Rig]) -> None:
    tries: list[float] = []

    def open() -> Source:
        tries.append(time.monotonic())
        raise SourceError("No camera is plugged in.")

    rig = start(open)
    assert until(lambda: rig.thread.lost_reason is not None)
    rig.thread.rest()
    assert rig.thread.lost_reason is None and rig.thread.resting, "nothing is known of it, so it is not back either"
    count = len(tries)
    time.sleep(0.8)
    assert len(tries) == count
    rig.thread.wake()
    assert until(lambda: len(tries) > count)
