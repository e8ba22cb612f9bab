"""The feature bank: preallocated keys, values and outputs of past frames, one part per attention layer.

Each layer keeps one buffer for keys and one for values, `[B, N + M, C]`: the first N tokens are the
current frame, written in place, the other M the bank, so that extended self-attention reads one
tensor and nothing is joined. Row b belongs to one denoising slot; slots never mix.

A bank is never empty: its first frame is stored *before* attention reads it. Attending to every
token twice equals attending once, so a fresh bank leaves the picture as it would be without one.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

import torch
from torch import Tensor

from .config import BankConfig
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
        self._order = order
        self._oldest = 0
        self._tokens = 0
        self._key = self._value = self._output = self._bias = torch.empty(0)

    @property
    def nbytes(self) -> int:
        """Memory held, in bytes."""
        return sum(t.numel() * t.element_size() for t in (self._key, self._value, self._output, self._bias))

    def hold(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Write the current frame beside the bank; returns both together, `[B, N + M, C]` each.

        Args:
            key, value: projections of the current frame, `[B, N, C]`, B the selected rows.
        """
        if self._tokens != key.shape[1]:
            self._allocate(key)
        keys, values = self._key[self.rows], self._value[self.rows]
        count = self._tokens
        keys[:, :count] = key
        values[:, :count] = value
        if self.action is Action.FILL:
            for frame in range(1, self._frames + 1):
                keys[:, frame * count : (frame + 1) * count] = key
                values[:, frame * count : (frame + 1) * count] = value
        return keys, values

    def bias(self, log_weight: Tensor) -> Tensor:
        """Logit bias `[1, 1, 1, N + M]`: 0 for the current frame, `log_weight` for the bank."""
        self._bias[..., self._tokens :] = log_weight.to(self._bias.dtype)
        return self._bias

    @property
    def output(self) -> Tensor:
        """Stored outputs of the selected rows, `[B, M, C]`; only layers that fuse keep them."""
        return self._output[self.rows]

    def store(self, output: Tensor) -> None:
        """Take the current frame in, as `action` says; `output` is the layer's, before fusion, `[B, N, C]`."""
        if self.action is Action.FILL:
            if self.fuses:
                self._output[self.rows] = output.repeat(1, self._frames, 1)
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
        count = self._tokens
        start = self._oldest * count
        for stored in (self._key[self.rows], self._value[self.rows]):
            stored[:, count + start : 2 * count + start] = stored[:, :count]
        if self.fuses:
            self.output[:, start : start + count] = output

    def _merge(self, output: Tensor) -> None:
        keys, values, count = self._key[self.rows], self._value[self.rows], self._tokens
        triples = [keys, values]
        if self.fuses:
            triples.append(torch.cat([output, self.output], dim=1))
        order = self._order(self.index, self.updates, keys.shape[0], 2 * count, keys.device)
        merged = merge_tokens(triples, order, rule=self._config.merge_rule)
        keys[:, count:], values[:, count:] = merged[0], merged[1]
        if self.fuses:
            self._output[self.rows] = merged[2]

    def _allocate(self, key: Tensor) -> None:
        self._tokens, channels = key.shape[1], key.shape[2]
        both = (self._row_count, (1 + self._frames) * self._tokens, channels)
        self._key, self._value = key.new_zeros(both), key.new_zeros(both)
        self._bias = key.new_zeros(1, 1, 1, both[1])
        if self.fuses:
            self._output = key.new_zeros(self._row_count, self._frames * self._tokens, channels)
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

    def add_layer(self, name: str) -> LayerBank:
        """A bank for the self-attention layer called `name`; whether it fuses is decided here, once."""
        fuses = self.config.fusion and name.startswith(self.config.fused_layers)
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
