"""How many CPU threads the mathematics gets: tried on the engine itself, then remembered.

Two hardware threads of one core share its arithmetic units, so more threads than cores may be slower;
one core left to the rest of the machine may be worth more than its share. Neither can be told from a
core count, and a frame takes tenths of a second: so the engine draws a few of them with each choice.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

import torch

from .autotune import Trials, fastest, side_by_side
from .load import Others

QUESTION = "threads"
GAIN = 0.05
"""Another choice than the usual one has to be that much faster, since a trial is noisy."""
ROUNDS = 3
ROUNDS_ON_AIR = 6
"""Frames on air differ more than blank ones."""
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

    others = Others(busy_s, clock)
    times_ms = side_by_side({number: run_with(number) for number in choices}, rounds=rounds)
    chosen = fastest(times_ms, usual, gain=GAIN)
    torch.set_num_threads(chosen)
    told = ", ".join(f"{number}: {ms:.0f} ms" for number, ms in times_ms.items())
    if (cores := others.cores()) > BUSY_CORES:
        return chosen, f"tried here ({told}) beside other programs on {cores:.1f} cores, so not remembered"
    trials.remember(QUESTION, key, chosen)
    return chosen, f"tried here ({told})"


class ThreadsOnAir:
    """Numbers of threads tried on the frames on air, and the fastest kept.

    Args:
        choices: numbers worth a trial.
        rounds: timed frames of each.
    """

    def __init__(self, choices: Sequence[int], *, rounds: int = ROUNDS_ON_AIR) -> None:
        self._choices, self._rounds = list(choices), rounds
        self._usual = torch.get_num_threads()
        self._times: dict[int, list[float]] = {}
        self._present: int | None = None

    @property
    def trying(self) -> bool:
        """Whether a trial runs."""
        return self._present is not None

    def begin(self) -> None:
        """Try anew, beginning with the next frame; nothing where there is no choice."""
        if len(self._choices) > 1 and not self.trying:
            self._usual = torch.get_num_threads()
            self._times = {number: [] for number in {self._usual, *self._choices}}
            self._set(self._usual)

    def drawn(self, frame_ms: float) -> str:
        """A frame took `frame_ms`; the next one gets the next number, or, at the end, the fastest.

        Returns:
            what came of the trial, for people, when this frame was its last; "" else.
        """
        if self._present is None:
            return ""
        self._times[self._present].append(frame_ms)
        left = {number: times for number, times in self._times.items() if len(times) <= self._rounds}
        if left:
            self._set(min(left, key=lambda number: len(left[number])))
            return ""
        # the first frame of each woke its threads
        times_ms = {number: statistics.median(times[1:]) for number, times in self._times.items()}
        chosen = fastest(times_ms, self._usual, gain=GAIN)
        torch.set_num_threads(chosen)
        self._present = None
        told = ", ".join(f"{number}: {ms:.0f} ms" for number, ms in sorted(times_ms.items()))
        return f"tried on air, since the load of the machine has changed ({told})"

    def _set(self, number: int) -> None:
        torch.set_num_threads(number)
        self._present = number
