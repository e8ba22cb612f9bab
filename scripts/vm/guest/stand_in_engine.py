"""A stand-in for the engine: numpy alone, through the same process, shared memory and messages as the real one.

An emulated processor needs seconds for one frame of a neural network. What is proven here is the way of a
frame through the host and out of the virtual camera, so the look is a tint with the sign of marker.py.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from streamv2v_cam.engine.child import EngineEnd
from streamv2v_cam.engine.serving import serve
from streamv2v_cam.frame import Pixels

from streamv2v.config import StreamConfig
from streamv2v.controls import Controls

sys.path.insert(0, str(Path(__file__).resolve().parent))
import marker

PACE_S = 0.2
"""Time for one picture: about what the real engine takes on two cores, so that the publisher repeats pictures."""
TINT = np.linspace(0, 1, 256)[:, None] * np.array([90, 160, 230])


class Tint:
    """Blue-grey pictures with the sign; a translator without delay."""

    delay_frames = 0

    def __init__(self) -> None:
        self._table = TINT.astype(np.uint8)
        self._number = 0

    def __call__(self, pixels: Pixels, controls: Controls) -> Pixels:
        ready_s = time.monotonic() + PACE_S
        styled = self._table[pixels[:, :, 1]]
        marker.paint(styled, self._number)
        self._number += 1
        time.sleep(max(0.0, ready_s - time.monotonic()))
        return styled

    def translate(self, frames: Iterable[Pixels], controls: Controls) -> Iterator[Pixels]:
        return (self(pixels, controls) for pixels in frames)

    def reset_bank(self) -> None:
        self._number = 0

    def facts(self) -> dict[str, Any]:
        return {"device": "cpu", "model": "stand-in"}

    def close(self) -> None:
        """Nothing to give back."""


def main(end: EngineEnd) -> None:
    """Entry of the engine process."""

    def build(config: StreamConfig, progress: object) -> Tint:
        return Tint()

    serve(end, build)
