"""The real engine, which raises at a frame that was asked for: an entry of the engine process.

BREAK_AT    number of the frame, 1 for the first
BREAK_MARK  a file; it is made by the first fault, and there is none while it is there. Unset: at every start
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from streamv2v_cam.engine import worker
from streamv2v_cam.engine.child import EngineEnd
from streamv2v_cam.engine.serving import Translator
from streamv2v_cam.frame import Pixels

from streamv2v.config import StreamConfig
from streamv2v.controls import Controls


class Failing:
    """A translator that counts its frames, and raises at one of them.

    Args:
        engine: does the work.
        at: number of the frame, from 1.
        mark: see `BREAK_MARK`.
    """

    def __init__(self, engine: Translator, at: int, mark: Path | None) -> None:
        self._engine, self._at, self._mark, self._count = engine, at, mark, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def __call__(self, pixels: Pixels, controls: Controls) -> Pixels:
        self._count += 1
        if self._count == self._at and not (self._mark and self._mark.exists()):
            if self._mark:
                self._mark.touch()
            raise ValueError(f"asked to fail at frame {self._at}")
        return self._engine(pixels, controls)


def main(end: EngineEnd) -> None:
    """Entry of the engine process."""
    build, mark = worker.build, os.environ.get("BREAK_MARK")

    def failing(end: EngineEnd, config: StreamConfig, progress: Callable[..., None]) -> Any:
        return Failing(build(end, config, progress), int(os.environ["BREAK_AT"]), Path(mark) if mark else None)

    worker.build = failing
    worker.main(end)
