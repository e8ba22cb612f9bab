"""A reference picture to the tokens that a U-Net with an IP-Adapter reads; encoded once, beside the frames."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor

from ..device.beside import beside, taken_over
from ..errors import ControlError
from ..frames import Pixels, check_frame
from ..models.ip_adapter import ReferenceAdapter

KEPT = 64
"""Pictures kept encoded."""


class ReferenceEncoder:
    """Encodes pictures by their names and keeps what came of it.

    The encoder takes as long as many frames (a ViT-H has 632 million parameters), so it works in a thread of its own.
    One thread owns this object; only `ready` asks without waiting.

    Attributes:
        encoded: how many pictures the encoder has really been shown.
    """

    def __init__(self, adapter: ReferenceAdapter) -> None:
        self._adapter = adapter
        self._pictures: dict[str, Pixels] = {}
        self._tokens: OrderedDict[str, Tensor] = OrderedDict()
        self._coming: dict[str, Future[Tensor]] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="references")
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
            self._coming.pop(name, None)

    def ready(self, pictures: Sequence[tuple[str, float]]) -> bool:
        """Whether `blend` of them has nothing to wait for; where it has, they are being encoded from now on.

        Raises:
            ControlError: a name that no picture has.
        """
        wanted = [name for name, weight in pictures if weight]
        for name in wanted:
            self._ask(name)
        return all(name in self._tokens or self._coming[name].done() for name in wanted)

    def blend(self, pictures: Sequence[tuple[str, float]]) -> Tensor:
        """The weighted mean of pictures by name, `[1, T, C]` float32; waits for those that are not encoded yet.

        Raises:
            ControlError: a name that no picture has.
        """
        counted = [(self._encode(name), weight) for name, weight in pictures if weight]
        total = sum((weight * tokens for tokens, weight in counted), torch.zeros_like(self.nothing))
        return total / sum(weight for _, weight in counted)

    def _ask(self, name: str) -> None:
        if name in self._tokens or name in self._coming:
            return
        if name not in self._pictures:
            raise ControlError("reference", name, "the name of a picture that was given")
        self._coming[name] = self._thread.submit(self._encoded, self._pictures[name])
        self.encoded += 1

    def _encode(self, name: str) -> Tensor:
        self._ask(name)
        if name in self._coming:
            self._tokens[name] = taken_over(self._coming.pop(name).result())
        self._tokens.move_to_end(name)
        while len(self._tokens) > KEPT:
            gone, _ = self._tokens.popitem(last=False)
            del self._pictures[gone]
        return self._tokens[name]

    def _encoded(self, picture: Pixels) -> Tensor:
        shown = self._adapter.processor(picture, return_tensors="pt").pixel_values
        with beside(self._adapter.encoder.device):
            return self._projected(shown)

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
