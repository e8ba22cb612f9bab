"""An engine that paints the whole picture in the colour of its prompt, in a given time: for measuring ways.

The name of the model gives the time, "flat?ms=33". It goes through the same process, shared memory and
messages as the real engine.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
from streamv2v_cam.engine.child import EngineEnd
from streamv2v_cam.engine.serving import serve
from streamv2v_cam.frame import Pixels

from streamv2v.config import StreamConfig
from streamv2v.controls import Controls


def colour_of(prompt: str) -> tuple[int, int, int]:
    """The colour of a prompt, the same in every process."""
    red, green, blue = hashlib.sha256(prompt.encode()).digest()[:3]
    return red, green, blue


class Flat:
    """A translator without delay."""

    delay_frames = 0

    def __init__(self, config: StreamConfig) -> None:
        self._pace_s = float(dict(parse_qsl(config.model.partition("?")[2])).get("ms", 0)) / 1000

    def __call__(self, pixels: Pixels, controls: Controls) -> Pixels:
        ready_s = time.monotonic() + self._pace_s
        painted = np.empty_like(pixels)
        painted[:] = colour_of(controls.prompt)
        time.sleep(max(0.0, ready_s - time.monotonic()))
        return painted

    def translate(self, frames: Iterable[Pixels], controls: Controls) -> Iterator[Pixels]:
        return (self(pixels, controls) for pixels in frames)

    def reset_bank(self) -> None:
        """It remembers nothing."""

    def facts(self) -> dict[str, Any]:
        return {"device": "cpu", "model": "flat"}

    def close(self) -> None:
        """Nothing to give back."""


def main(end: EngineEnd) -> None:
    """Entry of the engine process."""

    def build(config: StreamConfig, progress: object) -> Flat:
        return Flat(config)

    serve(end, build)
