"""Rings in shared memory: newest wins, in order when asked for, never half a picture."""

from __future__ import annotations

import threading
from multiprocessing.shared_memory import SharedMemory

import numpy as np
import pytest
from streamv2v_cam.engine.memory import EngineMemory
from streamv2v_cam.engine.shared_frames import SharedRing
from streamv2v_cam.errors import EngineError
from streamv2v_cam.store import ControlStore

BYTES = 3000


def ring(slots: int = 3) -> SharedRing:
    return SharedRing(
        memoryview(bytearray(SharedRing.bytes_needed(slots=slots, payload_bytes=BYTES))),
        slots=slots,
        payload_bytes=BYTES,
    )


def picture(value: int) -> np.ndarray:
    return np.full(BYTES, value, np.uint8)


def test_an_empty_ring_has_nothing_newest():
    assert ring().newest() is None
    assert ring().at(1) is None


def test_the_newest_wins_and_is_read_once():
    shared = ring()
    for value in range(5):
        shared.write(picture(value), index=value + 10, stamp_s=value / 2)
    newest = shared.newest()
    assert newest is not None
    assert (newest.sequence, newest.index, newest.stamp_s, newest.payload[7]) == (5, 14, 2.0, 4)
    assert shared.newest(after=newest.sequence) is None


def test_slots_that_still_stand_are_read_by_number_and_overwritten_ones_are_not():
    shared = ring(slots=4)
    for value in range(6):
        shared.write(picture(value), index=value)
    assert [shared.at(number) is not None for number in range(1, 8)] == [False, False, True, True, True, True, False]


def test_a_slot_that_is_being_overwritten_is_not_given_out():
    shared = ring()
    shared.write(picture(1))
    shared._words[shared._header(1)] = 4  # what a writer killed in the middle of frame 4 leaves behind
    assert shared.newest() is None


def test_a_payload_that_is_too_large_is_refused():
    with pytest.raises(ValueError, match="3001 bytes does not fit"):
        ring().write(np.zeros(BYTES + 1, np.uint8))


def test_a_hurried_writer_never_shows_a_torn_picture():
    shared = ring()
    done = threading.Event()

    def write() -> None:
        for value in range(4000):
            shared.write(picture(value % 251), index=value)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen, last = 0, 0
    while not done.is_set() or seen == 0:
        record = shared.newest(after=last)
        if record is not None:
            assert record.sequence > last
            assert (record.payload == record.index % 251).all()
            seen, last = seen + 1, record.sequence
    writer.join()
    final = shared.newest()
    assert final is not None and final.index == 3999


def test_both_sides_see_frames_orders_and_live_values():
    host = EngineMemory.create(width=64, height=64)
    engine = EngineMemory.attach(host.plan)
    try:
        frame = np.arange(64 * 64 * 3, dtype=np.uint32).astype(np.uint8).reshape(64, 64, 3)
        host.frames_in.write(frame, index=3, stamp_s=1.5)
        record = engine.frames_in.newest()
        assert record is not None and (engine.picture(record) == frame).all()
        store = ControlStore()
        assert engine.newer_controls() is None
        host.write_controls(store.apply({"prompt": "x" * 900, "blend": [("ö" * 1000, 1.0)] * 8}))
        host.write_controls(store.apply({"strength": 0.25}))
        newer = engine.newer_controls()
        assert newer is not None and newer == store.current
        assert engine.newer_controls() is None
        assert not engine.stop
        host.ask_stop()
        assert engine.stop
        assert host.heart_s == 0
        engine.beat()
        assert host.heart_s > 0
    finally:
        engine.close()
        host.close()


def test_the_segment_is_gone_after_the_host_closed_it():
    host = EngineMemory.create(width=64, height=64)
    name = host.plan.name
    host.close()
    host.close()
    with pytest.raises(FileNotFoundError):
        SharedMemory(name=name)


def test_too_little_shared_memory_is_said_before_it_kills():
    with pytest.raises(EngineError, match="shared memory"):
        EngineMemory.create(width=2048, height=2048, slots=1 << 20)
