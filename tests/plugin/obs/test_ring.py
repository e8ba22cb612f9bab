"""The ring of presses: each is taken once, whatever is read twice, late or never."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from streamv2v_cam.obs.ring import RingReader

LENGTH = 64


def ring(numbers: range, session: str = "a") -> str:
    entries = [[number, f"c{number}"] for number in numbers][-LENGTH:]
    return json.dumps({"v": 1, "session": session, "seq": numbers.stop - 1, "ring": entries})


def commands(*numbers: int) -> list[str]:
    return [f"c{number}" for number in numbers]


@given(st.lists(st.integers(0, LENGTH), min_size=1, max_size=30))
def test_however_the_presses_fall_between_the_reads_each_comes_once_and_in_order(steps: list[int]):
    reader, pressed, taken = RingReader(), 0, []
    reader.take(None)
    for step in steps:
        pressed += step
        taken += reader.take(ring(range(1, pressed + 1)))
        assert reader.take(ring(range(1, pressed + 1))) == []
    assert taken == commands(*range(1, pressed + 1)) and reader.lost == 0


def test_presses_that_left_the_ring_are_counted_as_lost():
    reader = RingReader()
    reader.take(None)
    assert reader.take(ring(range(1, 101))) == commands(*range(37, 101))
    assert reader.lost == 36


def test_what_was_pressed_before_the_first_look_is_past():
    reader = RingReader()
    assert reader.take(ring(range(1, 6))) == []
    assert reader.take(ring(range(1, 7))) == commands(6)


def test_after_a_connection_that_was_not_live_only_later_presses_count():
    reader = RingReader()
    reader.take(ring(range(1, 3)))
    assert reader.take(ring(range(1, 9)), live=False) == []
    assert reader.take(ring(range(1, 10))) == commands(9)


def test_a_script_that_was_loaded_again_begins_to_count_anew():
    reader = RingReader()
    reader.take(ring(range(1, 40)))
    assert reader.take(ring(range(1, 3), session="b")) == commands(1, 2)


def test_settings_that_vanish_for_a_moment_repeat_nothing():
    reader = RingReader()
    reader.take(ring(range(1, 4)))
    assert reader.take(None) == []
    assert reader.take(ring(range(1, 5))) == commands(4)


def test_what_is_no_ring_is_ignored():
    reader = RingReader()
    reader.take(ring(range(1, 2)))
    for text in ("", "{", "[]", "7", '{"v": 2, "ring": []}', '{"v": 1}', '{"v": 1, "session": "a", "ring": [[1]]}'):
        assert reader.take(text) == []
    assert reader.take(ring(range(1, 3))) == commands(2)
