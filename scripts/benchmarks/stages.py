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
from typing import Any

import torch

STAGES = ("encode", "unet", "bank", "decode", "transfer", "rest")


class StageClock:
    """Marks in one frame and their sums over frames, ms.

    Args:
        bank_inside: the bank is updated during the U-Net's pass, not after it.
    """

    def __init__(self, device: torch.device, *, bank_inside: bool = False) -> None:
        self.bank_inside = bank_inside
        self._on_gpu = device.type == "cuda"
        self._marks: dict[str, list[Any]] = defaultdict(list)
        self.frames: list[dict[str, float]] = []

    def mark(self, name: str) -> None:
        """Note the present moment of the device under `name`."""
        if not self._on_gpu:
            self._marks[name].append(time.perf_counter())
            return
        event = torch.cuda.Event(enable_timing=True)
        event.record()
        self._marks[name].append(event)

    def frame(self, work: Callable[[], Any]) -> None:
        """Run one frame and take its stages down."""
        self._marks.clear()
        self.mark("begin")
        work()
        self.mark("end")
        if self._on_gpu:
            torch.cuda.synchronize()
        total = self._between("begin", "end")
        spans = {name: self._sum(name) for name in ("encode", "unet", "bank", "decode")}
        if self.bank_inside:
            spans["unet"] -= spans["bank"]
        spans["transfer"] = self._between("begin", "encode>") + self._between("decode<", "end")
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

    def _sum(self, name: str) -> float:
        pairs = zip(self._marks[name + ">"], self._marks[name + "<"], strict=True)
        return sum(self._elapsed(began, ended) for began, ended in pairs)

    def _between(self, first: str, last: str) -> float:
        return self._elapsed(self._marks[first][0], self._marks[last][-1])

    def _elapsed(self, began: Any, ended: Any) -> float:
        return began.elapsed_time(ended) if self._on_gpu else (ended - began) * 1000


@contextmanager
def watched_stages(engine: Any, device: torch.device) -> Iterator[StageClock]:
    """A clock whose marks are set by `engine` while the block runs; afterwards the engine is as it was."""
    doors = bank_doors(engine.bank)
    clock = StageClock(device, bank_inside=any(name == "store" for _owner, name in doors))
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


def bank_doors(bank: Any) -> list[tuple[Any, str]]:
    """Where a bank takes frames in: at once after the U-Net's pass, or layer by layer during it."""
    if bank is None:
        return []
    return [(bank, "take_in")] if hasattr(bank, "take_in") else [(layer, "store") for layer in bank.layers]
