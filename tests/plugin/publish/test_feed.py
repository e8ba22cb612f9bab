"""A feed keeps its sink's troubles to itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from patience import until
from streamv2v_cam.errors import SinkError
from streamv2v_cam.frame import Pixels
from streamv2v_cam.publish.feed import EVERY_FRAME_DEPTH, LATE_BEATS, SinkFeed


def picture(number: int) -> Pixels:
    return np.full((2, 2, 3), number, np.uint8)


class ListSink:
    """Remembers what it was sent; breaks after `lives` pictures; waits for `gate` before each."""

    def __init__(self, *, lives: int | None = None, gate: threading.Event | None = None) -> None:
        self.name = "list"
        self.numbers: list[int] = []
        self.closed = False
        self._lives, self._gate = lives, gate

    def send(self, pixels: Pixels) -> None:
        if self._gate is not None:
            self._gate.wait(30)
        if self._lives is not None and len(self.numbers) >= self._lives:
            raise SinkError("The list is full.")
        self.numbers.append(int(pixels[0, 0, 0]))

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def start() -> Iterator[Callable[..., SinkFeed]]:
    feeds: list[SinkFeed] = []

    def build(*args, **options) -> SinkFeed:
        feeds.append(SinkFeed(*args, **options))
        feeds[-1].start()
        return feeds[-1]

    yield build
    for feed in feeds:
        feed.stop()


def test_a_slow_sink_gets_the_newest_and_the_rest_is_counted(start: Callable[..., SinkFeed]) -> None:
    gate, feed = threading.Event(), None
    sink = ListSink(gate=gate)
    feed = start(sink)
    feed.offer(picture(0))
    assert until(lambda: feed._sending_since_s is not None)
    for number in range(1, 50):
        feed.offer(picture(number))
    gate.set()
    assert until(lambda: sink.numbers[-1:] == [49])
    assert sink.numbers == [0, 48, 49]
    assert feed.status.dropped == 47


def test_a_file_gets_every_picture_and_those_of_missed_beats(start: Callable[..., SinkFeed]) -> None:
    gate = threading.Event()
    sink = ListSink(gate=gate)
    feed = start(sink, every_frame=True)
    numbers = range(LATE_BEATS - 1)
    for number in numbers:
        feed.offer(picture(number))
    feed.offer(picture(20), beats=3)
    gate.set()
    feed.stop()
    assert sink.numbers == [*numbers, 20, 20, 20]
    assert feed.status.done and feed.status.dropped == 0 and sink.closed


def test_a_file_written_too_slowly_keeps_every_beat_and_fewer_different_pictures(
    start: Callable[..., SinkFeed], caplog: pytest.LogCaptureFixture
) -> None:
    gate = threading.Event()
    sink = ListSink(gate=gate)
    feed = start(sink, every_frame=True)
    beats = 200
    for number in range(beats):
        feed.offer(picture(number))
    gate.set()
    feed.stop()
    assert len(sink.numbers) == beats and feed.status.done and feed.status.lost is None
    assert sink.numbers == sorted(sink.numbers), "none comes before its time"
    assert all(number <= beat for beat, number in enumerate(sink.numbers))
    different = len(set(sink.numbers))
    assert LATE_BEATS < different < 50 and feed.status.dropped == beats - different
    assert caplog.text.count("stand longer") == 1


def test_a_file_written_too_slowly_gets_the_cover_at_once_and_nothing_older_after_it(
    start: Callable[..., SinkFeed],
) -> None:
    gate = threading.Event()
    sink = ListSink(gate=gate)
    feed = start(sink, every_frame=True)
    for number in range(100):
        feed.offer(picture(number))
    cover = picture(200)
    feed.offer(cover, urgent=True)
    for _ in range(5):
        feed.offer(cover)
    gate.set()
    feed.stop()
    assert sink.numbers[100:] == [200] * 6


def test_a_file_that_takes_nothing_for_a_minute_is_ended_and_says_so(start: Callable[..., SinkFeed]) -> None:
    gate = threading.Event()
    sink = ListSink(gate=gate)
    feed = start(sink, every_frame=True)
    shown = picture(1)
    for _ in range(EVERY_FRAME_DEPTH + 3):
        feed.offer(shown)
    assert feed.status.given_up and "could not keep up" in str(feed.status.lost)
    gate.set()
    assert until(lambda: sink.closed)
    assert not feed.status.done


def test_a_limit_ends_the_sink_after_exactly_so_many_pictures(start: Callable[..., SinkFeed]) -> None:
    sink = ListSink()
    feed = start(sink, every_frame=True, limit=7)
    shown = picture(3)
    for _ in range(30):
        feed.offer(shown)
    assert feed.done.wait(20)
    assert sink.numbers == [3] * 7 and sink.closed
    assert feed.status.done and feed.status.lost is None


def test_a_sink_that_dies_is_reopened_and_gets_the_newest(start: Callable[..., SinkFeed]) -> None:
    first, second, tries = ListSink(lives=2), ListSink(), list[int]()

    def reopen() -> ListSink:
        tries.append(1)
        if len(tries) == 1:
            raise SinkError("The list is not there.")
        return second

    feed = start(first, reopen=reopen)
    number = 0

    def offered_until(condition: Callable[[], object]) -> bool:
        def offer() -> object:
            nonlocal number
            number += 1
            feed.offer(picture(number % 250))
            return condition()

        return until(offer)

    assert offered_until(lambda: feed.status.lost == "The list is full.")
    assert first.closed
    assert offered_until(lambda: feed.status.lost == "The list is not there.")
    assert offered_until(lambda: len(second.numbers) > 2)
    assert feed.status.lost is None and not feed.status.given_up


def test_a_sink_that_cannot_be_reopened_is_given_up_with_its_reason(start: Callable[..., SinkFeed]) -> None:
    feed = start(ListSink(lives=1))
    for number in range(3):
        feed.offer(picture(number))
        time.sleep(0.02)
    assert until(lambda: feed.status.given_up)
    assert feed.status.lost == "The list is full." and not feed.status.done


def test_a_sink_with_a_bug_is_lost_like_any_other(start: Callable[..., SinkFeed]) -> None:
    class Broken(ListSink):
        def send(self, pixels: Pixels) -> None:
            raise ZeroDivisionError("a bug")

    feed = start(Broken())
    feed.offer(picture(1))
    assert until(lambda: feed.status.given_up)
    assert "a bug" in str(feed.status.lost)


def test_a_sink_that_hangs_counts_as_lost_until_it_answers(
    start: Callable[..., SinkFeed], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamv2v_cam.publish.feed.HUNG_S", 0.05)
    gate = threading.Event()
    feed = start(ListSink(gate=gate))
    feed.offer(picture(1))
    assert until(lambda: "no picture" in str(feed.status.lost))
    gate.set()
    assert until(lambda: feed.status.lost is None)


def test_nothing_older_than_an_urgent_picture_is_shown_after_it(start: Callable[..., SinkFeed]) -> None:
    gate = threading.Event()
    sink = ListSink(gate=gate)
    feed = start(sink)
    feed.offer(picture(1))
    assert until(lambda: feed._sending_since_s is not None)
    feed.offer(picture(2))
    feed.offer(picture(9), urgent=True)
    gate.set()
    assert until(lambda: sink.numbers[-1:] == [9])
    assert sink.numbers == [1, 9]


def test_a_picture_from_before_a_slow_reopening_is_not_shown_after_it(start: Callable[..., SinkFeed]) -> None:
    gate, opening, sink = threading.Event(), threading.Event(), ListSink()

    def reopen() -> ListSink:
        opening.set()
        gate.wait(30)
        return sink

    feed = start(None, reopen=reopen, name="late list")
    assert "late list" in str(feed.status.lost)
    feed.offer(picture(1))
    assert opening.wait(20)
    feed.offer(picture(9), urgent=True)
    gate.set()
    assert until(lambda: sink.numbers)
    assert sink.numbers[0] == 9


def test_stop_returns_although_the_sink_hangs() -> None:
    gate = threading.Event()
    feed = SinkFeed(ListSink(gate=gate))
    feed.start()
    feed.offer(picture(1))
    assert until(lambda: feed._sending_since_s is not None)
    stopper = threading.Thread(target=feed.stop)
    stopper.start()
    stopper.join(30)
    assert not stopper.is_alive()
    gate.set()
