"""Which tokens a merge calls sources and which destinations: orders drawn once, picked by the host.

An order is a permutation of a layer's 2N token positions, sources first. Drawing one for every update
would cost a sort and fresh memory in every such frame; so each token count gets a pool of orders at
its first fill, and an update copies one of them, at a place of a seeded draw, into the layer's own tensor.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import torch
from torch import Tensor

from .merging import grid_split, random_split
from .window_matching import place_split

OrderSource = Callable[[int, int, int, int, torch.device], Tensor]
"""(layer, update, rows, tokens, device) -> order `[rows, tokens]`, sources first."""

CHOICES = 32
"""Places in a pool at which a set of orders, one for each row, may begin."""


class MergePermutations:
    """Orders for every merge of a stream, the same ones for the same seed on every device.

    Args:
        split: "random", "grid", or "place": at random, but one of each place's two tokens.
        seed: of the pool and of the draws from it.
        source: gives every order in place of the pool; None is the pool.
    """

    def __init__(self, split: str, seed: int, source: OrderSource | None = None) -> None:
        self._split, self._seed, self._source = split, seed, source
        self._pools: dict[tuple[int, int, torch.device], Tensor] = {}
        self._draw = random.Random(seed)

    @property
    def nbytes(self) -> int:
        """Memory held by the pools, in bytes."""
        return sum(pool.numel() * pool.element_size() for pool in self._pools.values())

    def prepare(self, order: Tensor) -> None:
        """Make the pool that `order`, `[rows, 2N]`, will be filled from, and fill it for a start."""
        rows, tokens = order.shape
        if self._split == "grid":
            order.copy_(grid_split(rows, tokens, device=order.device))
        else:
            order.copy_(self._pool(order)[:rows])

    def fill(self, order: Tensor, layer: int, update: int) -> None:
        """Write the order of layer `layer`'s update number `update` into `order`, `[rows, 2N]`."""
        rows, tokens = order.shape
        if self._source is not None:
            order.copy_(self._source(layer, update, rows, tokens, order.device))
        elif self._split != "grid":
            first = self._draw.randrange(CHOICES)
            order.copy_(self._pool(order)[first : first + rows])

    def start_over(self) -> None:
        """Draw again as from the beginning."""
        self._draw = random.Random(self._seed)

    def _pool(self, order: Tensor) -> Tensor:
        rows, tokens = order.shape
        key = (rows, tokens, order.device)
        if key not in self._pools:
            generator = torch.Generator().manual_seed(self._seed)
            split = place_split if self._split == "place" else random_split
            drawn = split(CHOICES + rows - 1, tokens, generator=generator, device=torch.device("cpu"))
            self._pools[key] = drawn.to(order.device, torch.int32)
        return self._pools[key]
