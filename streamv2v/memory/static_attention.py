"""Extended attention and feature fusion with the bank as an argument, for a graph that nothing in it changes.

`BankAttention` reads and writes its layer's buffers and takes one of several courses. A runtime that takes a network
as one static graph can do neither: here the bank goes in as a tensor, what the bank has to keep comes out as
tensors, and all courses are one, told apart by numbers alone. A weight of nothing is attention over the current
frame, a strength of nothing is no fusion; so filling is reading with both at nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from .extended_attention import BankAttention
from .feature_fusion import fuse_features

NOTHING = -1e9
"""Log of a weight whose exponential is 0 in every format, and which is finite, as not every runtime knows infinity."""


class StaticAttention:
    """An attention processor for tracing: `taken` is set before a pass, `kept` holds afterwards what the bank keeps.

    Args:
        tokens: N.
        attends, fuses: whether attention reads the bank, whether the layer fuses.

    Attributes:
        taken: as `StaticLayer.taken` gives them, and strength, threshold, softness of the fusion as one `[3]`.
        kept: keys and values of the current frame, `[B, N, 2C]`, and its output where the layer fuses, `[B, N, C]`.
    """

    def __init__(self, tokens: int, *, attends: bool, fuses: bool) -> None:
        self._tokens, self._attends, self._fuses = tokens, attends, fuses
        self.taken: Sequence[Tensor] = ()
        self.kept: list[Tensor] = []

    def __call__(self, attn: Any, hidden_states: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """The processor seam of diffusers: `[B, N, C]` in and out."""
        count, taken = self._tokens, list(self.taken)
        query, key, value = attn.to_q(hidden_states), attn.to_k(hidden_states), attn.to_v(hidden_states)
        self.kept = [torch.cat([key, value], dim=-1)]
        if self._attends:
            bank, log_weight, width = taken.pop(0), taken.pop(0), key.shape[-1]
            key = torch.cat([key, bank[:, count:, :width]], dim=1)
            value = torch.cat([value, bank[:, count:, width:]], dim=1)
        q, k, v = (tokens.unflatten(-1, (attn.heads, -1)).transpose(1, 2) for tokens in (query, key, value))
        logits = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
        if self._attends:
            logits = torch.cat([logits[..., :count], logits[..., count:] + log_weight], dim=-1)
        mixed = (logits.softmax(dim=-1) @ v).transpose(1, 2).flatten(2)
        output = attn.to_out[1](attn.to_out[0](mixed))
        if not self._fuses:
            return output
        self.kept.append(output)
        stored, share, fusion = taken
        strength, threshold, softness = fusion[0], fusion[1], fusion[2]
        options = {"strength": strength, "threshold": threshold, "softness": softness, "kept": share}
        return fuse_features(output, stored[:, count:], **options)


class StaticLayer:
    """The host's side of one layer: what a static graph reads of the bank, and what it gives back to it.

    Args:
        running: the layer's processor in the running network; its bank has taken a frame in.
    """

    def __init__(self, running: BankAttention) -> None:
        self._running = running

    @property
    def ready(self) -> bool:
        """Whether the bank has its buffers, so that all shapes are known."""
        return self._running.bank.tokens > 0

    @property
    def takes(self) -> int:
        """How many tensors `taken` gives."""
        bank = self._running.bank
        return 2 * bank.attends + 3 * bank.fuses

    def processor(self) -> StaticAttention:
        """What stands for the layer in the traced network."""
        bank = self._running.bank
        return StaticAttention(bank.tokens, attends=bank.attends, fuses=bank.fuses)

    def taken(self, rows: int) -> list[Tensor]:
        """For a call of B = `rows` rows.

        Returns:
            where the layer attends its keys and values, `[B, N + M, 2C]` (the first N are not read), and the log of
            the bank's weight, `[B, 1, N, 1]`; where it fuses its outputs, `[B, 2N, C]`, the share of the fusion
            that each token keeps, `[B, N, 1]`, and strength, threshold and softness, `[3]`.
        """
        bank, live = self._running.bank, self._running.live
        bare = bank.filling or not live.weighted
        taken: list[Tensor] = []
        if bank.attends:
            weight = torch.full((), NOTHING if bank.filling else 0.0, dtype=live.bank_log_weight.dtype)
            if not bare:
                weight = bank.log_weight(live.bank_log_weight).clamp(min=NOTHING)
            taken += [bank.whole(outputs=False), weight.expand(rows, 1, bank.tokens, 1)]
        if bank.fuses:
            kept = None if bare else bank.kept
            taken += [bank.whole(outputs=True), torch.ones(rows, bank.tokens, 1) if kept is None else kept]
            strength = torch.zeros_like(live.fusion_strength) if bank.filling else live.fusion_strength
            taken.append(torch.stack([strength, live.fusion_threshold, live.fusion_softness]))
        return taken

    def keep(self, kept: Callable[[], Tensor]) -> None:
        """Write into the bank what `StaticAttention.kept` held; `kept` gives one after the other."""
        bank, now = self._running.bank, kept()
        bank.open(now[..., : now.shape[-1] // 2])[:, : bank.tokens] = now
        bank.keep()
        if bank.fuses:
            bank.keep_output(kept())


def static_layers(unet: Any) -> dict[str, StaticLayer]:
    """The layers of `unet` that a bank is attached to, by the name of their processor."""
    running = unet.attn_processors
    return {name: StaticLayer(found) for name, found in running.items() if isinstance(found, BankAttention)}
