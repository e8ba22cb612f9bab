"""The real engine, which raises at a frame that was asked for: an entry of the engine process.

BREAK_AT    number of the frame, 1 for the first
BREAK_MARK  a file; it is made by the first fault, and there is none while it is there. Unset: at every start
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from streamv2v_cam.engine import worker
from streamv2v_cam.engine.child import EngineEnd
from streamv2v_cam.engine.serving import Translator
from streamv2v_cam.frame import Pixels

from streamv2v.config import StreamConfig
from streamv2v.controls import Controls

TOO_MUCH = 1 << 50
"""Bytes; no machine has them."""


class Failing:
    """A translator that counts its frames, and fails at one of them.

    Args:
        engine: does the work.
        at: number of the frame, from 1.
        how: see `BREAK_HOW`.
        mark: see `BREAK_MARK`.
    """

    def __init__(self, engine: Translator, at: int, how: str, mark: Path | None) -> None:
        self._engine, self._at, self._how, self._mark, self._count = engine, at, how, mark, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def __call__(self, pixels: Pixels, controls: Controls) -> Pixels:
        self._count += 1
        if self._count == self._at and not (self._mark and self._mark.exists()):
            if self._mark:
                self._mark.touch()
            if self._how == "memory":
                torch.empty(TOO_MUCH, dtype=torch.uint8)
            raise ValueError(f"asked to fail at frame {self._at}")
        return self._engine(pixels, controls)


def main(end: EngineEnd) -> None:
    """Entry of the engine process."""
    build, mark = worker.build, os.environ.get("BREAK_MARK")

    def failing(end: EngineEnd, config: StreamConfig, progress: Callable[..., None]) -> Any:
        how = os.environ["BREAK_HOW"]
        return Failing(build(end, config, progress), int(os.environ["BREAK_AT"]), how, Path(mark) if mark else None)

    worker.build = failing
    worker.main(end)
