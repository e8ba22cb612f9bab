"""One layer's part of the feature bank: keys, values and outputs of past frames beside the current frame's.

Each buffer is `[B, N + M, C]`: the first N tokens are the current frame, written during the U-Net's
pass, the other M the bank. So extended self-attention reads one tensor, merging sorts one tensor, and
nothing is joined. Row b belongs to one denoising slot; slots never mix.

The pass only writes the current frame and reads; it has two courses, filling and reading. What a bank
takes in comes after the pass, in `take_in`, whose work is the same every time: no branch on a value, no
wait for the device, no address that changes. Either can therefore be captured and replayed.
"""

from __future__ import annotations

from enum import Enum

import torch
from torch import Tensor

from .config import BankConfig
from .gates import BankGates
from .matching import merge_tokens
from .orders import MergeOrders


class Action(Enum):
    """What a layer's bank does with the current frame."""

    READ = "read"
    UPDATE = "update"
    FILL = "fill"


class LayerBank:
    """Keys, values and (where the layer fuses) outputs of one self-attention layer.

    Buffers are allocated by the first fill, when N and C are known, and never again.

    Attributes:
        action: what happens with the present frame; the host sets it before the pass.
        rows: rows of the present pass.
        tokens: N; 0 before the first fill.
        order: sources and destinations of the coming merge, `[rows, 2N]` int64; the host fills it.
        oldest: tokens of the queue, 0..M-1, that the next update overwrites, `[rows, N]` int64; the update itself
            moves them on.
    """

    def __init__(self, name: str, index: int, rows: int, config: BankConfig, *, fuses: bool, orders: MergeOrders):
        self.name = name
        self.index = index
        self.fuses = fuses
        self.attends = config.attention
        self.action = Action.FILL
        self.rows = slice(0, rows)
        self.updates = 0
        self.tokens = 0
        self._row_count = rows
        self._config = config
        self._queues = config.kind == "queue"
        self._frames = config.queue_length if self._queues else 1
        self._weighted = not self._queues and config.merge_rule == "weighted"
        self._orders = orders
        self._gates: BankGates | None = None
        self._key = self._value = self._output = self._sizes = torch.empty(0)
        self.order = self.oldest = torch.empty(0, dtype=torch.int64)

    @property
    def state(self) -> list[Tensor]:
        """All tensors that a pass or an update changes; empty ones before the first fill."""
        return [self._key, self._value, self._output, self._sizes, self.order, self.oldest]

    @property
    def nbytes(self) -> int:
        """Memory held, in bytes."""
        return sum(tensor.numel() * tensor.element_size() for tensor in self.state)

    @property
    def filling(self) -> bool:
        """Whether the present pass fills the bank instead of reading it."""
        return self.action is Action.FILL

    def hold(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Write the current frame beside the bank, and into it when filling; both together, `[B, N + M, C]` each.

        Args:
            key, value: projections of the current frame, `[B, N, C]`, B the selected rows.
        """
        if self.tokens != key.shape[1]:
            self._allocate(key)
        keys, values = self._key[self.rows], self._value[self.rows]
        keys[:, : self.tokens] = key
        values[:, : self.tokens] = value
        if self.filling:
            self._fill(keys)
            self._fill(values)
            if self._weighted:
                self._sizes[self.rows] = 1.0
            if self._queues:
                self.oldest[self.rows] = torch.arange(self.tokens, device=key.device)
        return keys, values

    def hold_output(self, output: Tensor) -> None:
        """Write the layer's output before fusion, `[B, N, C]`, beside the bank's, and into it when filling."""
        outputs = self._output[self.rows]
        outputs[:, : self.tokens] = output
        if self.filling:
            self._fill(outputs)

    def take_in(self) -> None:
        """Take the selected rows' current frame into the bank: merge it (DyMe), or replace the queue's oldest."""
        buffers = [self._key[self.rows], self._value[self.rows]]
        if self.fuses:
            buffers.append(self._output[self.rows])
        if self._queues:
            self._replace_oldest(buffers)
        else:
            self._merge(buffers)

    def place_gates(self, gates: BankGates) -> None:
        """From now on weights are read from `gates`, which the stream writes before each call."""
        self._gates = gates

    def log_weight(self, plain: Tensor) -> Tensor:
        """Log of the bank's weight for the selected rows, `[B, 1, N, 1]`; `plain`, a scalar, without gates."""
        return plain if self._gates is None else self._gates.log_weight(self.tokens, self.rows)

    @property
    def kept(self) -> Tensor | None:
        """Share of the fusion each token of the selected rows keeps, `[B, N, 1]`; None is all."""
        return None if self._gates is None else self._gates.kept(self.tokens, self.rows)

    @property
    def sizes(self) -> Tensor:
        """How many tokens each one of the bank stands for, `[rows, M]`; empty unless merging is weighted."""
        return self._sizes[:, self.tokens :] if self._weighted else self._sizes

    @property
    def output(self) -> Tensor:
        """Stored outputs of the selected rows, `[B, M, C]`; only layers that fuse keep them."""
        return self._output[self.rows, self.tokens :]

    def draw_order(self) -> None:
        """The host's part of a merge, before it: write the next order into `order`. Waits for nothing."""
        if self.tokens and not self._queues:
            self._orders.fill(self.order, self.index, self.updates)

    def end_frame(self) -> None:
        """Called when all rows have seen this frame."""
        if self.action is Action.UPDATE:
            self.updates += 1

    def _fill(self, both: Tensor) -> None:
        """Copy the current frame, the first N tokens of `[B, N + M, C]`, into every frame of the bank."""
        frames = both.unflatten(1, (1 + self._frames, self.tokens))
        frames[:, 1:] = frames[:, :1]

    def _replace_oldest(self, buffers: list[Tensor]) -> None:
        oldest, count = self.oldest[self.rows], self.tokens
        for both in buffers:
            places = oldest.unsqueeze(-1).expand(-1, -1, both.shape[-1])
            both[:, count:].scatter_(1, places, both[:, :count])
        oldest.add_(count).remainder_(self._frames * count)

    def _merge(self, buffers: list[Tensor]) -> None:
        sizes = self._sizes[self.rows] if self._weighted else None
        merged = merge_tokens(buffers, self.order[self.rows], rule=self._config.merge_rule, sizes=sizes)
        if sizes is not None:
            sizes[:, self.tokens :] = merged.pop().clamp(max=float(self._config.token_age_limit))
        for both, new in zip(buffers, merged, strict=True):
            both[:, self.tokens :] = new

    def _allocate(self, key: Tensor) -> None:
        self.tokens, channels = key.shape[1], key.shape[2]
        rows, count = self._row_count, self.tokens
        shape = (rows, (1 + self._frames) * count, channels)
        self._key, self._value = key.new_zeros(shape), key.new_zeros(shape)
        if self.fuses:
            self._output = key.new_zeros(shape)
        if self._weighted:
            self._sizes = torch.ones(rows, 2 * count, device=key.device)
        if self._queues:
            self.oldest = torch.arange(count, device=key.device).repeat(rows, 1)
        else:
            self.order = torch.zeros(rows, 2 * count, dtype=torch.int64, device=key.device)
            self._orders.prepare(self.order)
        self.action = Action.FILL
