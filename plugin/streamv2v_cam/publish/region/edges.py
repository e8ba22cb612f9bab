"""A small mask on a large picture: its edges are drawn to those of the camera's frame (a fast guided filter)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...frame import Pixels
from ...system.opencv import cv2
from .networks import Field

WINDOW = (9, 9)
"""At the mask's size, px: the edge of the camera's picture is looked for so far around that of the mask."""
LEAST_VARIANCE = 30.0
"""Grey levels squared; less than that in a window is taken for flat, and the mask stays as it is there."""
CRISP = 1.6
"""How much steeper than found an edge is drawn; 1 leaves the filter's own softness."""
WIDEST_FEATHER = 0.16
"""Of the picture's height, at a feather of 1."""


@dataclass(frozen=True)
class Edge:
    """The share of the look as a local affine map of the camera's grey: `slope * grey + offset`, then cut to 0..1.

    Attributes:
        slope, offset: float32 `[h, w]`, of the mask's size.
        share: about what comes out, 0..1, float32 `[h, w]`; exact where nothing is to be drawn to an edge.
    """

    slope: Field
    offset: Field
    share: Field


def edge_of(mask: Field, small: Pixels | None, feather: float) -> Edge:
    """How a mask ends.

    Args:
        mask: 0..1, float32 `[h, w]`.
        small: the camera's frame at that size, RGB uint8 `[h, w, 3]`; None draws nothing to its edges.
        feather: 0..1; 0 is as crisp as the camera's edge, 1 fades over a sixth of the picture's height.

    Source:
        K. He, J. Sun, "Fast Guided Filter", arXiv:1505.00996.
    """
    width = round(mask.shape[0] * WIDEST_FEATHER * feather)
    if width > 1:
        # twice, so that it fades like a hill and not like a roof
        mask = cv2.blur(cv2.blur(mask, (width, width)), (width, width))
    if small is None:
        flat = cv2.blur(mask, (3, 3))
        return Edge(np.zeros_like(flat), flat, flat)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    mean, mean_mask = cv2.blur(grey, WINDOW), cv2.blur(mask, WINDOW)
    variance = cv2.blur(grey * grey, WINDOW) - mean * mean
    together = cv2.blur(grey * mask, WINDOW) - mean * mean_mask
    slope = together / (variance + np.float32(LEAST_VARIANCE))
    offset = cv2.blur(mean_mask - slope * mean, WINDOW)
    slope = cv2.blur(slope, WINDOW)
    crisp = np.float32(1.0 + (CRISP - 1.0) * (1.0 - feather))
    slope, offset = slope * crisp, (offset - np.float32(0.5)) * crisp + np.float32(0.5)
    return Edge(slope, offset, np.clip(slope * grey + offset, 0.0, 1.0))
