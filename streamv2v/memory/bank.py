"""The feature bank: all layers' parts of it, and the clock that says which of them take in which frame.

A bank is never empty: its first frame is stored *before* attention reads it. Attending to every
token twice equals attending once, so a fresh bank leaves the picture as it would be without one.

For every frame `begin_frame`; for every U-Net call of it `select_rows`, the pass, `update`; then `end_frame`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ..config import LAST_UP, BankConfig
from .gates import BankGates
from .layer_bank import Action, LayerBank
from .merge_permutations import MergePermutations, OrderSource
from .token_buffers import Scratch
from .update_schedule import balanced_turns


class FeatureBank:
    """All layers' banks.

    Args:
        config: kind and constants.
        rows: rows of a U-Net call over all slots.
        fills: frames that a reset fills for, so that a new scene reaches every slot: as many as there are slots,
            or one where a frame passes all of them at once.
        order_source: gives the source / destination split of a merge; None draws it from `merge_seed`.
    """

    def __init__(self, config: BankConfig, rows: int, fills: int, order_source: OrderSource | None = None) -> None:
        self.config = config
        self.layers: list[LayerBank] = []
        self.frame = 0
        self._rows = rows
        self._fills = self._fills_left = fills
        split = "place" if config.matching == "window" else config.merge_split
        self._orders = MergePermutations(split, config.merge_seed, order_source)
        self._scratch = Scratch()
        self._turns: dict[tuple[int, ...], list[int]] = {}
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
        layer = LayerBank(
            name,
            len(self.layers),
            self._rows,
            self.config,
            fuses=fuses,
            orders=self._orders,
            scratch=self._scratch,
        )
        self.layers.append(layer)
        return layer

    @property
    def nbytes(self) -> int:
        """Memory held by all layers, in bytes, with what they share."""
        return sum(layer.nbytes for layer in self.layers) + self._orders.nbytes + self._scratch.nbytes

    @property
    def filling(self) -> bool:
        """Whether the next frame refills the bank instead of reading it."""
        return self._fills_left > 0

    @property
    def due(self) -> list[LayerBank]:
        """Layers that take the present frame in after the pass; none while it fills the bank."""
        return [layer for layer in self.layers if layer.action is Action.UPDATE]

    def reset(self) -> None:
        """Forget the past without touching memory: the next frame of each slot is stored whole."""
        self._fills_left = self._fills

    def start_over(self) -> None:
        """Call the present content frame 0, all slots filled: counts and drawn orders begin again from here."""
        self._fills_left = 0
        self.frame = 0
        self._orders.start_over()
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
        for layer, turn in zip(self.layers, self.turns(interval), strict=True):
            layer.action = Action.UPDATE if self.frame % interval == turn else Action.READ
        for layer in self.due:
            layer.draw_order()

    def turns(self, interval: int) -> list[int]:
        """On which frame of `interval`, 0..interval - 1, each layer updates; all on the first unless spread."""
        if not self.config.spread:
            return [0] * len(self.layers)
        costs = tuple(layer.cost for layer in self.layers)
        if (interval, *costs) not in self._turns:
            self._turns[interval, *costs] = balanced_turns(costs, interval)
        return self._turns[interval, *costs]

    def update(self) -> None:
        """After a U-Net call: the layers whose turn it is take in the call's rows."""
        for layer in self.due:
            layer.update()

    def end_frame(self) -> None:
        """Called when the frame has passed all slots."""
        for layer in self.layers:
            layer.end_frame()
