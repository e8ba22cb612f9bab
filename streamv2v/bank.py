"""The feature bank: preallocated keys, values and outputs of past frames, one part per attention layer.

Each layer keeps one buffer for keys and one for values, `[B, N + M, C]`: the first N tokens are the
current frame, written in place, the other M the bank, so that extended self-attention reads one
tensor and nothing is joined. Row b belongs to one denoising slot; slots never mix.

A bank is never empty: its first frame is stored *before* attention reads it. Attending to every
token twice equals attending once, so a fresh bank leaves the picture as it would be without one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum

import torch
from torch import Tensor

from .config import LAST_UP, BankConfig
from .gates import BankGates
from .matching import grid_split, merge_tokens, random_split

OrderSource = Callable[[int, int, int, int, torch.device], Tensor]
"""(layer, update, rows, tokens, device) -> order `[rows, tokens]`, sources first."""


class Action(Enum):
    """What a layer's bank does with the current frame."""

    READ = "read"
    UPDATE = "update"
    FILL = "fill"


class LayerBank:
    """Keys, values and (where the layer fuses) outputs of one self-attention layer.

    Buffers are allocated by the first fill, when N and C are known, and never again.
    """

    def __init__(self, name: str, index: int, rows: int, config: BankConfig, *, fuses: bool, order: OrderSource):
        self.name = name
        self.index = index
        self.fuses = fuses
        self.attends = config.attention
        self.action = Action.FILL
        self.rows = slice(0, rows)
        self.updates = 0
        self._row_count = rows
        self._config = config
        self._frames = config.queue_length if config.kind == "queue" else 1
        self._weighted = config.kind == "paper" and config.merge_rule == "weighted"
        self._order = order
        self._oldest = 0
        self.tokens = 0
        self._gates: BankGates | None = None
        self._key = self._value = self._output = self._sizes = torch.empty(0)

    @property
    def nbytes(self) -> int:
        """Memory held, in bytes."""
        return sum(t.numel() * t.element_size() for t in (self._key, self._value, self._output, self._sizes))

    def hold(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Write the current frame beside the bank; returns both together, `[B, N + M, C]` each.

        Args:
            key, value: projections of the current frame, `[B, N, C]`, B the selected rows.
        """
        if self.tokens != key.shape[1]:
            self._allocate(key)
        keys, values = self._key[self.rows], self._value[self.rows]
        count = self.tokens
        keys[:, :count] = key
        values[:, :count] = value
        if self.action is Action.FILL:
            for frame in range(1, self._frames + 1):
                keys[:, frame * count : (frame + 1) * count] = key
                values[:, frame * count : (frame + 1) * count] = value
        return keys, values

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
        return self._sizes

    @property
    def output(self) -> Tensor:
        """Stored outputs of the selected rows, `[B, M, C]`; only layers that fuse keep them."""
        return self._output[self.rows]

    def store(self, output: Tensor) -> None:
        """Take the current frame in, as `action` says; `output` is the layer's, before fusion, `[B, N, C]`."""
        if self.action is Action.FILL:
            if self.fuses:
                self._output[self.rows] = output.repeat(1, self._frames, 1)
            if self._weighted:
                self._sizes[self.rows] = 1.0
        elif self.action is Action.UPDATE:
            if self._config.kind == "queue":
                self._replace_oldest(output)
            else:
                self._merge(output)

    def end_frame(self) -> None:
        """Called when all rows have seen this frame."""
        if self.action is Action.UPDATE:
            self.updates += 1
            self._oldest = (self._oldest + 1) % self._frames
        elif self.action is Action.FILL:
            self._oldest = 0

    def _replace_oldest(self, output: Tensor) -> None:
        count = self.tokens
        start = self._oldest * count
        for stored in (self._key[self.rows], self._value[self.rows]):
            stored[:, count + start : 2 * count + start] = stored[:, :count]
        if self.fuses:
            self.output[:, start : start + count] = output

    def _merge(self, output: Tensor) -> None:
        keys, values, count = self._key[self.rows], self._value[self.rows], self.tokens
        triples = [keys, values]
        if self.fuses:
            triples.append(torch.cat([output, self.output], dim=1))
        order = self._order(self.index, self.updates, keys.shape[0], 2 * count, keys.device)
        sizes = None
        if self._weighted:
            stored = self._sizes[self.rows]
            sizes = torch.cat([torch.ones_like(stored), stored], dim=1)
        merged = merge_tokens(triples, order, rule=self._config.merge_rule, sizes=sizes)
        if self._weighted:
            self._sizes[self.rows] = merged.pop().clamp(max=float(self._config.token_age_limit))
        keys[:, count:], values[:, count:] = merged[0], merged[1]
        if self.fuses:
            self._output[self.rows] = merged[2]

    def _allocate(self, key: Tensor) -> None:
        self.tokens, channels = key.shape[1], key.shape[2]
        both = (self._row_count, (1 + self._frames) * self.tokens, channels)
        self._key, self._value = key.new_zeros(both), key.new_zeros(both)
        if self._weighted:
            self._sizes = torch.ones(self._row_count, self.tokens, device=key.device)
        if self.fuses:
            self._output = key.new_zeros(self._row_count, self._frames * self.tokens, channels)
        self.action = Action.FILL


class FeatureBank:
    """All layers' banks, and the clock that says which of them take in which frame.

    Args:
        config: kind and constants.
        rows: rows of a U-Net call over all slots.
        slots: denoising slots; a reset fills for as many frames, so that a new scene reaches every slot.
        order_source: gives the source / destination split of a merge; None draws it from `merge_seed`.
    """

    def __init__(self, config: BankConfig, rows: int, slots: int, order_source: OrderSource | None = None) -> None:
        self.config = config
        self.layers: list[LayerBank] = []
        self.frame = 0
        self._rows = rows
        self._slots = slots
        self._fills_left = slots
        self._order_source = order_source or self._drawn_order
        self._generators: dict[torch.device, torch.Generator] = {}
        self._fused_layers = config.fused_layers
        self.gates: BankGates | None = None

    def name_layers(self, names: Sequence[str]) -> None:
        """Say which self-attention layers there are, so that "last_up" finds the block nearest to the picture."""
        ups = [name.split(".")[1] for name in names if name.startswith("up_blocks.")]
        last = f"up_blocks.{max(ups, key=int)}." if ups else LAST_UP
        self._fused_layers = tuple(last if prefix == LAST_UP else prefix for prefix in self.config.fused_layers)

    def place_gates(self, size: tuple[int, int], *, device: torch.device, dtype: torch.dtype) -> None:
        """Make room for per-token weights; `size` is the latent's, (h, w) cells."""
        self.gates = BankGates(self._rows, size, device=device, dtype=dtype)
        for layer in self.layers:
            layer.place_gates(self.gates)

    def add_layer(self, name: str) -> LayerBank:
        """A bank for the self-attention layer called `name`; whether it fuses is decided here, once."""
        fuses = self.config.fusion and name.startswith(self._fused_layers)
        layer = LayerBank(name, len(self.layers), self._rows, self.config, fuses=fuses, order=self._order_source)
        self.layers.append(layer)
        return layer

    @property
    def nbytes(self) -> int:
        """Memory held by all layers, in bytes."""
        return sum(layer.nbytes for layer in self.layers)

    @property
    def filling(self) -> bool:
        """Whether the next frame refills the bank instead of reading it."""
        return self._fills_left > 0

    def reset(self) -> None:
        """Forget the past without touching memory: the next frame of each slot is stored whole."""
        self._fills_left = self._slots

    def start_over(self) -> None:
        """Call the present content frame 0, all slots filled: counts and drawn orders begin again from here."""
        self._fills_left = 0
        self.frame = 0
        self._generators.clear()
        for layer in self.layers:
            layer.updates = 0

    def select_rows(self, rows: slice) -> None:
        """Which rows the next U-Net call carries."""
        for layer in self.layers:
            layer.rows = rows

    def begin_frame(self, interval: int) -> None:
        """Decide, on the host, what each layer does with the coming frame (update every `interval` frames)."""
        if self._fills_left:
            self._fills_left -= 1
            self.frame = 0
            for layer in self.layers:
                layer.action = Action.FILL
            return
        self.frame += 1
        for layer in self.layers:
            turn = self.frame + (layer.index if self.config.spread else 0)
            layer.action = Action.UPDATE if turn % interval == 0 else Action.READ

    def end_frame(self) -> None:
        """Called when the frame has passed all slots."""
        for layer in self.layers:
            layer.end_frame()

    def _drawn_order(self, layer: int, update: int, rows: int, tokens: int, device: torch.device) -> Tensor:
        if self.config.merge_split == "grid":
            return grid_split(rows, tokens, device=device)
        if device not in self._generators:
            self._generators[device] = torch.Generator(device).manual_seed(self.config.merge_seed)
        return random_split(rows, tokens, generator=self._generators[device], device=device)
