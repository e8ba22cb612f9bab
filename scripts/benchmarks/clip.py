"""What the engine sees while it is timed: a moving picture, and hands on the controls."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from streamv2v import Controls
from streamv2v.frames import Pixels

PROMPTS = ("a charcoal drawing", "an oil painting in blue")
TOUCH_FRAMES = 8
"""A slider has moved on every so manieth frame."""
PROMPT_FRAMES = 64
"""The prompt changes on every so manieth frame and glides for half a second."""


def moving_clip(width: int, height: int, count: int = 16) -> list[Pixels]:
    """A soft moving picture without a cut, RGB uint8 `[H, W, 3]` each; the last leads back to the first."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    frames = []
    for number in range(count):
        turn = 2 * math.pi * number / count
        waves = [np.sin(x / (9 + 5 * c) + turn) + np.cos(y / (13 + 4 * c) - turn) for c in range(3)]
        frames.append(np.clip(127 + 60 * np.stack(waves, axis=-1), 0, 255).astype(np.uint8))
    return frames


def steady_controls(**live: Any) -> Controls:
    """The look that stands still, for comparing pictures; `live` are further values."""
    return Controls(prompt=PROMPTS[0], strength=0.4, **live)


def moving_controls(count: int, **live: Any) -> list[Controls]:
    """Controls for `count` frames: strength and fusion move on every 8th frame, the prompt on every 64th.

    Nothing in it switches the bank's way of working over, so every frame does the same arithmetic.

    Args:
        live: further values, which stand still and win over a value that moves.
    """
    controls = []
    for number in range(count):
        if number % TOUCH_FRAMES == 0:
            swing = math.sin(number / 10)
            moving: dict[str, Any] = {
                "prompt": PROMPTS[number // PROMPT_FRAMES % len(PROMPTS)],
                "strength": 0.45 + 0.05 * swing,
                "fusion_strength": 0.75 + 0.05 * swing,
                "fusion_threshold": 0.95 + 0.03 * swing,
                "bank_change": "keep",
                "transition_s": 0.5,
            }
            held = Controls(**{**moving, **live})
        controls.append(held)
    return controls
