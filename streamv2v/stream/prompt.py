"""Text to embeddings: encoded once, cached, blended, and glided from look to look."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ..device.host_transfer import sent
from ..prompts.reading import CHUNK_LIMIT, PromptReader, TextModel

CACHE_SIZE = 128
"""Chunks kept encoded, of all prompts together."""
MEAN_LIMITS = (0.5, 2.0)
"""How far weights may be evened out; a mean near zero would give any number."""


class PromptEncoder:
    """A text encoder with a cache, so that a running stream never encodes a prompt twice.

    Args:
        tokenizer, text_encoder: of the model.
        embeddings: name of a textual inversion embedding -> ids of its vectors in the text encoder.

    Attributes:
        encoded: how many texts the encoder has really been asked for.
        reader: what a prompt is read with.
    """

    def __init__(
        self, tokenizer: Any, text_encoder: Any, embeddings: Mapping[str, tuple[int, ...]] | None = None
    ) -> None:
        self._text_encoder = text_encoder
        self._cache: OrderedDict[tuple[str, int], Tensor] = OrderedDict()
        self._length = min(tokenizer.model_max_length, text_encoder.config.max_position_embeddings)
        self.reader = PromptReader(text_model_of(tokenizer, self._length, embeddings or {}))
        self.encoded = 0

    def encode(self, text: str, clip_skip: int = 1) -> Tensor:
        """The embedding of `text`, `[1, k L, C]` float32, of k chunks of L tokens one behind the other.

        Args:
            text: with weights, breaks and names of embeddings; what is beyond `CHUNK_LIMIT` chunks does not count.
            clip_skip: which layer of the encoder answers, counted from the last one, which is 1.
        """
        key = (text, clip_skip)
        if key in self._cache:
            self._cache.move_to_end(key)
            return self._cache[key]
        reading = self.reader.read(text)
        filled = [self.reader.padded(chunk) for chunk in reading.chunks]
        hidden = self._hidden(torch.tensor([ids for ids, _ in filled]), clip_skip)
        if reading.weighted:
            hidden = weighted(hidden, sent(torch.tensor([weights for _, weights in filled]), hidden.device))
        self.encoded += 1
        embedding = hidden.flatten(0, 1)[None]
        self._cache[key] = embedding
        while sum(kept.shape[1] for kept in self._cache.values()) > CACHE_SIZE * self._length and len(self._cache) > 1:
            self._cache.popitem(last=False)
        return embedding

    def blend(self, prompt: str, others: Sequence[tuple[str, float]], clip_skip: int = 1) -> Tensor:
        """Weighted mean of `prompt` (weight 1) and `others`, `[1, k L, C]`."""
        weights = [1.0, *(weight for _, weight in others if weight)]
        texts = [prompt, *(text for text, weight in others if weight)]
        encoded = same_length([self.encode(text, clip_skip) for text in texts], self._length)
        total = sum((weight * one for weight, one in zip(weights, encoded, strict=True)), torch.zeros_like(encoded[0]))
        return total / sum(weights) if len(texts) > 1 else encoded[0]

    def _hidden(self, ids: Tensor, clip_skip: int) -> Tensor:
        """What the encoder makes of ids `[k, L]`: `[k, L, C]` float32."""
        encoder = self._text_encoder
        with torch.no_grad():
            if clip_skip <= 1:
                return encoder(sent(ids, encoder.device))[0].float()
            layers = encoder(sent(ids, encoder.device), output_hidden_states=True).hidden_states
            # the first of them is what goes into the first layer
            chosen = layers[-min(clip_skip, len(layers) - 1)]
            return getattr(encoder, "text_model", encoder).final_layer_norm(chosen).float()


def text_model_of(tokenizer: Any, length: int, embeddings: Mapping[str, tuple[int, ...]]) -> TextModel:
    """What a reader has to know of a transformers tokenizer.

    Args:
        length: tokens that the text encoder takes at once.
    """
    begin, end = tokenizer.bos_token_id, tokenizer.eos_token_id
    pad = tokenizer.pad_token_id
    written = tokenizer.backend_tokenizer.to_str()
    return TextModel(written, begin, end, end if pad is None else pad, length, dict(embeddings))


def weighted(hidden: Tensor, weights: Tensor) -> Tensor:
    """Each token's embedding times its weight, the mean of each chunk kept, as users of such weights know it.

    Args:
        hidden: `[k, L, C]`.
        weights: `[k, L]`.
    """
    scaled = hidden * weights[..., None]
    before, after = (values.mean(dim=(1, 2), keepdim=True) for values in (hidden, scaled))
    ratio = before / torch.where(after == 0, torch.ones_like(after), after)
    low, high = MEAN_LIMITS
    return scaled * torch.where((ratio >= low) & (ratio <= high), ratio, torch.ones_like(ratio))


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
