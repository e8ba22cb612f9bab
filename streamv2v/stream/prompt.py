"""Text to embeddings: encoded once, cached, and blended."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import torch

from ..models.loading import Components
from ..models.vocabulary import Vocabulary
from ..prompts.reading import PromptReader, TextModel
from .text import Text, blended
from .text_encoders import SecondEncoder, TextEncoders, pad_of

CACHE_SIZE = 128
"""Chunks kept encoded, of all prompts together."""


class PromptEncoder:
    """A model's text encoders with a cache, so that a running stream never encodes a prompt twice.

    Args:
        tokenizer, text_encoder: of the model.
        embeddings: name of a textual inversion embedding -> ids of its vectors in the text encoders.
        second: the other text encoder of the SDXL family.
        zero_when_empty: whether a negative prompt without words is nothing at all instead of an encoded "".
        vocabulary: the words that the model knows; what it draws where a prompt holds none of them stands there.

    Attributes:
        encoded: how many texts the encoders have really been asked for.
        reader: what a prompt is read with.
    """

    def __init__(
        self,
        tokenizer: Any,
        text_encoder: Any,
        embeddings: Mapping[str, tuple[int, ...]] | None = None,
        *,
        second: SecondEncoder | None = None,
        zero_when_empty: bool = False,
        vocabulary: Vocabulary | None = None,
    ) -> None:
        self._encoders = TextEncoders(tokenizer, text_encoder, second)
        self._cache: OrderedDict[tuple[str, int], Text] = OrderedDict()
        self._zero_when_empty = zero_when_empty
        self._meant = lru_cache(CACHE_SIZE)(vocabulary.completed) if vocabulary else str
        self.reader = PromptReader(text_model_of(tokenizer, self.length, embeddings or {}))
        self.encoded = 0

    @property
    def length(self) -> int:
        """L, tokens of a chunk."""
        return self._encoders.length

    def encode(self, text: str, clip_skip: int = 1) -> Text:
        """The embedding of `text`.

        Args:
            text: with weights, breaks and names of embeddings; what is beyond `CHUNK_LIMIT` chunks does not count.
            clip_skip: which layer of the encoders answers: 1 the one that the model was made with, 2 the one before.
        """
        key = (text, clip_skip)
        if key in self._cache:
            self._cache.move_to_end(key)
            return self._cache[key]
        embedding = self._encoders(self.reader.read(text), self.reader.model, clip_skip)
        self.encoded += 1
        self._cache[key] = embedding
        most = CACHE_SIZE * self.length
        while sum(kept.tokens.shape[1] for kept in self._cache.values()) > most and len(self._cache) > 1:
            self._cache.popitem(last=False)
        return embedding

    def encode_prompt(self, text: str, clip_skip: int = 1) -> Text:
        """The embedding of a prompt, with the look that the model draws where it names none."""
        return self.encode(self._meant(text), clip_skip)

    def forget(self) -> None:
        """The text encoders have other weights: what was encoded counts no more."""
        self._cache.clear()

    def encode_negative(self, text: str, clip_skip: int = 1) -> Text:
        """The same of a negative prompt, of which a model may have learned nothing where there is none."""
        embedding = self.encode(text, clip_skip)
        if text or not self._zero_when_empty:
            return embedding
        return Text(*map(torch.zeros_like, embedding))

    def blend(self, prompt: str, others: Sequence[tuple[str, float]], clip_skip: int = 1) -> Text:
        """Weighted mean of `prompt` (weight 1) and `others`."""
        counted = [(prompt, 1.0), *((text, weight) for text, weight in others if weight)]
        texts = [self.encode_prompt(text, clip_skip) for text, _ in counted]
        return blended(texts, [weight for _, weight in counted], self.length)


def encoder_of(components: Components, vocabulary: Vocabulary | None = None) -> PromptEncoder:
    """What encodes the prompts of a model."""
    second = None
    if components.text_encoder_2 is not None:
        second = SecondEncoder(components.tokenizer_2, components.text_encoder_2)
    return PromptEncoder(
        components.tokenizer,
        components.text_encoder,
        components.embeddings,
        second=second,
        zero_when_empty=components.zero_when_empty,
        vocabulary=vocabulary,
    )


def text_model_of(tokenizer: Any, length: int, embeddings: Mapping[str, tuple[int, ...]]) -> TextModel:
    """What a reader has to know of a transformers tokenizer.

    Args:
        length: tokens that the text encoders take at once.
    """
    begin, end = tokenizer.bos_token_id, tokenizer.eos_token_id
    written = tokenizer.backend_tokenizer.to_str()
    return TextModel(written, begin, end, pad_of(tokenizer), length, dict(embeddings))
