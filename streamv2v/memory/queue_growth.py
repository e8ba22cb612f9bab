"""A queue that grows, in tensors that do not: copies of its first frame stand in the places still empty.

The published queue holds 1, 2, .. q frames. Of fixed shape it holds q from its first frame on, so that the first
frame would count q times. Its c copies therefore get a bias of -log c on their logits each: together they count once,
and attention is exactly that over the frames there are.
"""

from __future__ import annotations

import torch
from torch import Tensor


class QueueGrowth:
    """Which tokens of a layer's queue are copies, and what is added to the logits of all its tokens.

    Args:
        rows: rows of a U-Net call over all slots.
        tokens: N of a frame.
        frames: q, frames of the full queue.
        dtype: of the network.

    Attributes:
        bias: `[rows, N + q N]`; 0 for the current frame and what was taken in, -log c for the c copies.
    """

    def __init__(self, rows: int, tokens: int, frames: int, *, dtype: torch.dtype, device: torch.device) -> None:
        self._tokens = tokens
        self._copies = torch.ones(rows, frames * tokens, dtype=torch.bool, device=device)
        self.bias = torch.zeros(rows, (1 + frames) * tokens, dtype=dtype, device=device)

    @property
    def state(self) -> list[Tensor]:
        """All tensors that change; their addresses stay."""
        return [self._copies, self.bias]

    def fill(self, rows: slice) -> None:
        """The selected rows' queues hold one frame, q times."""
        self._copies[rows] = True
        self._weigh(rows)

    def take_in(self, rows: slice, places: Tensor) -> None:
        """Another frame stands at `places` of the queue, `[B, N]`, 0..qN-1."""
        self._copies[rows].scatter_(1, places, False)
        self._weigh(rows)

    def _weigh(self, rows: slice) -> None:
        copies = self._copies[rows]
        count = (copies.sum(dim=1, keepdim=True) / self._tokens).clamp(min=1.0)
        self.bias[rows, self._tokens :] = torch.where(copies, -count.log(), 0.0).to(self.bias.dtype)
