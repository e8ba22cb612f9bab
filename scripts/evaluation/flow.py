"""Where each pixel of a frame came from, and where that is known: optical flow of the source, both ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np

Flow = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Two RGB uint8 `[H, W, 3]` pictures -> for each pixel of the first its way to the second, px, float32 `[H, W, 2]`."""

SLACK_RELATIVE, SLACK_PX = 0.01, 0.5
"""A pixel is trusted when going back and forth misses its start by at most this share of the way plus this many px."""


@dataclass(frozen=True)
class Motion:
    """How the later of two frames follows from the earlier; everything lies on the grid of the *later* one.

    Attributes:
        where: place in the earlier frame that each pixel of the later one came from, px, float32 `[H, W, 2]`.
        trusted: bool `[H, W]`; False where the earlier frame does not show the place (uncovered, outside).
    """

    where: np.ndarray
    trusted: np.ndarray

    @property
    def speed(self) -> np.ndarray:
        """Length of each pixel's way, px, `[H, W]`."""
        return np.linalg.norm(self.where - _grid(self.trusted.shape), axis=-1)


def motions_of(frames: Sequence[np.ndarray], flow: Flow | None = None) -> list[Motion]:
    """One motion for each pair of consecutive frames; by DIS unless another flow is given."""
    flow = flow or dis
    return [motion(before, after, flow) for before, after in pairwise(frames)]


def motion(before: np.ndarray, after: np.ndarray, flow: Flow) -> Motion:
    """The motion between two frames.

    The mask is that of the frame that is warped *onto*: a pixel of `after` is trusted when the place it points to in
    `before` points back to it. An uncovered background pixel points to the thing that hid it, which moved elsewhere.
    """
    back, forth = flow(after, before), flow(before, after)
    where = _grid(back.shape[:2]) + back
    returned = sample(forth, where)
    gap = np.linalg.norm(back + returned, axis=-1)
    way = np.linalg.norm(back, axis=-1) + np.linalg.norm(returned, axis=-1)
    height, width = back.shape[:2]
    inside = (where >= 0).all(-1) & (where[..., 0] <= width - 1) & (where[..., 1] <= height - 1)
    return Motion(where, (gap <= SLACK_RELATIVE * way + SLACK_PX) & inside)


def sample(picture: np.ndarray, where: np.ndarray) -> np.ndarray:
    """`picture` read at the places `where`, bilinear; of the same type as `picture`."""
    return cv2.remap(picture, where[..., 0], where[..., 1], cv2.INTER_LINEAR)


def dis(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Dense inverse search (OpenCV's DIS), a `Flow`."""
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (first, second)]
    search: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return search.calc(grey[0], grey[1], None)


def raft(weights: str | Path, device: str = "cpu") -> Flow:
    """RAFT (torchvision's raft_large), a `Flow`.

    Args:
        weights: the state dict as torchvision offers it, a .pth file.
        device: where it runs.
    Raises:
        ValueError: the file or torchvision is missing or of another kind; says what to do.
    """
    if not Path(weights).is_file():
        raise ValueError(f"RAFT weights were looked for at {weights} and are not there; leave --raft out for DIS flow.")
    try:
        from torchvision.models.optical_flow import raft_large  # type: ignore[import-not-found]
    except (ImportError, RuntimeError) as error:  # the latter: built for another torch
        raise ValueError(
            f"--raft needs torchvision, which does not load in this environment ({error}). Install the "
            "torchvision that goes with its torch, or leave --raft out for DIS flow."
        ) from error
    import torch

    network = raft_large(weights=None)
    try:
        network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"{weights} is no state dict of torchvision's raft_large ({reason}).") from error
    network.to(device).eval()

    def tensor(picture: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(picture).to(device).permute(2, 0, 1)[None].float() / 127.5 - 1.0

    def calculate(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        if min(first.shape[:2]) < 128:
            raise ValueError(f"RAFT wants pictures of at least 128 px a side, found {first.shape[:2]}; raise --size.")
        with torch.inference_mode():
            return network(tensor(first), tensor(second))[-1][0].permute(1, 2, 0).contiguous().cpu().numpy()

    return calculate


def _grid(shape: tuple[int, ...]) -> np.ndarray:
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    return np.stack([x, y], axis=-1)
