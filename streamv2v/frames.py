"""uint8 pictures on the host <-> float pictures on the device."""

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


def to_device(frame: Pixels, width: int, height: int, device: torch.device) -> Tensor:
    """RGB uint8 `[H, W, 3]` -> float32 -1..1 `[1, 3, height, width]`, resized where it must be."""
    picture = torch.from_numpy(np.ascontiguousarray(frame)).to(device).permute(2, 0, 1).unsqueeze(0).float()
    if picture.shape[-2:] != (height, width):
        picture = F.interpolate(picture, (height, width), mode="bilinear", antialias=True)
    return picture / 127.5 - 1.0


def to_host(picture: Tensor) -> Pixels:
    """`[1, 3, H, W]` -1..1 -> RGB uint8 `[H, W, 3]`; the one place where a frame waits for the device."""
    levels = picture[0].float().add(1.0).mul(127.5).round().clamp(0, 255).to(torch.uint8)
    return levels.permute(1, 2, 0).contiguous().cpu().numpy()  # the one host synchronisation of a frame
