"""When an engine counts as hanging, and when it is only slow, starved or stopped along with the host."""

from __future__ import annotations

import pytest
from streamv2v_cam.engine.heartbeat import Heartbeat, Patience

TICK_S = 0.05


class World:
    """A clock, an engine that computes or does not, and the heartbeat that watches it."""

    def __init__(self, *, frame_s: float = 0.1, frames: int = 5) -> None:
        self.now_s = self.cpu_s = self.heart_s = 0.0
        self.watched = Heartbeat(Patience(load_s=60, hang_s=3), lambda: self.cpu_s, clock=lambda: self.now_s)
        for _ in range(frames):
            self.watched.frame(frame_s)
            self.watched.beat()

    def hang_after_s(self, limit_s: float, *, share: float = 0.0) -> float | None:
        """Silence, with that share of a core used: after how long it counts as a hang; None within the limit."""
        begun_s = self.now_s
        while self.now_s - begun_s < limit_s:
            self.now_s += TICK_S
            self.cpu_s += share * TICK_S
            if self.watched.silent_s(self.heart_s) is not None:
                return self.now_s - begun_s
        return None


def test_an_engine_that_does_nothing_hangs_after_three_seconds():
    assert World().hang_after_s(60) == pytest.approx(3, abs=0.2)


@pytest.mark.parametrize(("frame_s", "hang_s"), [(0.5, 3), (2.0, 8), (10.0, 40)])
def test_a_slow_engine_has_four_of_its_own_frames(frame_s, hang_s):
    assert World(frame_s=frame_s).hang_after_s(300) == pytest.approx(hang_s, abs=0.2)


@pytest.mark.parametrize("share", [0.05, 1.0, 16.0])
def test_one_that_computes_or_is_starved_has_ten_times_as_long(share):
    assert World().hang_after_s(60, share=share) == pytest.approx(30, abs=0.3)


def test_the_first_frame_may_compile_for_as_long_as_loading_and_says_nothing_of_the_others():
    assert World(frames=0).hang_after_s(100) == pytest.approx(60, abs=0.2)
    world = World(frames=0)
    world.watched.frame(50.0)
    assert world.hang_after_s(190) is None
    world.watched.frame(0.1)
    world.watched.beat()
    assert world.hang_after_s(60) == pytest.approx(3, abs=0.2)


def test_a_heart_that_beats_is_no_hang_however_long_there_is_no_frame():
    world = World()
    for _ in range(100):
        world.heart_s += 1
        assert world.hang_after_s(2.5) is None


def test_a_host_that_was_stopped_with_its_engine_gives_it_time_anew():
    world = World()
    assert world.hang_after_s(2.0) is None
    world.now_s += 3600
    assert world.hang_after_s(2.9) is None
    world.heart_s += 1
    assert world.hang_after_s(2.9) is None


def test_a_few_slow_frames_long_ago_do_not_count():
    world = World(frame_s=5.0)
    for _ in range(40):
        world.watched.frame(0.1)
    world.watched.beat()
    assert world.hang_after_s(60) == pytest.approx(3, abs=0.2)
