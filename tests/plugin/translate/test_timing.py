"""Frames at a constant rate: repeated, left out, never moved by more than a beat."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from streamv2v_cam.translate.timing import Timed, at_rate

MS = Fraction(1, 1000)


def clip(durations: list[int]) -> list[Timed[int]]:
    starts = [sum(durations[:number]) for number in range(len(durations))]
    return [
        Timed(number, start, duration) for number, (start, duration) in enumerate(zip(starts, durations, strict=True))
    ]


def test_the_same_rate_shows_every_frame_once():
    assert [count for _, count in at_rate(clip([40] * 10), MS, Fraction(25))] == [1] * 10


def test_half_the_rate_leaves_out_every_other_frame():
    assert [count for _, count in at_rate(clip([20] * 6), MS, Fraction(25))] == [1, 0, 1, 0, 1, 0]


def test_a_long_frame_is_repeated():
    assert [count for _, count in at_rate(clip([40, 400, 40]), MS, Fraction(25))] == [1, 10, 1]


@given(durations=st.lists(st.integers(1, 500), min_size=1, max_size=40), rate=st.integers(1, 120))
def test_the_clip_keeps_its_length_to_within_one_beat(durations: list[int], rate: int):
    beats = sum(count for _, count in at_rate(clip(durations), MS, Fraction(rate)))
    assert beats == 1 or abs(Fraction(beats, rate) - sum(durations) * MS) <= Fraction(1, 2 * rate)
