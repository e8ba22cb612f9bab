"""Motion steps back before the engine pays for it: detail first, then every second picture; and comes back."""

from __future__ import annotations

from streamv2v_cam.publish.thrift import CALM_BEATS, Thrift

BEAT_S = 1 / 30


def beats(thrift: Thrift, number: int, *, plain_s: float, detail_s: float = 0.0) -> list[bool]:
    """Which of so many beats got a picture, each of that cost."""
    answer = []
    for _ in range(number):
        answer.append(thrift.due())
        if answer[-1]:
            thrift.spent(plain_s + (detail_s if thrift.detail else 0.0), detail=thrift.detail and detail_s > 0)
    return answer


def test_a_cheap_picture_is_moved_at_every_beat_with_detail() -> None:
    thrift = Thrift(BEAT_S, cores=8)
    assert all(beats(thrift, 200, plain_s=0.006, detail_s=0.004))
    assert thrift.detail


def test_on_two_cores_detail_is_left_out_before_a_picture_is() -> None:
    thrift = Thrift(BEAT_S, cores=2)
    assert all(beats(thrift, 300, plain_s=0.0037, detail_s=0.004)), "every beat"
    assert not thrift.detail


def test_a_picture_that_costs_too_much_is_moved_at_every_second_beat_and_at_every_third() -> None:
    assert sum(beats(Thrift(BEAT_S, cores=2), 600, plain_s=0.008)[300:]) == 150
    assert sum(beats(Thrift(BEAT_S, cores=2), 600, plain_s=0.05)[300:]) == 100, "no fewer, whatever they cost"


def test_an_engine_that_draws_elsewhere_leaves_motion_more() -> None:
    assert all(beats(Thrift(BEAT_S, cores=2, shared=lambda: False), 300, plain_s=0.008, detail_s=0.004))


def test_it_comes_back_once_the_load_has_passed_and_does_not_swing() -> None:
    thrift = Thrift(BEAT_S, cores=2)
    beats(thrift, 100, plain_s=0.02)
    assert thrift.every == 3
    assert all(beats(thrift, 20 * CALM_BEATS, plain_s=0.003)[-30:])
    changes, way = 0, thrift.every
    for _ in range(300):
        beats(thrift, 1, plain_s=0.0046)
        changes, way = changes + (thrift.every != way), thrift.every
    assert changes <= 3
