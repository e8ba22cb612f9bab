"""A reference picture to the tokens that a U-Net with an IP-Adapter reads; encoded once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..errors import ControlError
from ..frames import Pixels, check_frame
from ..models.ip_adapter import ReferenceAdapter

KEPT = 64
"""Pictures kept encoded."""


class ReferenceEncoder:
    """Encodes pictures by their names and keeps what came of it.

    Attributes:
        encoded: how many pictures the encoder has really been shown.
    """

    def __init__(self, adapter: ReferenceAdapter) -> None:
        self._adapter = adapter
        self._pictures: dict[str, Pixels] = {}
        self._tokens: OrderedDict[str, Tensor] = OrderedDict()
        self.encoded = 0
        self.nothing = self._projected(torch.zeros(1, 3, *[adapter.encoder.config.image_size] * 2), blank=True)

    def put(self, name: str, picture: Pixels) -> None:
        """Give a picture, RGB uint8 `[H, W, 3]`, the name that the controls call it by.

        Raises:
            FrameError: another dtype or shape.
        """
        known = self._pictures.get(name)
        if known is None or known.shape != picture.shape or (known != picture).any():
            self._pictures[name] = check_frame(picture).copy()
            self._tokens.pop(name, None)

    def blend(self, pictures: Sequence[tuple[str, float]]) -> Tensor:
        """The weighted mean of pictures by name, `[1, T, C]` float32.

        Raises:
            ControlError: a name that no picture has.
        """
        counted = [(self._encode(name), weight) for name, weight in pictures if weight]
        total = sum((weight * tokens for tokens, weight in counted), torch.zeros_like(self.nothing))
        return total / sum(weight for _, weight in counted)

    def _encode(self, name: str) -> Tensor:
        if name not in self._tokens:
            if name not in self._pictures:
                raise ControlError("reference", name, "the name of a picture that was given")
            shown = self._adapter.processor(self._pictures[name], return_tensors="pt").pixel_values
            self._tokens[name] = self._projected(shown)
            self.encoded += 1
        self._tokens.move_to_end(name)
        while len(self._tokens) > KEPT:
            gone, _ = self._tokens.popitem(last=False)
            del self._pictures[gone]
        return self._tokens[name]

    @torch.inference_mode()
    def _projected(self, shown: Tensor, *, blank: bool = False) -> Tensor:
        """Tokens of what is shown, `[1, 3, S, S]`; of nothing at all where it is `blank`."""
        encoder: Any = self._adapter.encoder
        shown = shown.to(device=encoder.device, dtype=encoder.dtype)
        if self._adapter.by_vector:
            found = encoder(shown).image_embeds
            found = torch.zeros_like(found) if blank else found
        else:
            found = encoder(shown, output_hidden_states=True).hidden_states[-2]
        return self._adapter.projection(found).float()
