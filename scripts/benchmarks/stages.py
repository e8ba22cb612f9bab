"""Where the time of an eager frame goes: encode, U-Net, bank update, decode, transfers, rest.

Marks are set by the public hooks of the networks and round the bank's update; on a GPU they are events on its own
clock, so that what the host does meanwhile does not count. A captured frame is one replay with no hooks in it:
its shares cannot be told apart, and are not guessed.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

STAGES = ("encode", "unet", "bank", "decode", "transfer", "rest")


@dataclass(frozen=True)
class Mark:
    """A moment: its place in the order of marks of a frame, and an event (GPU) or seconds."""

    place: int
    moment: Any


class StageClock:
    """Marks in one frame and their sums over frames, ms."""

    def __init__(self, device: torch.device) -> None:
        self._on_gpu = device.type == "cuda"
        self._marks: dict[str, list[Mark]] = defaultdict(list)
        self._count = 0
        self.frames: list[dict[str, float]] = []

    def mark(self, name: str) -> None:
        """Note the present moment of the device under `name`."""
        moment: Any = time.perf_counter()
        if self._on_gpu:
            moment = torch.cuda.Event(enable_timing=True)
            moment.record()
        self._count += 1
        self._marks[name].append(Mark(self._count, moment))

    def frame(self, work: Callable[[], Any]) -> None:
        """Run one frame and take its stages down."""
        self._marks.clear()
        self.mark("begin")
        work()
        self.mark("end")
        if self._on_gpu:
            torch.cuda.synchronize()
        spans = {name: self._sum(self._pairs(name)) for name in ("encode", "unet", "bank", "decode")}
        spans["unet"] -= self._bank_between("unet>", "unet<")
        into, out = ("begin", "encode>"), ("decode<", "end")
        spans["transfer"] = sum(self._elapsed(self._marks[a][0], self._marks[b][-1]) for a, b in (into, out))
        spans["transfer"] -= self._bank_between(*out)
        total = self._elapsed(self._marks["begin"][0], self._marks["end"][0])
        spans["rest"] = max(0.0, total - sum(spans.values()))
        self.frames.append(spans)

    def shares(self) -> dict[str, float]:
        """Share of each stage in the whole, 0..1, over all frames taken down."""
        sums = {name: sum(frame[name] for frame in self.frames) for name in STAGES}
        whole = sum(sums.values())
        return {name: value / whole for name, value in sums.items()}

    def mean_ms(self) -> dict[str, float]:
        """Mean time of each stage in a frame."""
        return {name: sum(frame[name] for frame in self.frames) / len(self.frames) for name in STAGES}

    def _pairs(self, name: str) -> list[tuple[Mark, Mark]]:
        return list(zip(self._marks[name + ">"], self._marks[name + "<"], strict=True))

    def _bank_between(self, first: str, last: str) -> float:
        """Time of those updates of the bank that were begun between two marks: it counts for the bank alone."""
        began, ended = self._marks[first][-1].place, self._marks[last][-1].place
        return self._sum([pair for pair in self._pairs("bank") if began < pair[0].place < ended])

    def _sum(self, pairs: list[tuple[Mark, Mark]]) -> float:
        return sum(self._elapsed(began, ended) for began, ended in pairs)

    def _elapsed(self, began: Mark, ended: Mark) -> float:
        if self._on_gpu:
            return began.moment.elapsed_time(ended.moment)
        return (ended.moment - began.moment) * 1000


@contextmanager
def watched_stages(engine: Any, device: torch.device) -> Iterator[StageClock]:
    """A clock whose marks are set by `engine` while the block runs; afterwards the engine is as it was."""
    doors = bank_doors(engine)
    clock = StageClock(device)
    vae, handles = engine.components.vae, []
    for name, module in (("encode", vae.encoder), ("unet", engine.components.unet), ("decode", vae.decoder)):
        handles.append(module.register_forward_pre_hook(lambda *_args, name=name: clock.mark(name + ">")))
        handles.append(module.register_forward_hook(lambda *_args, name=name: clock.mark(name + "<")))

    def timed(update: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            clock.mark("bank>")
            result = update(*args, **options)
            clock.mark("bank<")
            return result

        return call

    for owner, name in doors:
        setattr(owner, name, timed(getattr(owner, name)))
    try:
        yield clock
    finally:
        for handle in handles:
            handle.remove()
        for owner, name in doors:
            delattr(owner, name)


def bank_doors(engine: Any) -> list[tuple[Any, str]]:
    """Where the bank takes frames in: all at once after the U-Net's pass, or layer by layer during it."""
    if engine.bank is None:
        return []
    for owner in (engine._stream, engine.bank):
        if hasattr(owner, "take_in"):
            return [(owner, "take_in")]
    return [(layer, "store") for layer in engine.bank.layers]
