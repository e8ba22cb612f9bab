"""Telemetry counts and times, on a clock that is moved by hand."""

from __future__ import annotations

import json
import threading

import numpy as np
import pytest
from streamv2v_cam.frame import Frame
from streamv2v_cam.telemetry import RING_LENGTH, Telemetry


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


PIXELS = np.zeros((2, 2, 3), np.uint8)


def run_beats(telemetry: Telemetry, clock: Clock, beats: int, *, delay_s: float = 0.1, fps: float = 30.0) -> None:
    """Capture, style and publish one frame per beat."""
    for number in range(beats):
        frame = Frame(PIXELS, number, clock.now_s - delay_s)
        telemetry.captured()
        telemetry.engine_finished(frame, 50.0)
        telemetry.published(frame, repeated=False)
        clock.now_s += 1 / fps


def test_before_anything_happened_all_figures_are_zero() -> None:
    clock = Clock()
    figures = Telemetry(clock=clock).snapshot().as_dict()
    assert set(figures.values()) == {0}


def test_rates_are_those_of_the_last_two_seconds() -> None:
    clock = Clock()
    telemetry = Telemetry(clock=clock)
    run_beats(telemetry, clock, 90)
    run_beats(telemetry, clock, 30, fps=10)
    snapshot = telemetry.snapshot()
    for rate in (snapshot.capture_fps, snapshot.engine_fps, snapshot.publish_fps):
        assert rate == pytest.approx(10, abs=1)
    assert snapshot.published == 120
    assert telemetry.snapshot(whole_run=True).publish_fps == pytest.approx(120 / 6, rel=0.05)


def test_a_rate_falls_to_zero_when_nothing_comes_any_more() -> None:
    clock = Clock()
    telemetry = Telemetry(clock=clock)
    run_beats(telemetry, clock, 60)
    clock.now_s += 5
    assert telemetry.snapshot().publish_fps == 0


def test_latency_is_that_of_newly_published_styled_frames_alone() -> None:
    clock = Clock()
    telemetry = Telemetry(clock=clock)
    run_beats(telemetry, clock, 30, delay_s=0.2)
    old = Frame(PIXELS, 0, clock.now_s - 5)
    telemetry.published(old, repeated=True)
    telemetry.published(None, repeated=False)
    snapshot = telemetry.snapshot()
    assert snapshot.latency_p50_ms == pytest.approx(200, abs=1)
    assert snapshot.latency_p99_ms == pytest.approx(200, abs=1)
    assert snapshot.repeated == 1


def test_percentiles_of_the_whole_run_agree_with_the_plain_ones() -> None:
    clock = Clock()
    telemetry = Telemetry(clock=clock)
    delays_ms = np.random.default_rng(1).gamma(4, 30, 500)
    for delay_ms in delays_ms:
        telemetry.published(Frame(PIXELS, 0, clock.now_s - delay_ms / 1000), repeated=False)
        clock.now_s += 1 / 30
    whole = telemetry.snapshot(whole_run=True)
    for rank, figure in ((50, whole.latency_p50_ms), (95, whole.latency_p95_ms), (99, whole.latency_p99_ms)):
        assert figure == pytest.approx(np.percentile(delays_ms, rank), abs=8)
    assert whole.interval_p50_ms == pytest.approx(33, abs=1)


def test_percentiles_of_the_last_ten_seconds_are_exact_and_forget_what_was_before() -> None:
    clock = Clock()
    telemetry = Telemetry(clock=clock)
    run_beats(telemetry, clock, 90, delay_s=5.0)
    clock.now_s += 10
    delays_ms = np.random.default_rng(2).gamma(4, 30, 200)
    for delay_ms in delays_ms:
        telemetry.published(Frame(PIXELS, 0, clock.now_s - delay_ms / 1000), repeated=False)
        clock.now_s += 1 / 30
    figures = telemetry.snapshot()
    for rank, figure in ((50, figures.latency_p50_ms), (95, figures.latency_p95_ms), (99, figures.latency_p99_ms)):
        assert figure == pytest.approx(np.percentile(delays_ms, rank))
    assert (figures.look_p50_ms, figures.look_p95_ms) == pytest.approx(np.percentile(delays_ms, (50, 95)))


def test_the_interval_shows_a_beat_that_was_missed() -> None:
    clock = Clock()
    telemetry = Telemetry(clock=clock)
    run_beats(telemetry, clock, 40)
    clock.now_s += 0.2
    telemetry.published(None, repeated=True, late=6)
    snapshot = telemetry.snapshot()
    assert snapshot.late == 6
    assert snapshot.interval_p50_ms == pytest.approx(33.3, abs=0.1)
    assert snapshot.interval_p99_ms > 40
    assert snapshot.interval_max_ms == pytest.approx(233, abs=1)
    assert snapshot.interval_p99_ms < snapshot.interval_p999_ms < snapshot.interval_max_ms
    assert telemetry.snapshot(whole_run=True).intervals_ms["max"] == pytest.approx(233, abs=1)


def test_memory_is_bounded_and_the_dictionary_is_json() -> None:
    clock = Clock()
    telemetry = Telemetry(clock=clock)
    run_beats(telemetry, clock, 3 * RING_LENGTH, fps=1000)
    kept = [part._ring for part in vars(telemetry).values() if hasattr(part, "_ring")]
    assert kept and all(len(ring) <= RING_LENGTH for ring in kept)
    assert json.loads(json.dumps(telemetry.snapshot().as_dict()))["published"] == 3 * RING_LENGTH


def test_threads_count_together_without_losing_any() -> None:
    telemetry = Telemetry()

    def count() -> None:
        for _ in range(500):
            telemetry.captured_dropped()

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert telemetry.snapshot().captured_dropped == 2000
