"""What each row and each token takes from the bank: weights of fixed address, written before a U-Net call."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

LEVELS = 8
"""Halvings of the latent that a U-Net may make."""


def token_grids(height: int, width: int) -> dict[int, tuple[int, int]]:
    """Tokens of a layer -> its grid (h, w), for every halving of a latent of `height` x `width` cells.

    U-Nets of the family halve with stride 2 and round up.
    """
    grids: dict[int, tuple[int, int]] = {}
    for _ in range(LEVELS):
        grids.setdefault(height * width, (height, width))
        height, width = (height + 1) // 2, (width + 1) // 2
    return grids


class BankGates:
    """Per-row and per-token weights of the bank, for every grid that a layer can have.

    Args:
        rows: rows of a U-Net call over all slots.
        size: cells of the latent, (h, w).
    """

    def __init__(self, rows: int, size: tuple[int, int], *, device: torch.device, dtype: torch.dtype) -> None:
        self._grids = token_grids(*size)
        self._row_weight = torch.zeros(rows, 1, 1, 1, device=device, dtype=dtype)
        self._weight = {n: torch.zeros(rows, 1, n, 1, device=device, dtype=dtype) for n in self._grids}
        self._kept = {n: torch.ones(rows, n, 1, device=device, dtype=dtype) for n in self._grids}

    def write(self, log_weight: Tensor, kept: Tensor) -> None:
        """Set the weights of the coming call.

        Args:
            log_weight: log of each row's bank weight, `[rows, 1, 1, 1]`.
            kept: share of that weight that each latent cell keeps, `[rows, 1, h, w]`, 0..1; a token of a
                coarser layer keeps the least of its cells.
        """
        self._row_weight.copy_(log_weight)
        for tokens in self._grids:
            column = kept.flatten(2).transpose(1, 2)
            self._kept[tokens].copy_(column)
            self._weight[tokens].copy_(column.log().unsqueeze(1) + log_weight)
            kept = -F.max_pool2d(-kept, 2, stride=2, ceil_mode=True)

    def grid(self, tokens: int) -> tuple[int, int] | None:
        """The grid (h, w) of a layer of `tokens` tokens; None off the grids."""
        return self._grids.get(tokens)

    def log_weight(self, tokens: int, rows: slice) -> Tensor:
        """Log of the bank weight in a layer of `tokens` tokens, `[B, 1, N, 1]` (`[B, 1, 1, 1]` off the grids)."""
        return self._weight.get(tokens, self._row_weight)[rows]

    def kept(self, tokens: int, rows: slice) -> Tensor | None:
        """Share of the fusion that each token keeps, `[B, N, 1]`; None off the grids."""
        kept = self._kept.get(tokens)
        return None if kept is None else kept[rows]
