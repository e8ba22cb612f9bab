"""A stream that has everything happen to it: a clip, and live controls of which each one changes on the way."""

from __future__ import annotations

from typing import Any

import numpy as np

from streamv2v import Components, Controls, describe_controls
from streamv2v.controls import STRUCTURE_WEIGHTS

PROMPTS = ("a pencil sketch", "oil painting", "red night")
STEERING = (*STRUCTURE_WEIGHTS, "structure_interval", "reference", "reference_blend", "reference_weight")
ELSEWHERE = ("region", "region_feather", "outside", "outside_colour", "outside_look", "loras")
HOST = ("mode", "motion", "detail", "borrow", "fit", "mirror", "zoom", "pan_x", "pan_y")
OFF = (*HOST, "still_threshold", *ELSEWHERE, *STEERING)
"""Controls of the host, of networks and LoRAs that this stream has not, and the one whose point is to skip the work."""


def seeing(components: Components) -> Components:
    """The same with a VAE whose latents change enough that movement is seen; those of a random one barely do."""
    components.vae.register_to_config(scaling_factor=200.0)
    return components


def clip(count: int, *, width: int = 64, height: int = 64) -> list[np.ndarray]:
    """A still, noisy picture with a square that walks through it, and one hard cut in the middle."""
    generator = np.random.default_rng(0)
    coarse = generator.integers(30, 220, (height // 8, width // 8, 3))
    frames = []
    for number in range(count):
        still = np.kron(coarse, np.ones((8, 8, 1)))
        if number == count // 2:
            coarse = 255 - coarse // 4
        frame = still + generator.normal(0, 2, still.shape)
        at = 3 * number % (width - 16)
        frame[height // 4 : height // 2, at : at + 16] = 250
        frames.append(frame.clip(0, 255).astype(np.uint8))
    return frames


def looks(count: int, *, without: tuple[str, ...] = ()) -> list[Controls]:
    """One snapshot a frame; each changes one control more, in turn, to another value in its range."""
    rules = {name: rule for name, rule in describe_controls().items() if name not in (*OFF, *without)}
    names = list(rules)
    look = Controls(transition_s=0.1, strength=0.6, fusion_threshold=0.5)
    snapshots = []
    for number in range(count):
        name, lap = names[number % len(names)], number // len(names)
        look = look.patched({name: value_of(name, rules[name], number + lap)})
        snapshots.append(look)
    return snapshots


def value_of(name: str, rule: dict[str, Any], number: int) -> Any:
    if name in ("prompt", "negative_prompt"):
        return PROMPTS[number % len(PROMPTS)]
    if rule["kind"] == "blend":
        return ((PROMPTS[number % len(PROMPTS)], 0.5),)
    if rule["kind"] == "choice":
        return rule["choices"][number % len(rule["choices"])]
    low, high = rule["low"], min(rule["high"], 8)
    share = (0.85, 0.35, 0.6)[number % 3]
    value = low + share * (high - low)
    return round(value) if rule["kind"] == "integer" else value
