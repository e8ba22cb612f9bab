"""The reference of a running stream: which pictures it follows, how they glide, and what the U-Net is told.

The tokens lie at one address and the weight is a tensor, so another picture or weight is other numbers and no capture.
Without a reference, or at weight 0, diffusers' processors leave their part out: attention is that of the plain U-Net.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..controls import Controls
from ..device.host_transfer import overwrite
from ..errors import ControlError
from ..frames import Pixels
from ..models.ip_adapter import ReferenceAdapter
from .glide import Glide
from .reference_encoding import ReferenceEncoder

REFERENCE = "reference"
PICTURES = ("reference", "reference_blend")
"""Controls that choose pictures; a change of them is a change of the look."""


class LiveScale:
    """The scale of diffusers' IP-Adapter processors: a tensor to the device, on or off to the host.

    A processor leaves its part out where its scale equals 0, and else multiplies by it.
    """

    def __init__(self, value: Tensor) -> None:
        self.value, self.on = value, False

    def __eq__(self, other: object) -> bool:
        return other == 0 and not self.on

    __hash__ = object.__hash__

    def __mul__(self, tokens: Tensor) -> Tensor:
        return tokens * self.value.to(tokens.dtype)


class References:
    """What a stream follows beside its prompt.

    Args:
        adapter: None where the model has none; then nothing is told and nothing can be chosen.
        unet: whose processors follow.
        rows: of a U-Net call over all slots; the first `without` of them are without the prompt.

    Attributes:
        refused: why pictures that were chosen are not followed, one line for a person; "" where they are.
    """

    def __init__(
        self, adapter: ReferenceAdapter | None, unet: Any, *, rows: int, without: int, device: torch.device
    ) -> None:
        self.refused = ""
        self._encoder = ReferenceEncoder(adapter) if adapter is not None else None
        self._scale = LiveScale(torch.zeros((), device=device))
        self._without = without
        self._share, self._weight = Glide(0.0), Glide(0.0)
        self._tokens = Glide(None)
        self._awaited: tuple[Controls, float] | None = None
        self._written = -1.0
        if self._encoder is None:
            return
        nothing = self._encoder.nothing
        self._told = nothing[:, None].repeat(rows, 1, 1, 1)
        self._tokens = Glide(nothing)
        for processor in unet.attn_processors.values():
            if hasattr(processor, "to_k_ip"):
                processor.scale = [self._scale]

    @property
    def switches(self) -> tuple[str, ...]:
        """("reference",) where one is followed now; a switch of the host."""
        return (REFERENCE,) if self._scale.on else ()

    @switches.setter
    def switches(self, switches: tuple[str, ...]) -> None:
        self._scale.on = REFERENCE in switches

    def all_switches(self) -> list[tuple[str, ...]]:
        """Every value that `switches` can take."""
        return [(), (REFERENCE,)] if self._encoder is not None else [()]

    @property
    def encoded(self) -> int:
        """How many pictures have really been encoded."""
        return self._encoder.encoded if self._encoder is not None else 0

    @property
    def progress(self) -> float:
        """0 while a glide has all of its way before it, 1 when none is under way."""
        return min(self._tokens.progress, self._share.progress, self._weight.progress)

    def put(self, name: str, picture: Pixels) -> None:
        """Give a picture, RGB uint8 `[H, W, 3]`, the name that `Controls.reference` calls it by.

        Raises:
            FrameError: another dtype or shape.
        """
        if self._encoder is not None:
            self._encoder.put(name, picture)

    def jump(self, controls: Controls) -> None:
        """Follow what `controls` says, at once; waits for a picture that is not encoded yet."""
        self._awaited = None
        tokens = self._encoded(controls)
        self._weight, self._share = Glide(controls.reference_weight), Glide(float(tokens is not None))
        if tokens is not None:
            self._tokens = Glide(tokens)

    def go(self, controls: Controls, old: Controls, *, duration_s: float, now_s: float) -> None:
        """Head for what `controls` says; for other pictures as soon as they are encoded, which `arrived` asks.

        Args:
            duration_s: of a change of pictures, or of a weight that changes along with the look; 0 jumps.
        Raises:
            ControlError: a name that no picture has.
        """
        if controls.reference_weight != old.reference_weight:
            self._weight.go(controls.reference_weight, duration_s=duration_s, now_s=now_s)
        if self._encoder is not None and changed(controls, old):
            self._encoder.ready(chosen(controls))
            self._awaited = controls, duration_s

    def arrived(self, now_s: float) -> bool:
        """Set out for the pictures that were chosen last, once they are encoded; whether that was just now."""
        if self._awaited is None or self._encoder is None:
            return False
        controls, duration_s = self._awaited
        if not self._encoder.ready(chosen(controls)):
            return False
        self._awaited = None
        absent = self._share.at(now_s) == 0.0
        tokens = self._encoded(controls)
        self._share.go(float(tokens is not None), duration_s=duration_s, now_s=now_s)
        if tokens is not None:  # one that leaves stays what it is on its way
            self._tokens.go(tokens, duration_s=0.0 if absent else duration_s, now_s=now_s)
        return True

    def _encoded(self, controls: Controls) -> Tensor | None:
        """The tokens of the pictures that are followed; None where there are none, or they could not be encoded."""
        self.refused = ""
        if self._encoder is None or not controls.reference:
            return None
        try:
            return self._encoder.blend(chosen(controls))
        except ControlError:
            raise
        except Exception as error:  # of whatever kind, such as a lack of memory: the stream goes on without a reference
            reason = " ".join(str(error).split())[:160]
            why = f"{type(error).__name__}: {reason}"
            self.refused = f"The reference picture could not be encoded and is not followed ({why})."
            return None

    def write(self, now_s: float) -> None:
        """Take over the values at `now_s`."""
        if self._encoder is None:
            return
        gliding = self._tokens.progress < 1.0
        if gliding or self._shown is not self._tokens.target:
            self._told[self._without :] = self._tokens.at(now_s)[:, None]
            self._shown = self._tokens.target if self._tokens.progress >= 1.0 else None
        scale = self._weight.at(now_s) * self._share.at(now_s)
        self._scale.on = scale > 0.0
        if scale != self._written:
            self._written = scale
            overwrite(self._scale.value, torch.tensor(scale))

    def told(self, rows: slice, added: dict[str, Any], dtype: torch.dtype) -> dict[str, Any]:
        """`added_cond_kwargs` of the U-Net's call for these rows: `added`, and the tokens where there is an adapter."""
        if self._encoder is None:
            return added
        return {**added, "image_embeds": [self._told[rows].to(dtype)]}

    _shown: Tensor | None = None


def changed(controls: Controls, old: Controls) -> bool:
    """Whether other pictures are followed."""
    return any(getattr(controls, name) != getattr(old, name) for name in PICTURES)


def chosen(controls: Controls) -> list[tuple[str, float]]:
    """The pictures that are followed, with their weights; none where there is no reference."""
    return [(controls.reference, 1.0), *controls.reference_blend] if controls.reference else []
