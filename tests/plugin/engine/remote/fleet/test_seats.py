"""One copy of the weights and one thread for several sessions, which know nothing of each other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from patience import until
from plugin.engine.stand_in import StandIn, styled
from streamv2v_cam.engine.protocol import Failure, FailureKind, FrameDone, Message, Progress, Ready
from streamv2v_cam.engine.remote.fleet.seat import Seat
from streamv2v_cam.engine.remote.fleet.seats import Seats
from streamv2v_cam.engine.remote.pool import EnginePool, Full
from streamv2v_cam.frame import Frame, Pixels
from streamv2v_cam.store import ControlStore, Snapshot

from streamv2v.config import StreamConfig
from streamv2v.controls import Controls
from streamv2v.errors import ModelError

CONFIG = StreamConfig(model="stand-in", width=64, height=64)


@dataclass
class StandInModel:
    """Engines without weights, and room for so many."""

    room: int = 8
    made: list[StandIn] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)

    def refuses(self, config: StreamConfig, others: list[StreamConfig]) -> str:
        return "" if len(others) < self.room else f"no memory beside {len(others)}"

    def engine(self, config: StreamConfig, progress: Callable[..., None]) -> StandIn:
        self.threads.add(threading.get_ident())
        self.made.append(StandIn(config, progress))
        return self.made[-1]


@pytest.fixture
def seated() -> Iterator[Callable[..., Seats]]:
    running: list[Seats] = []

    def start(model: StandInModel | None = None, **more: Any) -> Seats:
        running.append(Seats(lambda: model or StandInModel(), **more))
        return running[-1]

    yield start
    for seats in running:
        seats.close()


def values(prompt: str = "one look") -> Snapshot:
    store = ControlStore()
    store.apply({"prompt": prompt})
    return store.current


def grey(level: int, number: int) -> Frame:
    return Frame(np.full((CONFIG.height, CONFIG.width, 3), level, np.uint8), number, 0.0)


def hears(seat: Seat, kind: type) -> Any:
    """The first message of that kind."""
    heard: list[Message] = []
    assert until(lambda: heard.extend(seat.hear(0.02)) or any(isinstance(one, kind) for one in heard))
    return next(one for one in heard if isinstance(one, kind))


def drawn(seat: Seat, frame: Frame) -> Frame:
    seat.feed(frame)
    hears(seat, FrameDone)
    found = seat.styled(after=0)
    assert found is not None
    return found[1]


def test_every_session_has_its_own_look_and_its_own_frames(seated: Callable[..., Seats]) -> None:
    seats = seated()
    one, other = seats.start(CONFIG, values("red")), seats.start(CONFIG, values("blue"))
    for number in range(3):
        first, second = drawn(one, grey(200, number)), drawn(other, grey(90, number + 50))
    assert (first.pixels == styled(grey(200, 0).pixels, "red")).all()
    assert (second.pixels == styled(grey(90, 0).pixels, "blue")).all()
    assert (first.index, second.index) == (1, 51), "the frame that is shown, one behind"
    assert first.source is not None and (first.source == 200).all()


def test_one_thread_makes_and_draws_everything(seated: Callable[..., Seats]) -> None:
    model = StandInModel()
    seats = seated(model)
    for seat in [seats.start(CONFIG, values()) for _ in range(3)]:
        hears(seat, Ready)
    assert len(model.threads) == 1 and len(model.made) == 3


def test_the_newest_frame_wins_and_a_busy_neighbour_gets_no_second_turn(seated: Callable[..., Seats]) -> None:
    at_work, go_on = threading.Event(), threading.Event()
    drawn_in_order: list[int] = []

    class Waiting(StandIn):
        def __call__(self, pixels: Pixels, controls: Controls) -> Pixels:
            drawn_in_order.append(int(pixels[0, 0, 0]))
            at_work.set()
            assert go_on.wait(20)
            return super().__call__(pixels, controls)

    class WaitingModel(StandInModel):
        def engine(self, config: StreamConfig, progress: Callable[..., None]) -> StandIn:
            return Waiting(config, progress)

    seats = seated(WaitingModel())
    one, other = seats.start(CONFIG, values()), seats.start(CONFIG, values())
    hears(one, Ready)
    hears(other, Ready)
    one.feed(grey(1, 1))
    assert at_work.wait(20)
    for level in (2, 3, 4):
        one.feed(grey(level, level))
        other.feed(grey(level + 100, level))
    go_on.set()
    assert until(lambda: len(drawn_in_order) == 3)
    assert drawn_in_order == [1, 104, 4]


def test_a_bank_is_emptied_for_its_own_session_alone(seated: Callable[..., Seats]) -> None:
    model = StandInModel()
    seats = seated(model)
    one, other = seats.start(CONFIG, values()), seats.start(CONFIG, values())
    hears(one, Ready)
    hears(other, Ready)
    one.update(replace(values(), bank_resets=7))
    drawn(one, grey(1, 1))
    drawn(other, grey(1, 1))
    assert [engine._bank_resets for engine in model.made] == [1, 0]


@pytest.mark.parametrize(
    ("fault", "kind"), [("crash_after=1", FailureKind.CRASH), ("memory_above=8", FailureKind.MEMORY)]
)
def test_an_engine_that_fails_takes_its_own_session_along_and_no_other(
    seated: Callable[..., Seats], fault: str, kind: FailureKind
) -> None:
    seats = seated()
    well, ill = seats.start(CONFIG, values()), seats.start(replace(CONFIG, model=f"stand-in?{fault}"), values())
    hears(well, Ready)
    ill.feed(grey(1, 1))
    assert until(lambda: ill.feed(grey(1, 2)) and ill.over)
    assert hears(ill, Failure).kind is kind
    assert drawn(well, grey(5, 9)).index == 9
    assert until(lambda: seats.open == 1)


def test_a_session_that_leaves_makes_room(seated: Callable[..., Seats]) -> None:
    seats = seated(StandInModel(room=1))
    first = seats.start(CONFIG, values())
    with pytest.raises(Full, match="no memory beside 1"):
        seats.start(CONFIG, values())
    first.close()
    assert hears(seats.start(CONFIG, values()), Ready).delay_frames == 1


def test_a_model_that_does_not_load_is_told_to_who_asked_for_the_replica() -> None:
    def load() -> StandInModel:
        raise ModelError("no such model")

    with pytest.raises(ModelError, match="no such model"):
        Seats(load)


def test_every_frame_is_counted_and_a_hang_is_seen(seated: Callable[..., Seats]) -> None:
    told: list[float] = []
    seats = seated(drawn=told.append)
    seat = seats.start(replace(CONFIG, model="stand-in?slow_ms=300"), values())
    hears(seat, Ready)
    seat.feed(grey(1, 1))
    assert until(lambda: seats.silent_s > 0.2)
    assert until(lambda: told)
    assert told[0] >= 300 and until(lambda: seats.silent_s < 0.1)


def test_the_pool_of_a_server_takes_seats_as_it_takes_processes(seated: Callable[..., Seats]) -> None:
    pool = EnginePool(CONFIG, seated().start, most=1)
    lease = pool.take(CONFIG, values())
    hears(lease.link, Progress)  # type: ignore[arg-type]
    with pytest.raises(Full, match="1 of 1 engines"):
        pool.take(CONFIG, values())
    pool.give_back(lease, keep=True)
    assert pool.take(CONFIG, values()).link is lease.link
