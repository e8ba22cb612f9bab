"""The text encoders of a model, asked together: one in Stable Diffusion 1.x and 2.x, two in the SDXL family.

One answers with its last layer, normalised. Two answer with the layer before their last as it is, side by side, and
the second one with a vector of the whole as well (arXiv:2307.01952, section 2.1). That vector is the first chunk's.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..device.host_transfer import sent
from ..prompts.reading import Reading, TextModel
from .text import Text, as_text

MEAN_LIMITS = (0.5, 2.0)
"""How far weights may be evened out; a mean near zero would give any number."""


class SecondEncoder(NamedTuple):
    """The second text encoder of the SDXL family, and its tokenizer: the words of the first, filled up otherwise."""

    tokenizer: Any
    text_encoder: Any


class TextEncoders:
    """One or two text encoders.

    Args:
        tokenizer, text_encoder: of the model.
        second: of the SDXL family.

    Attributes:
        length: L, tokens that all of them take at once.
    """

    def __init__(self, tokenizer: Any, text_encoder: Any, second: SecondEncoder | None = None) -> None:
        self._all = [(tokenizer, text_encoder), *([second] if second else [])]
        self._paired = second is not None
        self.length = min(
            min(words.model_max_length, encoder.config.max_position_embeddings) for words, encoder in self._all
        )

    def __call__(self, reading: Reading, model: TextModel, clip_skip: int) -> Text:
        """The embedding of a prompt.

        Args:
            reading: its chunks.
            model: which ids begin and end one.
            clip_skip: which layer answers: 1 the one that the model was made with, 2 the one before it.
        """
        parts: list[Tensor] = []
        answer: Any = None
        for words, encoder in self._all:
            filled = [model.padded(chunk, pad_of(words)) for chunk in reading.chunks]
            ids = torch.tensor([ids for ids, _ in filled])
            hidden, answer = self._hidden(encoder, sent(ids, encoder.device), clip_skip)
            if reading.weighted:
                hidden = weighted(hidden, sent(torch.tensor([weights for _, weights in filled]), hidden.device))
            parts.append(hidden)
        tokens = torch.cat(parts, dim=-1).flatten(0, 1)[None]
        return Text(tokens, answer.text_embeds[:1].float()) if self._paired else as_text(tokens)

    @torch.no_grad()
    def _hidden(self, encoder: Any, ids: Tensor, clip_skip: int) -> tuple[Tensor, Any]:
        """What one encoder makes of ids `[k, L]`: `[k, L, C]` float32, and the whole of its answer."""
        if clip_skip <= 1 and not self._paired:
            answer = encoder(ids)
            return answer[0].float(), answer
        answer = encoder(ids, output_hidden_states=True)
        # the first of them is what goes into the first layer
        back = min(clip_skip + self._paired, len(answer.hidden_states) - 1)
        chosen = answer.hidden_states[-back]
        if not self._paired:
            chosen = getattr(encoder, "text_model", encoder).final_layer_norm(chosen)
        return chosen.float(), answer


def pad_of(tokenizer: Any) -> int:
    """The id that fills a chunk."""
    return tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id


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
