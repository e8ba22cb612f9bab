"""One clock for clips whose own starts again or leaps."""

from __future__ import annotations

from fractions import Fraction

from streamv2v_cam.media.timeline import Timeline

FRAME = Fraction(1, 10)


def test_a_clock_that_starts_again_goes_on_where_it_was():
    line = Timeline(may_leap=True)
    times = [Fraction(n, 10) for n in range(10)] * 2
    moved = [time + line.offset_s(0, time, FRAME) for time in times]
    assert moved == [Fraction(n, 10) for n in range(20)]
    assert line.seams == 1


def test_sound_that_crosses_the_seam_later_stays_in_step_with_the_picture():
    line = Timeline(may_leap=True)
    picture = [(0, Fraction(n, 10)) for n in range(10)] + [(0, Fraction(0)), (0, FRAME)]
    sound = [(1, Fraction(n, 10)) for n in range(10)] + [(1, Fraction(0)), (1, FRAME)]
    mixed = picture[:11] + sound[:9] + picture[11:] + sound[9:]
    moved = [(stream, time + line.offset_s(stream, time, FRAME)) for stream, time in mixed]
    assert [time for stream, time in moved if stream == 0] == [time for stream, time in moved if stream == 1]


def test_a_leap_is_a_seam_only_where_the_container_may_leap():
    for may_leap, seams in ((True, 1), (False, 0)):
        line = Timeline(may_leap=may_leap)
        for time in (Fraction(0), FRAME, Fraction(5000)):
            line.offset_s(0, time, FRAME)
        assert line.seams == seams


def test_small_disorder_and_packets_without_a_time_are_no_seam():
    line = Timeline(may_leap=True)
    for time in (Fraction(0), Fraction(2, 10), FRAME, None, Fraction(3, 10)):
        assert line.offset_s(0, time, FRAME) == 0
    assert line.seams == 0
