"""A small engine without a model, through the same process, protocol and loop as the real one.

It tints the picture by the prompt and draws its edges; faults are asked for in the name of the model:
"stand-in?crash_after=20&once=/tmp/mark" (with `once`, the fault happens at the first start only: the
file is made then). Faults: crash_after, kill_after, hang_after, memory_after (frames), slow_ms (per
frame), load_s, wrong (a model error), memory_above (px of width: more does not fit). Not faults: fits_below
(px of width: asks for that much before it loads), notice (words that stay), compiles (takes a part in after
so many frames).
"""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
from streamv2v_cam.engine.child import EngineEnd
from streamv2v_cam.engine.protocol import Notice, Progress, Refit
from streamv2v_cam.engine.serving import serve
from streamv2v_cam.frame import Pixels

from streamv2v.config import StreamConfig
from streamv2v.controls import Controls
from streamv2v.errors import ModelError

ENTRY = f"{Path(__file__).resolve()}:main"


def main(end: EngineEnd) -> None:
    """Entry of the engine process."""

    def build(config: StreamConfig, progress: Callable[..., None]) -> StandIn:
        engine = StandIn(config, progress)
        engine.threads_before = end.spec.threads_before
        limit = int(engine.faults.get("fits_below", 1 << 30))
        if config.width > limit and end.spec.fit:
            end.send(Refit(replace(config, width=limit), f"{config.width} px do not fit; running {limit} px"))
            raise SystemExit(0)
        if "notice" in engine.faults:
            end.send(Notice(engine.faults["notice"], lasting=True))
        return engine

    told: list[bool] = []

    def between(engine: Any, _engine_ms: float) -> None:
        over = engine.count >= int(engine.faults.get("compiles", 1 << 30))
        if over in told or "compiles" not in engine.faults:
            return
        told.append(over)
        end.send(Progress("" if over else "compiling the decoder (1 of 1)"))
        if over:
            end.send(Notice("compiled: decoder in use", facts={**engine.facts(), "compiled": ["decoder"]}))

    serve(end, build, between)


def tint(prompt: str) -> np.ndarray:
    """The colour that stands for a prompt, 64..255 per channel; the same in every process."""
    return np.frombuffer(hashlib.sha256(prompt.encode()).digest()[:3], np.uint8) % 192 + 64


def styled(pixels: Pixels, prompt: str) -> Pixels:
    """The translation: grey in the prompt's colour, dark along edges."""
    grey = pixels.mean(axis=2)
    edge = np.abs(np.diff(grey, axis=1, prepend=grey[:, :1])) > 24
    grey[edge] = 0
    return (grey[..., None] * (tint(prompt) / 255.0)).astype(np.uint8)


class StandIn:
    """Has the outside of `streamv2v.StreamV2V`: a delay, a clip mode, a bank that can be reset."""

    def __init__(self, config: StreamConfig, progress: Callable[..., None]) -> None:
        self.delay_frames = config.delay_frames
        self._size = (config.height, config.width, 3)
        self.faults = dict(parse_qsl(config.model.partition("?")[2]))
        self._frames: list[Pixels] = []
        self.count = self.threads_before = 0
        self._bank_resets = 0
        mark = self.faults.pop("once", None)
        if mark and Path(mark).exists():
            self.faults = {}
        elif mark:
            Path(mark).touch()
        progress("reading the stand-in", 0.5)
        time.sleep(float(self.faults.get("load_s", 0)))
        if "wrong" in self.faults:
            raise ModelError(f"{config.model} has no U-Net. Give a folder with a unet/ in it.")
        if config.width > int(self.faults.get("memory_above", 1 << 30)):
            raise MemoryError(f"{config.width}x{config.height} does not fit")

    def __call__(self, pixels: Pixels, controls: Controls) -> Pixels:
        self._misbehave()
        assert pixels.shape == self._size
        self._frames = [*self._frames, pixels][-(self.delay_frames + 1) :]
        return styled(self._frames[0], controls.prompt)

    def translate(self, frames: Iterable[Pixels], controls: Controls) -> Iterator[Pixels]:
        waiting: list[Pixels] = []
        for pixels in frames:
            self._misbehave()
            waiting.append(pixels)
            if len(waiting) > self.delay_frames:
                yield styled(waiting.pop(0), controls.prompt)
        for pixels in waiting:
            yield styled(pixels, controls.prompt)

    def reset_bank(self) -> None:
        self._bank_resets += 1

    def facts(self) -> dict[str, Any]:
        threads = {"threads": 3, "threads_before": self.threads_before}
        return {"device": "none", "model": "stand-in", "pid": os.getpid(), **threads}

    def close(self) -> None:
        self._frames = []

    def _misbehave(self) -> None:
        self.count += 1
        time.sleep(float(self.faults.get("slow_ms", 0)) / 1000)
        if self._due("crash_after"):
            raise ValueError("asked to crash")
        if self._due("memory_after"):
            raise MemoryError("asked for too much")
        if self._due("hang_after"):
            time.sleep(3600)
        if self._due("kill_after"):
            os.kill(os.getpid(), signal.SIGKILL)

    def _due(self, fault: str) -> bool:
        return self.count > int(self.faults.get(fault, 1 << 30))
