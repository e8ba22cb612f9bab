"""One layer's part of the feature bank: keys, values and outputs of past frames beside the current frame's.

Each buffer is `[B, N + M, C]`: the first N tokens are the current frame, written during the U-Net's
pass, the other M the bank. So extended self-attention reads one tensor, merging sorts one tensor, and
nothing is joined. Keys and values are the two halves of one buffer's channels. Row b belongs to one
denoising slot; slots never mix.

The pass only writes the current frame and reads; it has two courses, filling and reading. What a bank
takes in comes after the pass, in `update`, whose work is the same every time: no branch on a value, no
wait for the device, no address that changes. Either can therefore be captured and replayed.
"""

from __future__ import annotations

from enum import Enum
from functools import partial

import torch
from torch import Tensor

from ..config import BankConfig
from .gates import BankGates
from .merge_permutations import MergePermutations
from .merging import match_all, merge_tokens
from .queue_growth import QueueGrowth
from .token_buffers import PackedBuffer, Scratch, TokenBuffer
from .window_matching import Windows, candidates_of, match_in_windows, window_tables


class Action(Enum):
    """What a layer's bank does with the current frame."""

    READ = "read"
    UPDATE = "update"
    FILL = "fill"


class LayerBank:
    """Keys, values and (where the layer fuses) outputs of one self-attention layer.

    Buffers are allocated by the first fill, when N and C are known, and never again.

    Args:
        name, index: of the layer.
        rows: rows of a U-Net call over all slots.
        fuses: whether outputs are kept for feature fusion.
        orders, scratch: shared by all layers of a bank.

    Attributes:
        action: what happens with the present frame; the host sets it before the pass.
        rows: rows of the present pass.
        tokens: N; 0 before the first fill.
        order: sources and destinations of the coming merge, `[rows, 2N]` int64; the host fills it.
        oldest: tokens of the queue, 0..M-1, that the next update overwrites, `[rows, N]` int64; the update itself
            moves them on.
    """

    def __init__(
        self,
        name: str,
        index: int,
        rows: int,
        config: BankConfig,
        *,
        fuses: bool,
        orders: MergePermutations,
        scratch: Scratch,
    ) -> None:
        self.name = name
        self.index = index
        self.fuses = fuses
        self.attends = config.attention
        self.action = Action.FILL
        self.rows = slice(0, rows)
        self.updates = 0
        self.tokens = 0
        self._channels = 0
        self._row_count = rows
        self._config = config
        self._queues = config.kind == "queue"
        self._frames = config.queue_length if self._queues else 1
        self._weighted = not self._queues and config.merge_rule == "weighted"
        self._orders, self._scratch = orders, scratch
        self._gates: BankGates | None = None
        self._both: TokenBuffer | PackedBuffer | None = None
        self._outputs: TokenBuffer | PackedBuffer | None = None
        self._windows: Windows | None = None
        self._growth: QueueGrowth | None = None
        self._sizes = torch.empty(0)
        self.order = self.oldest = torch.empty(0, dtype=torch.int64)

    @property
    def state(self) -> list[Tensor]:
        """All tensors that a pass or an update changes; their addresses stay. Empty ones before the first fill."""
        kept = [buffer for buffer in (self._both, self._outputs) if buffer is not None]
        grown = self._growth.state if self._growth else []
        return [tensor for buffer in kept for tensor in buffer.held] + [self._sizes, self.order, self.oldest, *grown]

    @property
    def nbytes(self) -> int:
        """Memory held, in bytes."""
        return sum(tensor.nbytes for tensor in self.state)

    @property
    def filling(self) -> bool:
        """Whether the present pass fills the bank instead of reading it."""
        return self.action is Action.FILL

    @property
    def cost(self) -> int:
        """Work of one update in relation to other layers'; 0 while the layer's size is not known."""
        if self._queues:
            return self.tokens * self._channels
        compared = self.tokens if self._windows is None else self._windows.candidates.shape[1]
        return self.tokens * compared * self._channels

    def open(self, like: Tensor) -> Tensor:
        """Keys and values, `[B, N + M, 2C]`: the first N tokens to be written, the others the bank.

        Args:
            like: a projection of the current frame, `[B, N, C]`, B the selected rows.
        """
        if self.tokens != like.shape[1] or self._both is None:
            self._both = self._allocate(like)
        return self._both.open(self.rows)

    def keep(self) -> None:
        """The current frame stands in what `open` gave; a filling pass copies it into the bank."""
        assert self._both is not None, "open comes first"
        self._both.keep(self.rows, fill=self.filling)
        if self.filling and self._weighted:
            self._sizes[self.rows] = 1.0
        if self.filling and self._queues:
            self.oldest[self.rows] = torch.arange(self.tokens, device=self.oldest.device)
            if self._growth is not None:
                self._growth.fill(self.rows)

    def keep_output(self, output: Tensor) -> Tensor:
        """Keep the layer's output before fusion, `[B, N, C]`; returns the bank's, `[B, M, C]`."""
        assert self._outputs is not None, "a layer that fuses, after open"
        opened = self._outputs.open(self.rows)
        opened[:, : self.tokens] = output
        self._outputs.keep(self.rows, fill=self.filling)
        return opened[:, self.tokens :]

    def whole(self, *, outputs: bool) -> Tensor:
        """Current frame and bank of the selected rows, to be read only: keys and values `[B, N + M, 2C]`, or outputs.

        Unlike what `open` gives it stays good while other layers' buffers are opened.
        """
        buffer = self._outputs if outputs else self._both
        assert buffer is not None, "open comes first"
        whole = buffer.whole(self.rows)
        return whole.clone() if isinstance(buffer, PackedBuffer) else whole

    def update(self) -> None:
        """Take the selected rows' current frame into the bank: merge it (DyMe), or replace the queue's oldest."""
        buffers = [buffer for buffer in (self._both, self._outputs) if buffer is not None]
        if self._queues:
            oldest = self.oldest[self.rows]
            for buffer in buffers:
                buffer.move_in(self.rows, oldest)
            if self._growth is not None:
                self._growth.take_in(self.rows, oldest)
            oldest.add_(self.tokens).remainder_(self._frames * self.tokens)
        else:
            self._merge(buffers)

    def place_gates(self, gates: BankGates) -> None:
        """From now on weights are read from `gates`, which the stream writes before each call."""
        self._gates = gates

    def log_weight(self, plain: Tensor) -> Tensor:
        """Log of the bank's weight for the selected rows, `[B, 1, N, 1]`; `plain`, a scalar, without gates."""
        return plain if self._gates is None else self._gates.log_weight(self.tokens, self.rows)

    @property
    def bias(self) -> Tensor | None:
        """What is added to the logits of the selected rows' tokens, `[B, N + M]`; None is nothing."""
        return None if self._growth is None else self._growth.bias[self.rows]

    @property
    def kept(self) -> Tensor | None:
        """Share of the fusion each token of the selected rows keeps, `[B, N, 1]`; None is all."""
        return None if self._gates is None else self._gates.kept(self.tokens, self.rows)

    @property
    def sizes(self) -> Tensor:
        """How many tokens each one of the bank stands for, `[rows, M]`; empty unless merging is weighted."""
        return self._sizes[:, self.tokens :] if self._weighted else self._sizes

    def draw_order(self) -> None:
        """The host's part of a merge, before it: write the next order into `order`. Waits for nothing."""
        if self.tokens and not self._queues:
            self._orders.fill(self.order, self.index, self.updates)

    def end_frame(self) -> None:
        """Called when all rows have seen this frame."""
        if self.action is Action.UPDATE:
            self.updates += 1

    def _merge(self, buffers: list[TokenBuffer | PackedBuffer]) -> None:
        sizes = self._sizes[self.rows] if self._weighted else None
        merged = merge_tokens(
            [buffer.whole(self.rows) for buffer in buffers],
            self.order[self.rows],
            key_width=self._channels,
            rule=self._config.merge_rule,
            sizes=sizes,
            match=match_all if self._windows is None else match_in_windows(self._windows),
        )
        if sizes is not None:
            sizes[:, self.tokens :] = merged.pop().clamp(max=float(self._config.token_age_limit))
        for buffer, new in zip(buffers, merged, strict=True):
            buffer.replace(self.rows, new)

    def _allocate(self, like: Tensor) -> TokenBuffer | PackedBuffer:
        self.tokens, self._channels = like.shape[1], like.shape[2]
        rows, count, device = self._row_count, self.tokens, like.device
        if self.fuses:
            self._outputs = self._buffer(like, 1)
        if self._weighted:
            self._sizes = torch.ones(rows, 2 * count, device=device)
        if self._queues:
            self.oldest = torch.arange(count, device=device).repeat(rows, 1)
            if self._frames > 1:
                self._growth = QueueGrowth(rows, count, self._frames, dtype=like.dtype, device=device)
        else:
            self.order = torch.zeros(rows, 2 * count, dtype=torch.int64, device=device)
            self._orders.prepare(self.order)
        grid = self._gates.grid(count) if self._gates else None
        if grid and self._config.matching == "window" and candidates_of(grid, self._config.window) < count:
            self._windows = window_tables(grid, self._config.window, device)
        self.action = Action.FILL
        return self._buffer(like, 2)

    def _buffer(self, like: Tensor, parts: int) -> TokenBuffer | PackedBuffer:
        """Room for a frame and the bank, `parts` tensors of C channels side by side."""
        make = TokenBuffer
        if self._config.storage == "fp8":
            make = partial(PackedBuffer, groups=parts, scratch=self._scratch)
        shape = (self._row_count, self.tokens, parts * self._channels)
        return make(shape, self._frames, dtype=like.dtype, device=like.device)
