"""An engine that takes a fixed time for each picture and no processor: what a GPU elsewhere looks like from here.

With it the figures are the line's own: a drawing engine would share this machine's cores with both ends and the line.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
from streamv2v_cam.engine.child import EngineEnd
from streamv2v_cam.engine.serving import serve
from streamv2v_cam.frame import Pixels

from streamv2v.config import StreamConfig
from streamv2v.controls import Controls

ENTRY = f"{Path(__file__).resolve()}:main"
_LEVELS = (np.arange(256) // 40 * 40 + 20).clip(0, 255).astype(np.uint8)


def main(end: EngineEnd) -> None:
    """Entry of the engine process; the model's name ends in the milliseconds, as in "paced:33"."""

    def build(config: StreamConfig, progress: Callable[..., None]) -> Paced:
        return Paced(float(config.model.rpartition(":")[2]))

    serve(end, build)


class Paced:
    """Flat colours with hard edges, as a drawing has them.

    Args:
        ms: for each picture.
    """

    delay_frames = 0

    def __init__(self, ms: float) -> None:
        self._ms = ms

    def __call__(self, pixels: Pixels, controls: Controls) -> Pixels:
        until_s = time.monotonic() + self._ms / 1000
        drawn = cv2.LUT(cv2.blur(pixels, (3, 3)), _LEVELS)
        time.sleep(max(0.0, until_s - time.monotonic()))
        return cast(Pixels, drawn)

    def translate(self, frames: Iterable[Pixels], controls: Controls) -> Iterator[Pixels]:
        for pixels in frames:
            yield self(pixels, controls)

    def reset_bank(self) -> None: ...

    def facts(self) -> dict[str, Any]:
        return {"device": "none", "model": f"paced, {self._ms:g} ms"}

    def close(self) -> None: ...
