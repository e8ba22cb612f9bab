"""One side of a comparison in turns: a process that holds engines and runs blocks of frames when it is told to.

    PYTHONPATH=CHECKOUT:scripts python -m benchmarks.contestant < orders

An order and its answer are one line of JSON each. It is started with the library of this checkout or of an
older one, so it asks of the library only what both have.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from .baseline import BaselineStream
from .cases import BASELINE, LIVE, bank_of
from .clip import PROMPTS, moving_clip, moving_controls, steady_controls
from .ready import forget_compiled, ready_engine

ROUND_CONTROLS = 128
"""Controls that go round: the frames of one are no part of what is compared."""


class Contestants:
    """Engines by name, each with networks of its own, since a bank is attached to its U-Net."""

    def __init__(self) -> None:
        self._steps: dict[str, Callable[[], Any]] = {}
        self._closing: list[Callable[[], Any]] = []

    def make(self, name: str, case: dict[str, Any]) -> None:
        """Build one: `case` has model, width, height, slots, bank and acceleration."""
        from streamv2v import StreamConfig, load_components

        place = {key: case[key] for key in ("model", "width", "height", "slots")}
        bank, live = bank_of(case["bank"]), LIVE.get(case["bank"], {})
        plain = case["acceleration"] == BASELINE
        known = {item.name for item in fields(StreamConfig)}  # older checkouts know no acceleration
        options = {} if plain or "acceleration" not in known else {"acceleration": case["acceleration"]}
        config = StreamConfig(**place, bank=bank, **options)
        components = load_components(config)
        clip, turn = moving_clip(config.width, config.height), 0
        work = self._plain(config, components) if plain else self._engine(config, components)
        looks = moving_controls(ROUND_CONTROLS, **live)

        def step() -> None:
            nonlocal turn
            work(clip[turn % len(clip)], looks[turn % len(looks)])
            turn += 1

        step()
        self._steps[name] = step

    def _plain(self, config: Any, components: Any) -> Callable[..., Any]:
        size = {"width": config.width, "height": config.height}
        bank, prompt = config.bank.kind != "off", steady_controls().prompt
        stream = BaselineStream(components, slots=config.slots, prompt=prompt, bank=bank, **size)
        self._closing.append(stream.close)
        return lambda frame, _look: stream(frame)

    def _engine(self, config: Any, components: Any) -> Any:
        opened = ready_engine(config, components)
        engine = opened.__enter__()
        self._closing.append(lambda: opened.__exit__(None, None, None))
        engine.remember(PROMPTS)
        return engine

    def run(self, name: str, frames: int) -> float:
        """Mean milliseconds of a frame over a block of `frames`."""
        began_s = time.perf_counter()
        for _ in range(frames):
            self._steps[name]()
        return (time.perf_counter() - began_s) * 1000 / frames

    def forget(self) -> None:
        """Give all engines back."""
        while self._closing:
            self._closing.pop()()
        self._steps.clear()
        forget_compiled()


def main() -> None:
    """Answer orders until there are none."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print must not land among the answers
    threads = int(sys.argv[1])
    import torch

    if threads:
        torch.set_num_threads(threads)
    there = Contestants()
    for line in sys.stdin:
        order = json.loads(line)
        answer: dict[str, Any] = {}
        try:
            answer["value"] = getattr(there, order.pop("do"))(**order)
        except Exception as error:  # one side that fails is a gap in the table, and the others go on
            answer["error"] = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
