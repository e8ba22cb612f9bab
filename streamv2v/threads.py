"""How many CPU threads the mathematics gets: tried on the engine itself, then remembered.

Two hardware threads of one core share its arithmetic units, so more threads than cores may be slower;
one core left to the rest of the machine may be worth more than its share. Neither can be told from a
core count, and a frame takes tenths of a second: so the engine draws a few of them with each choice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from .trials import Trials, fastest, side_by_side

QUESTION = "threads"
GAIN = 0.05
"""Another choice than the usual one has to be that much faster, since a trial is noisy."""
ROUNDS = 3


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
) -> tuple[int, str]:
    """Set the number of threads with which `frame` is fastest; give it back with the reason for people.

    Args:
        frame: draws one frame; called `rounds` + 1 times for each choice, unless the answer is remembered.
        usual: kept unless another choice is clearly faster.
        key: of all that the answer depends on.
    """
    remembered = trials.recall(QUESTION, key)
    if isinstance(remembered, int) and remembered in choices:
        torch.set_num_threads(remembered)
        return remembered, "fastest when tried before"
    if len(choices) < 2:
        torch.set_num_threads(usual)
        return usual, "the only choice"

    def run_with(number: int) -> Callable[[], object]:
        def run() -> object:
            torch.set_num_threads(number)
            return frame()

        return run

    times_ms = side_by_side({number: run_with(number) for number in choices}, rounds=rounds)
    chosen = fastest(times_ms, usual, gain=GAIN)
    torch.set_num_threads(chosen)
    trials.remember(QUESTION, key, chosen)
    told = ", ".join(f"{number}: {ms:.0f} ms" for number, ms in times_ms.items())
    return chosen, f"tried here ({told})"
