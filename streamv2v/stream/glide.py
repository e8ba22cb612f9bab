"""From one value to another over a time: numbers and tensors, texts of several lengths among them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..prompts.reading import CHUNK_LIMIT


def same_length(texts: Sequence[Tensor], length: int) -> list[Tensor]:
    """Embeddings `[1, k L, C]` of several k made as long as each other by repeating.

    Attention over the same chunks twice answers what it answers over them once, so a text repeated a whole number of
    times is the same text. Where that would take more than `CHUNK_LIMIT` chunks, the shorter ones are repeated to the
    length of the longest, with an end cut off.

    Args:
        length: L, tokens of a chunk.
    """
    chunks = [text.shape[1] // length for text in texts]
    most = math.lcm(*chunks)
    most = most if most <= CHUNK_LIMIT else max(chunks)
    return [
        text if count == most else text.repeat(1, math.ceil(most / count), 1)[:, : most * length]
        for text, count in zip(texts, chunks, strict=True)
    ]


class Glide:
    """A timed transition between two values: tensors or numbers, eased at both ends.

    On the way a tensor lies in memory of the glide's own, which the next look at it overwrites. Texts of several
    lengths glide at a common one (`same_length`).

    Args:
        value: where it stands.
        length: tokens of a chunk, where the values are texts.

    Attributes:
        progress: 0 at the start, 1 when the target is reached.
    """

    def __init__(self, value: Any, length: int = 1) -> None:
        self._start = self._end = self._target = value
        self._length = length
        self._on_the_way: Tensor | None = None
        self._since_s, self._duration_s = 0.0, 0.0
        self.progress = 1.0

    @property
    def target(self) -> Any:
        """Where the glide ends."""
        return self._target

    def go(self, target: Any, *, duration_s: float, now_s: float) -> None:
        """Head for `target` from where the glide is now; `duration_s` 0 jumps."""
        start = self.at(now_s)
        self._start = start.clone() if start is self._on_the_way and isinstance(start, Tensor) else start
        self._target = self._end = target
        if isinstance(target, Tensor) and isinstance(self._start, Tensor) and self._start.shape != target.shape:
            self._start, self._end = same_length([self._start, target], self._length)
        self._since_s, self._duration_s = now_s, duration_s
        self.progress = 0.0 if duration_s > 0 else 1.0

    def at(self, now_s: float) -> Any:
        """The value at `now_s`."""
        if self.progress >= 1.0:
            return self._target
        elapsed = (now_s - self._since_s) / self._duration_s
        self.progress = min(1.0, max(0.0, elapsed))
        if self.progress >= 1.0:
            return self._target
        eased = self.progress**2 * (3 - 2 * self.progress)
        if not isinstance(self._end, Tensor):
            return self._start + eased * (self._end - self._start)
        if self._on_the_way is None or self._on_the_way.shape != self._end.shape:
            self._on_the_way = torch.empty_like(self._end)
        return torch.lerp(self._start, self._end, eased, out=self._on_the_way)
