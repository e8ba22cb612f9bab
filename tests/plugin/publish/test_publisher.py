"""The publisher: a picture on every beat, whatever the rest is doing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from patience import until
from streamv2v_cam.airstate import AirState, EngineState, EngineStatus
from streamv2v_cam.errors import SinkError
from streamv2v_cam.frame import Frame, Pixels
from streamv2v_cam.mailbox import Mailbox
from streamv2v_cam.publish import PublisherThread
from streamv2v_cam.publish.slate import privacy_cover
from streamv2v_cam.store import ControlStore
from streamv2v_cam.telemetry import Telemetry

WIDTH, HEIGHT = 64, 36
STYLED, RAW = 200, 60


@dataclass
class EyeSink:
    """Keeps the last picture and what kinds were seen; may break on request."""

    name: str = "eye"
    last: Pixels | None = None
    seen: list[str] = field(default_factory=list)
    frames: int = 0
    broken: bool = False
    slow_s: float = 0.0

    def send(self, pixels: Pixels) -> None:
        if self.broken:
            raise SinkError("The eye is shut.")
        time.sleep(self.slow_s)
        assert pixels.shape == (HEIGHT, WIDTH, 3) and pixels.dtype == np.uint8
        kind = kind_of(pixels)
        if self.seen[-1:] != [kind]:
            self.seen.append(kind)
        self.last, self.frames = pixels, self.frames + 1

    def close(self) -> None:
        pass


def kind_of(pixels: Pixels) -> str:
    if np.array_equal(pixels, privacy_cover(WIDTH, HEIGHT)):
        return "cover"
    grey = int(pixels[5, 5, 0])
    return {STYLED: "styled", RAW: "raw"}.get(grey, "styled" if grey == STYLED + 20 else "slate")


class Rig:
    """A publisher with everything around it under the test's hand."""

    def __init__(self, **options: Any) -> None:
        self.store, self.telemetry = ControlStore(), Telemetry()
        self.styled, self.raw = Mailbox[Frame](), Mailbox[Frame]()
        self.engine = EngineStatus(EngineState.STARTING)
        self.camera_lost: str | None = None
        self.publisher = PublisherThread(
            store=self.store,
            styled=self.styled,
            raw=self.raw,
            engine_status=lambda: self.engine,
            camera_lost=lambda: self.camera_lost,
            telemetry=self.telemetry,
            width=WIDTH,
            height=HEIGHT,
            **{"fps": 60.0, "hold_s": 0.3, **options},
        )
        self.eye = EyeSink()
        self.publisher.add_sink(self.eye)
        self._number = 0

    def capture(self) -> None:
        self.raw.put(Frame(np.full((HEIGHT, WIDTH, 3), RAW, np.uint8), self._number, time.monotonic()))

    def style(self, grey: int = STYLED, *, size: tuple[int, int] = (32, 18)) -> Frame:
        self._number += 1
        frame = Frame(np.full((size[1], size[0], 3), grey, np.uint8), self._number, time.monotonic())
        self.styled.put(frame)
        return frame

    def live(self) -> None:
        self.engine = EngineStatus(EngineState.RUNNING)
        self.capture()
        self.style()
        assert self.sees("styled")

    def sees(self, kind: str) -> bool:
        return until(lambda: self.eye.last is not None and kind_of(self.eye.last) == kind)

    @property
    def state(self) -> AirState:
        return self.publisher.on_air.state


@pytest.fixture
def start() -> Iterator[Callable[..., Rig]]:
    rigs: list[Rig] = []

    def build(**options: Any) -> Rig:
        rigs.append(Rig(**options))
        rigs[-1].publisher.start()
        return rigs[-1]

    yield build
    for rig in rigs:
        rig.publisher.stop()


def test_the_first_picture_is_a_slate_and_needs_neither_camera_nor_engine(start: Callable[..., Rig]) -> None:
    rig = start()
    assert until(lambda: rig.eye.frames > 0)
    assert rig.eye.seen == ["slate"]
    assert rig.state is AirState.STARTING


def test_styled_frames_go_on_air_enlarged_and_are_repeated(start: Callable[..., Rig]) -> None:
    rig = start()
    rig.live()
    first = rig.eye.last
    count = rig.eye.frames
    assert until(lambda: rig.eye.frames > count + 5)
    assert rig.eye.last is first
    assert rig.state is AirState.LIVE and rig.publisher.styled_on_air.is_set()
    snapshot = rig.telemetry.snapshot()
    assert snapshot.repeated >= 5 and snapshot.latency_p50_ms > 0


def test_a_newer_frame_replaces_the_one_on_air(start: Callable[..., Rig]) -> None:
    rig = start()
    rig.live()
    rig.style(STYLED + 20)
    assert until(lambda: rig.eye.last is not None and int(rig.eye.last[0, 0, 0]) == STYLED + 20)


def test_an_engine_that_goes_away_is_held_then_slated_then_live_again(start: Callable[..., Rig]) -> None:
    rig = start(hold_s=0.5)
    rig.live()
    rig.engine = EngineStatus(EngineState.RESTARTING, "The engine was killed (signal 9).")
    assert rig.sees("slate")
    assert rig.publisher.on_air.reason == "The engine was killed (signal 9)."
    assert rig.state is AirState.ENGINE_RESTARTING
    rig.engine = EngineStatus(EngineState.RUNNING)
    count = rig.eye.frames
    assert until(lambda: rig.eye.frames > count + 5)
    assert rig.eye.seen[-1] == "slate" and rig.eye.seen.count("styled") == 1, "a frame from before the outage came back"
    rig.style()
    assert rig.sees("styled")
    assert {AirState.ENGINE_RESTARTING, AirState.LIVE} <= set(rig.publisher.states_seen)
    assert "raw" not in rig.eye.seen


def test_a_lost_camera_is_named_and_the_picture_returns_by_itself(start: Callable[..., Rig]) -> None:
    rig = start()
    rig.live()
    rig.camera_lost = "Camera 'C920' is not plugged in."
    assert rig.sees("slate")
    assert (rig.state, rig.publisher.on_air.reason) == (AirState.CAMERA_LOST, rig.camera_lost)
    rig.camera_lost = None
    rig.style()
    assert rig.sees("styled")


def test_privacy_covers_at_once_and_depends_on_nothing(start: Callable[..., Rig]) -> None:
    rig = start()

    def broken() -> EngineStatus:
        raise RuntimeError("the supervisor is gone")

    rig.publisher._engine_status = broken
    rig.publisher._camera_lost = broken
    assert rig.sees("slate")
    rig.store.apply({"mode": "privacy"})
    assert rig.sees("cover")
    assert rig.state is AirState.PRIVACY and rig.publisher.on_air.reason == ""


def test_a_fault_in_composing_shows_the_slate_and_not_the_camera(start: Callable[..., Rig]) -> None:
    rig = start()
    rig.live()
    rig.styled.put(Frame(np.zeros((0, 0, 3), np.uint8), 99, time.monotonic()))
    assert rig.sees("slate")
    count = rig.eye.frames
    assert until(lambda: rig.eye.frames > count + 3)
    rig.style()
    assert rig.sees("styled")
    assert "raw" not in rig.eye.seen


def test_bypass_shows_the_camera_and_effect_takes_it_away_again(start: Callable[..., Rig]) -> None:
    rig = start()
    rig.live()
    rig.store.apply({"mode": "bypass"})
    assert rig.sees("raw")
    assert rig.state is AirState.BYPASS
    rig.store.apply({"mode": "effect"})
    assert rig.sees("styled")


def test_freeze_repeats_what_was_on_air_although_new_frames_come(start: Callable[..., Rig]) -> None:
    rig = start()
    rig.live()
    rig.store.apply({"mode": "freeze"})
    assert until(lambda: rig.state is AirState.FREEZE)
    rig.style(STYLED + 20)
    count = rig.eye.frames
    assert until(lambda: rig.eye.frames > count + 5)
    assert rig.eye.last is not None and int(rig.eye.last[0, 0, 0]) == STYLED
    rig.store.apply({"mode": "effect"})
    assert until(lambda: rig.eye.last is not None and int(rig.eye.last[0, 0, 0]) == STYLED + 20)


def test_a_frozen_cover_stays_a_cover(start: Callable[..., Rig]) -> None:
    rig = start()
    rig.live()
    rig.store.apply({"mode": "privacy"})
    assert rig.sees("cover")
    rig.store.apply({"mode": "freeze"})
    assert until(lambda: rig.state is AirState.FREEZE)
    count = rig.eye.frames
    assert until(lambda: rig.eye.frames > count + 5)
    assert rig.eye.seen[-1] == "cover"


def test_the_raw_picture_stands_in_only_when_it_was_allowed(start: Callable[..., Rig]) -> None:
    shy, open_ = start(), start(fallback_raw=True, hold_s=60.0)
    for rig in (shy, open_):
        rig.capture()
    assert open_.sees("raw")
    assert open_.state is AirState.STARTING
    assert until(lambda: shy.eye.frames > 10)
    assert shy.eye.seen == ["slate"]


def test_a_slow_sink_and_a_dead_one_cost_the_others_no_beat(start: Callable[..., Rig]) -> None:
    rig = start()
    slow, dead = EyeSink("slow", slow_s=0.5), EyeSink("dead", broken=True)
    rig.publisher.add_sink(slow)
    rig.publisher.add_sink(dead)
    file = EyeSink("file")
    feed = rig.publisher.add_sink(file, every_frame=True, limit=60)
    assert feed.done.wait(30)
    assert file.frames == 60
    assert slow.frames < 30
    figures = rig.telemetry.snapshot()
    assert figures.published + figures.late >= 60
    statuses = {status.name: status for status in rig.publisher.on_air.sinks}
    assert statuses["dead"].lost == "The eye is shut." and statuses["eye"].lost is None


def test_a_lost_sink_is_a_state_of_its_own_until_it_is_back(start: Callable[..., Rig]) -> None:
    rig = start()
    rig.live()
    mended = threading.Event()

    def reopen() -> EyeSink:
        if not mended.is_set():
            raise SinkError("The eye is not there.")
        return EyeSink("mended")

    rig.publisher.add_sink(EyeSink("breaking", broken=True), reopen=reopen)
    assert until(lambda: rig.state is AirState.SINK_LOST)
    assert rig.publisher.on_air.reason
    mended.set()
    assert until(lambda: rig.state is AirState.LIVE)


def test_a_file_keeps_wall_clock_time_although_beats_were_missed(start: Callable[..., Rig]) -> None:
    rig = start()
    file = EyeSink("file")
    rig.publisher.add_sink(file, every_frame=True)
    calls = threading.Event()

    def stalls_once() -> str | None:
        if not calls.is_set():
            calls.set()
            time.sleep(0.4)
        return None

    rig.publisher._camera_lost = stalls_once
    assert until(lambda: rig.telemetry.snapshot().late >= 10)
    published, late = rig.telemetry.snapshot().published, rig.telemetry.snapshot().late
    assert until(lambda: file.frames >= published + late - 2)
