"""uint8 pictures [H, W, 3] as a camera has them <-> float pictures [1, 3, H, W] as a network wants them."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from .errors import FrameError

Pixels = NDArray[np.uint8]


def check_frame(frame: object) -> Pixels:
    """The same array, known to be uint8 `[H, W, 3]`.

    Raises:
        FrameError: another dtype or shape.
    """
    if not isinstance(frame, np.ndarray):
        raise FrameError(f"A frame is a numpy array, uint8 [H, W, 3]; found {type(frame).__name__}.")
    if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or 0 in frame.shape:
        raise FrameError(f"A frame is uint8 [H, W, 3]; found {frame.dtype} {list(frame.shape)}.")
    return frame


def fit(levels: Tensor, width: int, height: int) -> Tensor:
    """Resize uint8 `[H, W, 3]` to uint8 `[height, width, 3]`, where it has another size, without keeping the aspect."""
    if levels.shape[:2] == (height, width):
        return levels
    picture = levels.permute(2, 0, 1).unsqueeze(0).float()
    picture = F.interpolate(picture, (height, width), mode="bilinear", antialias=True)
    return picture[0].permute(1, 2, 0).round().clamp(0, 255).to(torch.uint8)


def to_picture(levels: Tensor) -> Tensor:
    """uint8 `[H, W, 3]` -> float32 -1..1, `[1, 3, H, W]`."""
    return levels.permute(2, 0, 1).unsqueeze(0).float() / 127.5 - 1.0


def to_levels(picture: Tensor) -> Tensor:
    """`[1, 3, H, W]` -1..1 -> uint8 `[H, W, 3]`."""
    levels = picture[0].float().add(1.0).mul(127.5).round().clamp(0, 255).to(torch.uint8)
    return levels.permute(1, 2, 0)
