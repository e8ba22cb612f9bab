"""PublisherThread: a picture on every beat, whatever camera, engine and sinks are doing."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from ..airstate import AirState, EngineStatus
from ..frame import Frame, Pixels
from ..interfaces import Sink
from ..store import ControlStore
from ..system.opencv import cv2
from ..telemetry import Telemetry
from .feed import SinkFeed, SinkStatus
from .moving import LatestFrame, Moving
from .onair import Decision, Show, Situation, choose, outlives_hold
from .slate import Slate, privacy_cover

MOST_MISSED_S = 2.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OnAir:
    """What viewers see at this moment, for page, summary and tests.

    Attributes:
        state: `SINK_LOST` when the picture is live but an output is lost; else the picture's own state.
        reason: one line; empty when there is nothing to say.
        progress: short, while something loads.
        sinks: every output and how it is doing.
    """

    state: AirState
    reason: str
    progress: str
    sinks: tuple[SinkStatus, ...]


class PublisherThread:
    """Publishes at a constant rate: the newest styled frame, a repeat, a slate or the cover.

    Args:
        store: the live controls; `mode` chooses what is on air.
        styled: frames from the engine; index and time are those of the captured frame they show.
        raw: captured frames, framed to the published size; shown in bypass, or with `fallback_raw`.
        engine_status: asked on every beat, so it must be quick.
        camera_lost: why there is no camera picture; None while there is one.
        telemetry: counts published frames.
        width, height: published size in pixels, for the whole run.
        fps: published rate, for the whole run.
        hold_s: how long the last styled picture is held in an outage.
        fallback_raw: show the camera's own picture while the engine is away; only if the user said so.
        borrow: whether a look may draw detail and fillings from the camera's own picture.
        shared: whether the engine draws on this processor.
        sample: a picture in the look of that name, for colours outside of a region; None where there is none.
        slate_reasons: let viewers read why there is no picture; reasons may hold names of files and addresses.
        shown_from: time (monotonic) before which no picture that is shown was taken; infinite while camera and engine
            rest because nobody watches.

    Attributes:
        styled_on_air: set when the first styled frame was published.
        states_seen: every state so far, in the order of their first appearance.
    """

    def __init__(
        self,
        *,
        store: ControlStore,
        styled: LatestFrame,
        raw: LatestFrame,
        engine_status: Callable[[], EngineStatus],
        camera_lost: Callable[[], str | None],
        telemetry: Telemetry,
        width: int,
        height: int,
        fps: float = 30.0,
        hold_s: float = 1.0,
        fallback_raw: bool = False,
        borrow: bool = True,
        shared: Callable[[], bool] = lambda: True,
        sample: Callable[[str], Pixels | None] = lambda name: None,
        slate_reasons: bool = False,
        shown_from: Callable[[], float] = lambda: -math.inf,
    ) -> None:
        self._store, self._styled, self._raw = store, styled, raw
        self._engine_status, self._camera_lost = engine_status, camera_lost
        self._telemetry = telemetry
        self._width, self._height, self._period_s = width, height, 1.0 / fps
        self._hold_s, self._fallback_raw = hold_s, fallback_raw
        self._slate_reasons, self._shown_from = slate_reasons, shown_from
        self._cover = privacy_cover(width, height)
        self._slate = Slate(width, height)
        self._spare = self._slate.picture(AirState.STARTING)
        self._feeds: tuple[SinkFeed, ...] = ()
        self._stopping = threading.Event()
        self._moving = Moving(
            store=store,
            styled=styled,
            raw=raw,
            width=width,
            height=height,
            period_s=self._period_s,
            may_borrow=borrow,
            shared=shared,
            sample=sample,
        )
        self._camera: Frame | None = None
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
        self._decision = Decision(AirState.STARTING, Show.SLATE)
        self._on_air: Pixels | None = None
        self._frozen: Pixels | None = None
        self._was_freezing = False
        self._seen: Frame | None = None
        self._seen_at_s = 0.0
        self._spent: Frame | None = None
        self._fitted: tuple[Frame, Pixels] | None = None
        self._failing = False
        self.styled_on_air = threading.Event()
        self.states_seen: tuple[AirState, ...] = ()

    def add_sink(
        self,
        sink: Sink | None,
        *,
        reopen: Callable[[], Sink] | None = None,
        name: str = "sink",
        every_frame: bool = False,
        limit: int | None = None,
    ) -> SinkFeed:
        """Publish to one more sink, now or while running; the arguments are `SinkFeed`'s."""
        feed = SinkFeed(sink, reopen=reopen, name=name, every_frame=every_frame, limit=limit)
        feed.start()
        self._feeds = (*self._feeds, feed)
        return feed

    def remove_sink(self, feed: SinkFeed) -> None:
        """Give a sink no further picture; ending it is the caller's."""
        self._feeds = tuple(kept for kept in self._feeds if kept is not feed)

    def start(self) -> None:
        """Begin; the first picture goes out at once."""
        self._moving.start()
        self._thread.start()

    def stop(self) -> None:
        """End the beat, then finish and close every sink; safe to call twice."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(2.0)
        self._moving.stop()
        for feed in self._feeds:
            feed.stop()

    def watched(self) -> dict[str, bool | None]:
        """Name of each output -> whether anybody takes what it is given; None where that cannot be seen."""
        return {feed.status.name: feed.watched for feed in self._feeds}

    @property
    def on_air(self) -> OnAir:
        """State, reason and sinks at this moment."""
        decision = self._decision
        sinks = tuple(feed.status for feed in self._feeds)
        lost = next((status.lost for status in sinks if status.lost), None)
        if lost is not None and decision.state is AirState.LIVE:
            return OnAir(AirState.SINK_LOST, lost, "", sinks)
        return OnAir(decision.state, decision.reason, decision.progress, sinks)

    @property
    def region_told(self) -> str:
        """Why the look is on the whole picture although a part was asked for; "" otherwise."""
        return self._moving.region_told

    def _run(self) -> None:
        began_s, beat = time.monotonic(), 0
        while not self._stopping.is_set():
            due_s = began_s + beat * self._period_s
            # Not Event.wait: on Windows it wakes up to 15 ms late, time.sleep does not.
            time.sleep(max(0.0, due_s - time.monotonic()))
            missed = int(max(0.0, time.monotonic() - due_s) / self._period_s)
            if missed * self._period_s > MOST_MISSED_S:
                # The machine slept: those beats are nobody's.
                began_s, beat, missed = time.monotonic(), 0, 0
            self._publish(missed)
            beat += 1 + missed
            looking = self._decision.show is Show.STYLED and self._moving.wanted
            self._moving.prepare(began_s + beat * self._period_s if looking else None)

    def _publish(self, missed: int) -> None:
        pixels, frame = self._picture()
        urgent = self._decision.show is Show.COVER and pixels is not self._on_air
        for feed in self._feeds:
            feed.offer(pixels, beats=1 + missed, urgent=urgent)
        self._telemetry.published(frame, repeated=pixels is self._on_air, late=missed, camera=self._camera)
        self._on_air = pixels
        if frame is not None:
            self.styled_on_air.set()
        state = self._decision.state
        if state not in self.states_seen:
            self.states_seen = (*self.states_seen, state)

    def _picture(self) -> tuple[Pixels, Frame | None]:
        """The picture of this beat, and the styled frame it is. Privacy is answered before anything else."""
        self._camera = None
        mode = self._store.current.controls.mode
        if mode == "privacy":
            self._decision = Decision(AirState.PRIVACY, Show.COVER)
            self._was_freezing = False
            return self._cover, None
        try:
            answer = self._composed(mode)
            self._failing = False
            return answer
        except Exception:
            if not self._failing:
                log.exception("no picture could be composed")
            self._failing = True
            self._decision = Decision(AirState.STARTING, Show.SLATE)
            return self._spare, None

    def _composed(self, mode: str) -> tuple[Pixels, Frame | None]:
        if mode == "freeze" and not self._was_freezing:
            self._frozen = self._on_air
        self._was_freezing = mode == "freeze"
        now_s = time.monotonic()
        from_s = self._shown_from()
        styled, raw = self._newest_styled(now_s, from_s), _taken_since(from_s, self._raw.latest)
        now = Situation(
            mode=mode,
            engine=self._engine_status(),
            styled_age_s=None if styled is None else now_s - self._seen_at_s,
            raw_age_s=None if raw is None else now_s - raw.captured_at_s,
            camera_lost=self._camera_lost(),
            has_frozen=self._frozen is not None,
            hold_s=self._hold_s,
            fallback_raw=self._fallback_raw,
            resting=from_s == math.inf,
        )
        if outlives_hold(now):
            self._spent = styled
        went_on = self._decision.show is Show.STYLED
        self._decision = decision = choose(now)
        match decision.show:
            case Show.STYLED if styled is not None:
                return self._look(styled, now_s, went_on)
            case Show.RAW if raw is not None:
                return self._sized(raw.pixels), None
            case Show.FROZEN if self._frozen is not None:
                return self._frozen, None
            case _:
                words = (decision.reason, decision.progress) if self._slate_reasons else ()
                return self._slate.picture(decision.state, *words, given_up=decision.given_up), None

    def _newest_styled(self, now_s: float, from_s: float) -> Frame | None:
        """The engine's newest frame, and when it was first seen; None once it outlived an outage or a rest."""
        styled = _taken_since(from_s, self._styled.latest)
        if styled is not None and styled is not self._seen:
            self._seen, self._seen_at_s = styled, now_s
        return None if styled is self._spent else styled

    def _look(self, styled: Frame, now_s: float, went_on: bool) -> tuple[Pixels, Frame]:
        """The look at this beat: moved to the camera's newest frame, or the engine's picture as it came."""
        moved = self._moving.ready(styled, now_s, went_on=went_on) if self._moving.wanted else None
        if moved is None:
            return self._fit(styled), styled
        self._camera = moved.camera
        return moved.pixels, moved.styled

    def _fit(self, frame: Frame) -> Pixels:
        """The styled picture at the published size; enlarged once, however often it is repeated."""
        if self._fitted is None or self._fitted[0] is not frame:
            self._fitted = frame, self._sized(frame.pixels)
        return self._fitted[1]

    def _sized(self, pixels: Pixels) -> Pixels:
        height, width = pixels.shape[:2]
        if (width, height) == (self._width, self._height):
            return pixels
        larger = self._width > width
        return cv2.resize(
            pixels, (self._width, self._height), interpolation=cv2.INTER_CUBIC if larger else cv2.INTER_AREA
        )


def _taken_since(from_s: float, frame: Frame | None) -> Frame | None:
    return frame if frame is not None and frame.captured_at_s >= from_s else None
