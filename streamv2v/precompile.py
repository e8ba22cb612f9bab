"""Compile in a process of its own, so that neither the interpreter's lock nor a fault of the compiler reaches a frame.

The child loads the model once more, compiles each part, compares and times it against the plain one, and
leaves the code in the cache on disk, from which the engine's process then takes it within seconds.
Compiled in a thread of the engine instead, frames took up to five times as long while it lasted.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import sys
import threading
from collections.abc import Callable
from typing import Any

from .tuning.compiling_child import one_line

ROUNDS = 7
"""Timed calls of each part, plain and compiled in turns."""


def begin() -> tuple[Any, Callable[..., None]]:
    """A child's first act: the orders it is given, and how it answers; from now on it ends with its parent."""
    # what libraries print must not land among the answers
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    orders = sys.stdin.buffer
    *given, niceness = pickle.loads(orders.read(int.from_bytes(orders.read(8), "little")))
    with contextlib.suppress(OSError, AttributeError):
        os.nice(niceness)
    threading.Thread(target=_end_with_parent, args=(orders,), daemon=True).start()

    def answer(**words: Any) -> None:
        answers.write(json.dumps(words) + "\n")
        answers.flush()

    return given, answer


def main() -> None:
    """Entry of the child."""
    (config, parts, threads), answer = begin()
    import torch

    torch.set_num_threads(threads)  # compiled code has it written in
    from .models.loading import load_components
    from .pipeline import StreamV2V
    from .tuning.compile_cache import use_cache
    from .tuning.compiling import Examples, compile_part

    use_cache(config.compile_cache)
    components = load_components(config)
    examples = Examples()
    with StreamV2V(config, components) as engine, examples.watching(components):
        engine.warm_up()
    for part in parts:
        answer(begun=part)
        try:
            made = compile_part(components, part, examples.calls[part])
            with torch.inference_mode():
                eager_ms, compiled_ms = made.times_ms(rounds=ROUNDS)
        except Exception as error:  # torch.compile fails in many ways; each is a reason to stay eager
            answer(part=part, failed=one_line(error))
        else:
            answer(part=part, eager_ms=eager_ms, compiled_ms=compiled_ms, deviation=made.deviation)


def _end_with_parent(orders: Any) -> None:
    orders.read()  # returns when the parent has closed its end, or is gone
    os._exit(0)
