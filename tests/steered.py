"""A frame, what structure networks are shown of it, and the look that streams and pipelines are held against in."""

from __future__ import annotations

import numpy as np
import torch

from streamv2v.structure.hints import hint

SIDE, SEED, STEPS = 64, 5, 2
STRENGTH = 0.4  # both have steps at 399 and 199 there
PROMPT = "a red man"


def a_frame() -> np.ndarray:
    small = np.random.default_rng(3).integers(0, 256, (SIDE // 8, SIDE // 8, 3), dtype=np.uint8)
    return np.kron(small, np.ones((8, 8, 1), dtype=np.uint8))


def shown(kind: str) -> torch.Tensor:
    """What a network is shown, as a pipeline takes it."""
    levels = torch.from_numpy(hint(kind, a_frame(), SIDE, SIDE)).permute(2, 0, 1)[None]
    return (levels.float() / 255).expand(1, 3, -1, -1)
