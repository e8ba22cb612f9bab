"""The load of the machine is followed when it has changed for good, and threads are then tried on air."""

from __future__ import annotations

import pytest
import torch

from streamv2v.tuning.load import PAUSE_S, SAMPLE_S, STEADY, LoadWatch
from streamv2v.tuning.threads import ROUNDS_ON_AIR, ThreadsOnAir


class Machine:
    """A clock, and what others work meanwhile."""

    def __init__(self) -> None:
        self.now_s = self.worked_s = 0.0
        self.watch = LoadWatch(lambda: self.worked_s, lambda: self.now_s)

    def run(self, cores: float, samples: int) -> int:
        """How often a change is told while others keep `cores` busy."""
        told = 0
        for _ in range(samples):
            self.now_s += SAMPLE_S * 1.01
            self.worked_s += SAMPLE_S * 1.01 * cores
            told += self.watch.changed()
        return told


@pytest.fixture
def own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamv2v.tuning.load.Others._own_s", staticmethod(lambda: 0.0))


def test_a_load_that_stays_is_told_once_and_so_is_its_end(own_time: None) -> None:
    machine, long = Machine(), int(PAUSE_S / SAMPLE_S) + STEADY
    assert machine.run(0.2, long) == 0
    assert machine.run(1.1, long) == 1
    assert machine.run(0.2, long) == 1


def test_a_load_that_passes_or_wanders_is_not_followed(own_time: None) -> None:
    machine = Machine()
    assert machine.run(0.2, 40) == 0
    for _ in range(20):
        assert machine.run(1.2, STEADY - 1) == 0 and machine.run(0.5, 1) == 0


def test_loads_that_change_places_all_the_time_are_followed_at_most_once_a_pause(own_time: None) -> None:
    machine = Machine()
    machine.run(0.2, 1)
    told = sum(machine.run(cores, STEADY) for _ in range(20) for cores in (1.5, 0.0))
    assert 1 <= told <= machine.now_s / PAUSE_S


@pytest.mark.parametrize(("slow", "kept"), [({2: 2.0}, 1), ({2: 1.02}, 2), ({1: 2.0}, 2)])
def test_threads_tried_on_air_end_with_the_number_that_is_clearly_fastest(slow: dict[int, float], kept: int) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        threads = ThreadsOnAir([1, 2])
        assert threads.drawn(100.0) == "" and not threads.trying
        threads.begin()
        told = [threads.drawn(100.0 * slow.get(torch.get_num_threads(), 1.0)) for _ in range(2 * (ROUNDS_ON_AIR + 1))]
        assert "load of the machine" in told[-1] and not any(told[:-1])
        assert torch.get_num_threads() == kept and not threads.trying
    finally:
        torch.set_num_threads(before)
