"""Attach the feature bank to a U-Net and detach it, on diffusers' public attention-processor seam."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from ..device.live_tensors import LiveTensors
from ..errors import ModelError
from .bank import FeatureBank
from .extended_attention import BankAttention
from .joint_projection import JointProjection

SELF_ATTENTION = ".attn1.processor"


class BankHook:
    """The bank's processors on one U-Net; a context manager, or `detach()` by hand.

    `detach` puts back the very processors that `attach` found, so the U-Net is bit for bit what it was.
    """

    def __init__(self, unet: Any, bank: FeatureBank, live: LiveTensors) -> None:
        self._unet = unet
        self._found: dict[str, Any] = dict(unet.attn_processors)
        self.bank = bank
        processors = dict(self._found)
        names = [name.removesuffix(SELF_ATTENTION) for name in self._found if name.endswith(SELF_ATTENTION)]
        bank.name_layers(names)
        for name in names:
            layer = unet.get_submodule(name + SELF_ATTENTION.removesuffix(".processor"))
            projection = JointProjection(layer.to_k, layer.to_v)
            processors[name + SELF_ATTENTION] = BankAttention(bank.add_layer(name), live, projection)
        if not bank.layers:
            raise ModelError(
                "A feature bank needs a U-Net with self-attention; this one has none. Choose bank='off' for it."
            )
        unet.set_attn_processor(processors)
        self.attached = True

    def detach(self) -> None:
        """Put back what was found; safe to call twice."""
        if self.attached:
            self._unet.set_attn_processor(dict(self._found))
            self.attached = False

    def __enter__(self) -> BankHook:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.detach()


def attach(unet: Any, bank: FeatureBank, live: LiveTensors) -> BankHook:
    """Give every self-attention layer of `unet` its part of `bank`.

    Raises:
        ModelError: the U-Net has no self-attention layer.
    """
    return BankHook(unet, bank, live)
