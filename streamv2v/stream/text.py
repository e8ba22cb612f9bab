"""What a U-Net is told of a prompt: its tokens and, in the SDXL family, one vector of the whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from .glide import Glide, same_length


class Text(NamedTuple):
    """An encoded prompt.

    Attributes:
        tokens: `[1, k L, C]` float32, k chunks of L tokens one behind the other.
        pooled: `[1, P]` float32, the whole in one vector; P is 0 where the U-Net reads none.
    """

    tokens: Tensor
    pooled: Tensor


def as_text(tokens: Tensor) -> Text:
    """Tokens `[1, k L, C]` alone, as Stable Diffusion 1.x and 2.x read them."""
    return Text(tokens, tokens.new_zeros(1, 0))


def blended(texts: Sequence[Text], weights: Sequence[float], length: int) -> Text:
    """The weighted mean of texts, tokens and vectors alike.

    Args:
        length: L, tokens of a chunk.
    """
    if len(texts) == 1:
        return texts[0]
    tokens = same_length([text.tokens for text in texts], length)
    return Text(_mean(tokens, weights), _mean([text.pooled for text in texts], weights))


def same_lengths(texts: Sequence[Text], length: int) -> list[Text]:
    """Texts made as long as each other (`same_length`)."""
    tokens = same_length([text.tokens for text in texts], length)
    return [Text(long, text.pooled) for long, text in zip(tokens, texts, strict=True)]


def _mean(values: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    total = sum((weight * one for weight, one in zip(weights, values, strict=True)), torch.zeros_like(values[0]))
    return total / sum(weights)


class TextGlide:
    """A timed transition between two texts; tokens and vector go together.

    Args:
        value: where it stands.
        length: L, tokens of a chunk.
    """

    def __init__(self, value: Text, length: int) -> None:
        self._tokens, self._pooled = Glide(value.tokens, length), Glide(value.pooled)

    @property
    def progress(self) -> float:
        """0 at the start, 1 when the target is reached."""
        return self._tokens.progress

    def go(self, target: Text, *, duration_s: float, now_s: float) -> None:
        """Head for `target` from where the glide is now; `duration_s` 0 jumps."""
        self._tokens.go(target.tokens, duration_s=duration_s, now_s=now_s)
        self._pooled.go(target.pooled, duration_s=duration_s, now_s=now_s)

    def at(self, now_s: float) -> Text:
        """The text at `now_s`; what it gave before is overwritten."""
        return Text(self._tokens.at(now_s), self._pooled.at(now_s))
