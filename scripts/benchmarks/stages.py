"""Where the time of a frame goes: encode, U-Net pass, bank update, decode, transfers, rest.

Marks are set around the programs that a frame is made of, whether these are run or replayed; on a GPU they are
events on its own clock, so that a stage is the device's time from its first to its last kernel.
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
    """A moment: its place in the order of a frame's marks, and an event (GPU) or seconds."""

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
        """Run one frame, of a stream that has begun, and take its stages down."""
        self._marks.clear()
        self.mark("begin")
        work()
        self.mark("end")
        if self._on_gpu:
            torch.cuda.synchronize()
        spans = {name: self._sum(self._pairs(name)) for name in ("encode", "unet", "bank", "decode")}
        into, out = ("begin", "encode>"), ("decode<", "end")
        spans["transfer"] = sum(self._elapsed(self._marks[a][0], self._marks[b][-1]) for a, b in (into, out))
        # the bank takes the frame in while the picture is on its way: that time is the bank's
        spans["transfer"] -= self._sum([pair for pair in self._pairs("bank") if self._after(pair[0], "decode<")])
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

    def _after(self, mark: Mark, name: str) -> bool:
        return mark.place > self._marks[name][-1].place

    def _sum(self, pairs: list[tuple[Mark, Mark]]) -> float:
        return sum(self._elapsed(began, ended) for began, ended in pairs)

    def _elapsed(self, began: Mark, ended: Mark) -> float:
        if self._on_gpu:
            return began.moment.elapsed_time(ended.moment)
        return (ended.moment - began.moment) * 1000


@contextmanager
def watched_stages(engine: Any, device: torch.device) -> Iterator[StageClock]:
    """A clock whose marks are set by `engine` while the block runs; afterwards the engine is as it was."""
    clock = StageClock(device)

    def timed(stage: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            clock.mark(stage + ">")
            result = work(*args, **options)
            clock.mark(stage + "<")
            return result

        return call

    frame_in, out, stream = engine._path._in, engine._path.out, engine._stream
    doors = [
        (frame_in, "encode", "encode"),
        (stream, "advance", "unet"),
        (stream, "update", "bank"),
        (out, "decode", "decode"),
    ]
    own = [owner.__dict__.get(name) for owner, name, _stage in doors]
    for owner, name, stage in doors:
        setattr(owner, name, timed(stage, getattr(owner, name)))
    try:
        yield clock
    finally:
        for (owner, name, _stage), before in zip(doors, own, strict=True):
            if before is None:
                delattr(owner, name)
            else:
                setattr(owner, name, before)
