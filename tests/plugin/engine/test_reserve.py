"""An engine here draws while the one elsewhere is away: at once, without a gap, and no longer than needed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from patience import until
from plugin.engine.rig import ENTRY, HEIGHT, WIDTH
from plugin.engine.stand_in import tint
from streamv2v_cam.airstate import AirState, EngineState
from streamv2v_cam.engine.heartbeat import Patience
from streamv2v_cam.engine.reserve import AWAY_S, START_S, STEADY, EngineWithReserve, Turns
from streamv2v_cam.engine.supervisor import EngineSupervisor
from streamv2v_cam.frame import Frame
from streamv2v_cam.mailbox import Mailbox
from streamv2v_cam.publish.onair import Show, Situation, choose
from streamv2v_cam.store import ControlStore
from streamv2v_cam.telemetry import Telemetry

from streamv2v.config import StreamConfig

FRAME_S = 0.03


class Show30:
    """Frames at an even rate, and an engine elsewhere that answers each after a while, or not."""

    def __init__(self) -> None:
        self.now_s, self.turns = 50.0, Turns(50.0)

    def run(
        self, seconds: float, *, answers: bool, main: EngineState = EngineState.RUNNING, every: int = 1
    ) -> list[bool]:
        """Whether the engine here drew, frame by frame."""
        drawn = []
        for number in range(round(seconds / FRAME_S)):
            self.turns.frame(self.now_s, main=main, reserve=EngineState.RUNNING)
            if answers and number % every == 0:
                self.turns.picture(self.now_s)
            drawn.append(self.turns.reserve)
            self.now_s += FRAME_S
        return drawn


def test_the_engine_elsewhere_draws_as_long_as_it_answers() -> None:
    show = Show30()
    assert not any(show.run(60, answers=True))


def test_it_is_replaced_at_once_when_it_ends_and_after_a_second_when_it_falls_silent() -> None:
    ended, silent = Show30(), Show30()
    for show in (ended, silent):
        show.run(5, answers=True)
    assert ended.run(1, answers=False, main=EngineState.RESTARTING)[0]
    drawn = silent.run(3, answers=False)
    assert drawn[-1] and drawn.index(True) * FRAME_S == pytest.approx(AWAY_S, abs=0.1)


def test_one_that_ends_between_two_frames_is_away_before_the_next() -> None:
    show = Show30()
    show.run(5, answers=True)
    show.turns.ended(EngineState.RESTARTING, EngineState.RUNNING)
    assert show.turns.reserve
    show.run(1, answers=True)
    show.turns.ended(EngineState.RUNNING, EngineState.RUNNING)
    assert not show.turns.reserve


def test_it_is_back_with_a_few_pictures_in_a_row_and_not_with_a_late_one_now_and_then() -> None:
    show = Show30()
    show.run(5, answers=True)
    show.run(2, answers=False)
    assert all(show.run(20, answers=True, every=100)), "one picture in three seconds"
    assert sum(show.run(1, answers=True)) <= STEADY
    assert not show.turns.reserve


def test_a_slow_engine_elsewhere_is_slow_and_not_away() -> None:
    show = Show30()
    show.run(3, answers=True, every=25)
    assert not any(show.run(20, answers=True, every=25))


def test_a_camera_that_stands_still_is_nobodys_fault() -> None:
    show = Show30()
    show.run(5, answers=True)
    show.now_s += 60
    assert not any(show.run(0.5, answers=False))


def test_at_the_start_the_engine_elsewhere_has_time_to_load_and_then_the_one_here_begins() -> None:
    show = Show30()
    assert not any(show.run(START_S - 0.1, answers=False, main=EngineState.STARTING))
    assert show.run(1, answers=False, main=EngineState.STARTING)[-1]
    assert Show30().run(0.1, answers=False, main=EngineState.FAILED)[0], "for one that cannot be used nobody waits"


def test_while_the_engine_here_is_not_ready_nothing_changes_hands() -> None:
    turns = Turns(0.0)
    turns.picture(1.0)
    turns.frame(9.0, main=EngineState.RESTARTING, reserve=EngineState.STARTING)
    assert not turns.reserve


class Pair:
    """Two small engines in processes of their own, and someone who gives them pictures."""

    def __init__(self, main: str, reserve: str) -> None:
        self.raw, self.styled, self.telemetry = Mailbox[Frame](), Mailbox[Frame](), Telemetry()
        self.store = ControlStore()
        self.store.apply({"prompt": "of the server"})
        here = ControlStore()
        here.apply({"prompt": "of this machine"})

        def built(model: str, store: ControlStore) -> Callable[..., EngineSupervisor]:
            return lambda raw, styled, telemetry: EngineSupervisor(
                StreamConfig(model=model, width=WIDTH, height=HEIGHT, slots=1),
                store=store,
                raw=raw,
                styled=styled,
                telemetry=telemetry,
                entry=ENTRY,
                patience=Patience(60, 60),
                first_delay_s=0.05,
            )

        self.engine = EngineWithReserve(
            built(main, self.store),
            built(reserve, here),
            raw=self.raw,
            styled=self.styled,
            telemetry=self.telemetry,
            remark=lambda: "a remark",
        )
        self.shows: list[Show] = []
        self.states: list[AirState] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._give, daemon=True)
        self.engine.start()
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self.engine.stop()

    def _give(self) -> None:
        number = 0
        while not self._stop.wait(0.02):
            self.raw.put(Frame(np.full((HEIGHT, WIDTH, 3), 180, np.uint8), number, time.monotonic()))
            number += 1
            newest = self.styled.latest
            age_s = None if newest is None else time.monotonic() - newest.captured_at_s
            decision = choose(Situation("effect", self.engine.status(), age_s, 0.0, None, hold_s=0.2))
            self.shows.append(decision.show)
            self.states.append(decision.state)

    def drawn_by(self) -> str:
        frame = self.styled.latest
        if frame is None:
            return ""
        mean = frame.pixels.reshape(-1, 3).mean(axis=0)
        names = ("of the server", "of this machine")
        return min(names, key=lambda name: float(np.abs(mean / mean.max() - tint(name) / tint(name).max()).sum()))


@pytest.fixture
def pair_of() -> Iterator[Callable[[str, str], Pair]]:
    pairs: list[Pair] = []

    def start(main: str, reserve: str = "stand-in") -> Pair:
        pairs.append(Pair(main, reserve))
        return pairs[-1]

    yield start
    for pair in pairs:
        pair.close()


def test_an_engine_that_ends_is_replaced_without_a_slate_and_takes_over_again_by_itself(
    pair_of: Callable[[str, str], Pair], tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    pair = pair_of(f"stand-in?once={mark}&crash_after=150&load_s=0", "stand-in")
    assert until(lambda: pair.drawn_by() == "of the server" and pair.engine._reserve.status().state == "running")
    seen = len(pair.shows)
    words: set[str] = set()

    def of_this_machine() -> bool:
        words.add(pair.engine.status().reason)
        return pair.drawn_by() == "of this machine"

    assert until(of_this_machine)
    assert pair.engine.status().state is EngineState.RUNNING
    assert until(lambda: pair.drawn_by() == "of the server")
    assert set(pair.shows[seen:]) == {Show.STYLED}, "never a slate, never the camera's own picture"
    assert set(pair.states[seen:]) == {AirState.LIVE}
    assert pair.engine.restarts == 1 and pair.telemetry.snapshot().styled > 150


def test_it_is_said_who_draws_and_why(pair_of: Callable[[str, str], Pair]) -> None:
    pair = pair_of("stand-in?wrong=1", "stand-in")
    assert until(lambda: pair.drawn_by() == "of this machine")
    said = pair.engine.status()
    assert "has no U-Net" in said.reason and "own engine draws until it is back; a remark" in said.reason
    assert choose(Situation("effect", said, 0.0, 0.0, None)).state is AirState.LIVE
    assert not pair.engine.failed.is_set(), "one of the two works"
    assert pair.engine.facts["model"] == "stand-in" and pair.engine.pid


def test_where_neither_can_be_used_the_run_is_told(pair_of: Callable[[str, str], Pair]) -> None:
    pair = pair_of("stand-in?wrong=1", "stand-in?wrong=1")
    assert until(lambda: pair.engine.failed.is_set())
    assert pair.engine.status().state is EngineState.FAILED


def test_the_engine_in_reserve_draws_one_picture_and_then_nothing(pair_of: Callable[[str, str], Pair]) -> None:
    pair = pair_of("stand-in", "stand-in")
    reserve = pair.engine._reserve
    assert until(lambda: reserve.status().state is EngineState.RUNNING and pair.drawn_by() == "of the server")
    link = reserve._link  # type: ignore[attr-defined]
    before = link.frames_done
    goal = pair.telemetry.snapshot().styled + 30
    assert until(lambda: pair.telemetry.snapshot().styled > goal)
    assert link.frames_done <= before + 2, "what was fed before it ran may still come out"
