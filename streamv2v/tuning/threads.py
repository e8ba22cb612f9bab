"""How many CPU threads the mathematics gets: tried on the engine itself, then remembered.

Two hardware threads of one core share its arithmetic units, so more threads than cores may be slower;
one core left to the rest of the machine may be worth more than its share. Neither can be told from a
core count, and a frame takes tenths of a second: so the engine draws a few of them with each choice.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence

import torch

from .autotune import Trials, fastest, side_by_side

QUESTION = "threads"
GAIN = 0.05
"""Another choice than the usual one has to be that much faster, since a trial is noisy."""
ROUNDS = 3
LONGEST_TRIAL_S = 20.0
"""A model so slow that the trial would take longer keeps the usual number: its start is long enough."""
BUSY_CORES = 0.5
"""Others may use that much of the machine during a trial; beyond it the answer holds for this start alone."""


def usual_threads(logical: int) -> int:
    """All cores, less one where there are four or more."""
    return logical - 1 if logical >= 4 else logical


def thread_choices(logical: int, physical: int | None = None) -> list[int]:
    """Numbers worth a trial, rising: all hardware threads or cores, each also less one, and half the cores.

    Args:
        logical: hardware threads this process may use.
        physical: cores among them; None where that is not known.
    """
    cores = min(physical or logical, logical)
    usual = usual_threads(logical)
    wanted = {logical, usual, cores, cores - 1, max(1, cores // 2)}
    return sorted(number for number in wanted if number >= 1)


def choose_threads(
    frame: Callable[[], object],
    choices: Sequence[int],
    *,
    usual: int,
    trials: Trials,
    key: str,
    rounds: int = ROUNDS,
    busy_s: Callable[[], float] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[int, str]:
    """Set the number of threads with which `frame` is fastest; give it back with the reason for people.

    Args:
        frame: draws one frame; called once and `rounds` + 1 times for each choice, unless the answer is remembered.
        usual: kept unless another choice is clearly faster, or where a frame takes seconds.
        key: of all that the answer depends on.
        busy_s: seconds that all cores together have worked since some moment; None where that is not known.
        clock: seconds.
    """
    remembered = trials.recall(QUESTION, key)
    if isinstance(remembered, int) and remembered in choices:
        torch.set_num_threads(remembered)
        return remembered, "fastest when tried before"
    if len(choices) < 2:
        torch.set_num_threads(usual)
        return usual, "the only choice"
    torch.set_num_threads(usual)
    began_s = clock()
    frame()
    frame_s = clock() - began_s
    if frame_s * len(choices) * (rounds + 1) > LONGEST_TRIAL_S:
        return usual, f"the usual number, since a trial of {frame_s:.1f} s a frame would take too long"

    def run_with(number: int) -> Callable[[], object]:
        def run() -> object:
            torch.set_num_threads(number)
            return frame()

        return run

    others = _Others(busy_s, clock)
    times_ms = side_by_side({number: run_with(number) for number in choices}, rounds=rounds)
    chosen = fastest(times_ms, usual, gain=GAIN)
    torch.set_num_threads(chosen)
    told = ", ".join(f"{number}: {ms:.0f} ms" for number, ms in times_ms.items())
    if (cores := others.cores()) > BUSY_CORES:
        return chosen, f"tried here ({told}) beside other programs on {cores:.1f} cores, so not remembered"
    trials.remember(QUESTION, key, chosen)
    return chosen, f"tried here ({told})"


class _Others:
    """How many cores others have kept busy since this was made."""

    def __init__(self, busy_s: Callable[[], float] | None, clock: Callable[[], float]) -> None:
        self._busy_s, self._clock = busy_s or self._own_s, clock
        self._began = self._now()

    def cores(self) -> float:
        busy_s, own_s, clock_s = (now - then for now, then in zip(self._now(), self._began, strict=True))
        return max(0.0, busy_s - own_s) / clock_s if clock_s > 0 else 0.0

    def _now(self) -> tuple[float, float, float]:
        return self._busy_s(), self._own_s(), self._clock()

    @staticmethod
    def _own_s() -> float:
        times = os.times()
        return times.user + times.system
