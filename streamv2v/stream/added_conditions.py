"""What a U-Net is told beside its text and its timesteps (`added_cond_kwargs` of diffusers), at fixed addresses.

A pass reads these tensors, so that another prompt is only other numbers in them, and no capture. In the SDXL family:
the prompt in one vector, and the size that the picture is said to have (arXiv:2307.01952, section 2.2).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

CELL = 8
"""Pixels of a latent cell, each way."""


class AddedConditions:
    """One row for each row of a U-Net call over all slots.

    Args:
        settings: the U-Net's configuration.
        rows: R, those without the prompt first.
        size: (h, w) of the latent. The picture is said to be of that size, whole and not cut.
    """

    def __init__(self, settings: Any, rows: int, size: tuple[int, int], *, device: torch.device) -> None:
        self._held: dict[str, Tensor] = {}
        if getattr(settings, "addition_embed_type", None) == "text_time":
            height, width = size[0] * CELL, size[1] * CELL
            sizes = torch.tensor([[height, width, 0, 0, height, width]], dtype=torch.float32, device=device)
            self._held = {
                "text_embeds": torch.zeros(rows, pooled_width(settings), device=device),
                "time_ids": sizes.repeat(rows, 1),
            }

    def set_pooled(self, prompt: Tensor, negative: Tensor, without: int) -> None:
        """Write the prompts' vectors `[1, P]`; the first `without` rows get the negative one's."""
        if (held := self._held.get("text_embeds")) is not None:
            held[:without] = negative
            held[without:] = prompt

    def of(self, rows: slice, dtype: torch.dtype) -> dict[str, Any]:
        """What the U-Net's call takes for these rows; nothing where it wants nothing."""
        if not self._held:
            return {}
        # sizes are whole numbers of up to 2048, which 16-bit formats cannot all hold
        given = {name: held[rows] if name == "time_ids" else held[rows].to(dtype) for name, held in self._held.items()}
        return {"added_cond_kwargs": given}


def pooled_width(settings: Any) -> int:
    """P, the width of the prompt's one vector that a U-Net of the SDXL family reads."""
    return settings.projection_class_embeddings_input_dim - 6 * settings.addition_time_embed_dim
