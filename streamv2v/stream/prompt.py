"""Text to embeddings: encoded once, cached, blended, and glided from look to look."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..device.host_transfer import sent

CACHE_SIZE = 128


class PromptEncoder:
    """A text encoder with a cache, so that a running stream never encodes a prompt twice.

    Args:
        tokenizer, text_encoder: of the model.

    Attributes:
        encoded: how many texts the encoder has really been asked for.
    """

    def __init__(self, tokenizer: Any, text_encoder: Any) -> None:
        self._tokenizer, self._text_encoder = tokenizer, text_encoder
        self._cache: OrderedDict[str, Tensor] = OrderedDict()
        self.encoded = 0

    def encode(self, text: str) -> Tensor:
        """The embedding of `text`, `[1, L, C]` float32; longer texts are cut at the model's length."""
        if text in self._cache:
            self._cache.move_to_end(text)
            return self._cache[text]
        length = min(self._tokenizer.model_max_length, self._text_encoder.config.max_position_embeddings)
        tokens = self._tokenizer(text, padding="max_length", max_length=length, truncation=True, return_tensors="pt")
        with torch.no_grad():
            hidden = self._text_encoder(sent(tokens.input_ids, self._text_encoder.device))[0]
        self.encoded += 1
        embedding = hidden.float()
        self._cache[text] = embedding
        if len(self._cache) > CACHE_SIZE:
            self._cache.popitem(last=False)
        return embedding

    def blend(self, prompt: str, others: Sequence[tuple[str, float]]) -> Tensor:
        """Weighted mean of `prompt` (weight 1) and `others`, `[1, L, C]`."""
        total, weights = self.encode(prompt), 1.0
        for text, weight in others:
            total = total + weight * self.encode(text)
            weights += weight
        return total / weights


class Glide:
    """A timed transition between two values: tensors or numbers, eased at both ends.

    On the way a tensor lies in memory of the glide's own, which the next look at it overwrites.

    Attributes:
        progress: 0 at the start, 1 when the target is reached.
    """

    def __init__(self, value: Any) -> None:
        self._start = self._target = value
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
        self._target, self._since_s, self._duration_s = target, now_s, duration_s
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
        if not isinstance(self._target, Tensor):
            return self._start + eased * (self._target - self._start)
        if self._on_the_way is None or self._on_the_way.shape != self._target.shape:
            self._on_the_way = torch.empty_like(self._target)
        return torch.lerp(self._start, self._target, eased, out=self._on_the_way)
