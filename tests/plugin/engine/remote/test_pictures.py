"""Pictures on a line: what is written is read, in each way of writing, and the way follows the line."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from streamv2v_cam.engine.remote import pictures
from streamv2v_cam.engine.remote.choosing import LONGEST_TRIAL_S, TRIAL_S, CodecChoice
from streamv2v_cam.engine.remote.codec import PictureError
from streamv2v_cam.engine.remote.flight import BEST, FAR_MOST, FIRST, LOOKED_AT, MOST, WORST, Flight
from streamv2v_cam.engine.remote.h264 import (
    LEAST_BITS,
    MOST_BITS,
    SOONER,
    H264Reader,
    H264Writer,
    encoder_name,
    factor_of,
)
from streamv2v_cam.engine.remote.pictures import PictureReader, PictureWriter
from streamv2v_cam.engine.remote.wire import Picture, WireError
from streamv2v_cam.frame import Pixels

WIDE, HIGH = 96, 64


def picture(number: int, *, side: int = 0) -> Pixels:
    """Smooth colours that move."""
    down, across = np.mgrid[: HIGH + side, : WIDE + side]
    waves = [np.sin((across + phase * down + 3 * number) / 9) for phase in (0.0, 0.5, 1.0)]
    return (np.stack(waves, axis=-1) * 90 + 128).astype(np.uint8)


def off_by(given: Pixels, got: Pixels) -> float:
    return float(np.abs(given.astype(int) - got.astype(int)).mean())


class Clock:
    """Time that goes on by hand."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def flown(flight: Flight, clock: Clock, way_s: float, count: int, *, every_s: float = 0.1, first: int = 0) -> None:
    """So many pictures, one after the other, each so long on its way."""
    for number in range(first, first + count):
        flight.sent(number)
        clock.now_s += way_s
        flight.arrived(number)
        clock.now_s += max(0.0, every_s - way_s)


@pytest.mark.parametrize("asked", ["jpeg", "h264", "raw"])
def test_what_is_written_is_read_at_once_and_looks_the_same(asked: str) -> None:
    writer = PictureWriter(WIDE, HIGH, asked, ("h264",), Flight())
    reader = PictureReader(WIDE, HIGH)
    for number in range(6):
        got = reader.read(writer.message(Picture(picture(number), number, number + 1, 2.5, 7)))
        assert (got.sequence, got.taken, got.engine_ms, got.revision) == (number, number + 1, 2.5, 7)
        assert off_by(picture(number), got.pixels) < (0.1 if asked == "raw" else 6)
    assert writer.codec == reader.codec == asked


def test_moving_pictures_are_much_smaller_in_h264() -> None:
    def size(asked: str) -> int:
        writer = PictureWriter(WIDE, HIGH, asked, ("h264",), Flight())
        return sum(len(writer.message(Picture(picture(number), number))) for number in range(20))

    assert size("h264") < size("jpeg") / 2


def test_who_joins_in_the_middle_reads_nothing_until_a_keyframe_that_it_gets_by_asking() -> None:
    writer, late = H264Writer(WIDE, HIGH), H264Reader(WIDE, HIGH)
    for number in range(5):
        packet = writer.coded(picture(number), FIRST)
    with pytest.raises(PictureError):
        late.decoded(packet)
    writer.want_keyframe()
    assert off_by(picture(5), late.decoded(writer.coded(picture(5), FIRST))) < 6
    assert off_by(picture(6), late.decoded(writer.coded(picture(6), FIRST))) < 6


def test_a_picture_that_cannot_be_read_is_numbered_all_the_same_so_that_the_line_goes_on() -> None:
    writer = PictureWriter(WIDE, HIGH, "h264", ("h264",), Flight())
    reader = PictureReader(WIDE, HIGH)
    message = writer.message(Picture(picture(0), 41))
    broken = message[:40] + bytes(len(message) - 40)
    assert (reader.read(broken).sequence, reader.read(broken).pixels) == (41, None)
    writer.want_keyframe()
    assert reader.read(writer.message(Picture(picture(1), 42))).pixels is not None


def test_a_packet_that_holds_another_size_is_no_picture() -> None:
    with pytest.raises(PictureError):
        H264Reader(WIDE, HIGH).decoded(H264Writer(WIDE + 64, HIGH + 64).coded(picture(0, side=64), FIRST))


def test_a_coarser_picture_takes_fewer_bytes_and_needs_no_word_to_the_reader() -> None:
    writer, reader = H264Writer(WIDE, HIGH), H264Reader(WIDE, HIGH)
    noise = np.random.default_rng(0).integers(0, 255, (40, HIGH, WIDE, 3), np.uint8)
    fine = [len(writer.coded(one, BEST)) for one in noise[: SOONER + 2]]
    coarse = [writer.coded(one, WORST) for one in noise[SOONER + 2 :]]
    assert np.median([len(one) for one in coarse]) < 0.7 * np.median(fine)
    assert reader.decoded(coarse[0]).shape == (HIGH, WIDE, 3), "it begins with a keyframe"
    assert factor_of(BEST) < factor_of(FIRST) < factor_of(WORST)


def test_no_picture_of_any_kind_takes_much_of_a_slow_line_and_none_is_empty() -> None:
    """Noise that changes from picture to picture is the worst there is; keyframes in a row are no worse for it."""
    wide, high = 512, 288
    noise = np.random.default_rng(0).integers(0, 255, (6, high, wide, 3), np.uint8)
    scene = cv2.resize(picture(0), (wide, high))
    for quality, bits in ((BEST, MOST_BITS), (WORST, LEAST_BITS)):
        writer, reader = H264Writer(wide, high), H264Reader(wide, high)
        for one in noise:
            packet = writer.coded(one, quality)
            assert 8 * len(packet) < 1.5 * bits * wide * high
            reader.decoded(packet)
        for _ in range(3):
            writer.want_keyframe()
            assert off_by(scene, reader.decoded(writer.coded(scene, quality))) < 8


@pytest.mark.parametrize("readable", [(), ("h265",)])
def test_a_side_that_does_not_read_h264_gets_jpeg(readable: tuple[str, ...]) -> None:
    writer = PictureWriter(WIDE, HIGH, "h264", readable, Flight())
    reader = PictureReader(WIDE, HIGH)
    reader.read(writer.message(Picture(picture(0), 1)))
    assert reader.codec == "jpeg"


def test_a_side_that_cannot_write_h264_writes_jpeg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "encoder_name", lambda: "")
    assert PictureWriter(WIDE, HIGH, "h264", ("h264",), Flight()).codec == "jpeg"
    assert encoder_name() in ("libx264", "h264_nvenc")


def test_an_encoder_that_fails_on_the_way_costs_no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = PictureWriter(WIDE, HIGH, "h264", ("h264",), Flight())
    reader = PictureReader(WIDE, HIGH)

    def broken(self: H264Writer, pixels: Pixels, quality: int) -> bytes:
        raise PictureError("asked to fail")

    monkeypatch.setattr(H264Writer, "coded", broken)
    assert off_by(picture(0), reader.read(writer.message(Picture(picture(0), 1))).pixels) < 6
    assert reader.codec == writer.codec == "jpeg"


def test_a_message_of_another_size_is_refused() -> None:
    message = PictureWriter(WIDE, HIGH, "jpeg", (), Flight()).message(Picture(picture(0), 1))
    with pytest.raises(WireError, match="was agreed on"):
        PictureReader(WIDE, HIGH + 2).read(message)


def test_two_pictures_are_on_a_short_line_however_fast_it_is() -> None:
    clock = Clock()
    flight = Flight(lambda: 0.001, clock=clock)
    flown(flight, clock, 0.005, 60, every_s=1 / 30)
    for number in range(100, 100 + MOST):
        assert flight.wait_room(0)
        flight.sent(number)
    assert not flight.wait_room(0)


@pytest.mark.parametrize(("delay_s", "rate"), [(0.06, 30), (0.4, 30), (0.4, 8)])
def test_a_long_line_holds_what_its_delay_holds_and_carries_the_whole_rate(delay_s: float, rate: int) -> None:
    clock = Clock()
    flight = Flight(lambda: delay_s, clock=clock)
    out: list[tuple[int, float]] = []
    went = 0
    for number in range(rate * 10):
        while out and out[0][1] <= clock.now_s:
            flight.arrived(out.pop(0)[0])
        if flight.wait_room(0):
            flight.sent(number)
            out.append((number, clock.now_s + delay_s + 0.005))
            went += number >= rate * 5
        clock.now_s += 1 / rate
    assert went > 0.95 * rate * 5
    assert len(out) <= min(FAR_MOST, MOST + round(rate * delay_s) + 1)


def test_a_line_known_to_be_slow_gives_way_sooner() -> None:
    clock = Clock()
    flight = Flight(clock=clock)
    flight.begin_anew(wary=True)
    flown(flight, clock, 0.01, 20)
    flown(flight, clock, 0.045, 5, first=20)
    assert flight.quality < FIRST
    flight.begin_anew(wary=False)
    flown(flight, clock, 0.01, 20, first=30)
    flown(flight, clock, 0.045, 5, first=50)
    assert flight.quality == BEST


def test_quality_falls_where_pictures_queue_and_rises_where_they_do_not() -> None:
    clock = Clock()
    flight = Flight(clock=clock)
    flown(flight, clock, 0.01, 10)
    assert flight.quality > FIRST
    flown(flight, clock, 0.2, 10, first=10)
    assert flight.quality == WORST
    flown(flight, clock, 0.01, 60, first=20)
    assert flight.quality == BEST


def choice(asked: str = "auto", readable: tuple[str, ...] = ("h264",)) -> tuple[CodecChoice, Flight, Clock]:
    clock = Clock()
    flight = Flight(lambda: 0.03, clock=clock)
    return CodecChoice(asked, readable, ("h264",), flight, clock=clock), flight, clock


def test_a_line_too_slow_for_jpeg_gets_h264_and_a_quick_one_keeps_jpeg() -> None:
    quick, flight, clock = choice()
    flown(flight, clock, 0.035, 200)
    assert quick.follow() == "jpeg"
    slow, flight, clock = choice()
    flown(flight, clock, 0.08, LOOKED_AT - 1)
    assert slow.follow() == "jpeg", "too early to tell"
    flown(flight, clock, 0.08, 1, first=LOOKED_AT)
    assert slow.follow() == "h264" and flight.quality == FIRST


def test_jpeg_is_tried_again_after_a_while_and_less_often_where_it_was_in_vain() -> None:
    slow, flight, clock = choice()
    waits: list[float] = []
    number = 0
    for _ in range(8):
        while slow.follow() == "jpeg":
            flown(flight, clock, 0.08, 1, first=number)
            number += 1
        began_s = clock.now_s
        while slow.follow() == "h264":
            clock.now_s += 1.0
        waits.append(clock.now_s - began_s)
    assert waits[0] == pytest.approx(TRIAL_S, abs=2)
    assert waits[1] == pytest.approx(2 * TRIAL_S, abs=2) and waits[-1] == pytest.approx(LONGEST_TRIAL_S, abs=2)


@pytest.mark.parametrize("asked", ["jpeg", "raw"])
def test_what_was_asked_for_by_name_stays_on_a_slow_line(asked: str) -> None:
    named, flight, clock = choice(asked)
    flown(flight, clock, 0.5, 100)
    assert named.follow() == asked


def test_a_line_whose_own_delay_is_not_known_yet_says_nothing_of_pictures() -> None:
    clock = Clock()
    flight = Flight(clock=clock)
    flown(flight, clock, 0.5, 100)
    assert flight.carrying_s() is None
